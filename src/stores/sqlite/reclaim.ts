import { CRASH_LIMIT, CRASH_PATIENCE_MS, crashesAfter } from '../../core/failure.ts'
import { maxAttemptsOf, tryReadPayload } from '../../core/payload.ts'
import type { Reclaimed } from '../../store.ts'
import type { Row, Value } from './connection.ts'
import { type Context, dueSecond, isJobOf } from './context.ts'

/** Lost workers handled in one transaction; the rest wait for the next call. */
const WORKERS_PER_RECLAIM = 8

const OF_JOB = `r.job_id = j.id and (r.uuid is null or ${isJobOf('r.uuid')})`

/** What becomes of the jobs of workers whose lease ended. */
export function reclaiming(context: Context) {
  const { connection } = context

  return async function reclaim(): Promise<Reclaimed> {
    const first = await connection.read(() => connection.get('select min(lease_until) as ends from faena_workers'))
    const nothing = { workers: [], returned: 0 }
    if (first === undefined || first.ends === null) return nothing
    const calmMs = (first.ends as number) - context.now()
    if (calmMs > 0) return { ...nothing, calmMs }
    const reclaimed = await connection.write('full', () => takeBack(context))
    if (reclaimed.returned > 0) context.wake()
    return reclaimed
  }
}

function lostWorkers({ connection, now }: Context): Row[] {
  return connection.all(
    'select id, default_tries, settled_0 from faena_workers where lease_until <= ? order by id limit ?',
    now(),
    WORKERS_PER_RECLAIM,
  )
}

interface HeldRow {
  id: number
  payload: string
  attempts: number
  max_attempts: number | null
  available_at: number
  crashes: number
  worker_1: number | null
  worker_2: number | null
  worker_3: number | null
  begun_by: number | null
  begun_seq: number | null
}

function takeBack(context: Context): Reclaimed {
  const { connection } = context
  const reclaimed: Reclaimed = { workers: [], returned: 0 }
  for (const worker of lostWorkers(context)) {
    const id = worker.id as number
    const held = connection.all(
      `select j.id, j.payload, j.attempts, j.max_attempts, j.available_at, coalesce(r.crashes, 0) as crashes,
              r.worker_1, r.worker_2, r.worker_3, r.begun_by, r.begun_seq
         from jobs j left join faena_reclaims r on ${OF_JOB}
        where j.reserved_by = ? and j.reserved_at is not null
        order by j.id`,
      id,
    ) as unknown as HeldRow[]
    for (const job of held) giveBack(context, job, worker)
    connection.run('delete from faena_workers where id = ?', id)
    reclaimed.workers.push(id)
    reclaimed.returned += held.length
  }
  return reclaimed
}

function giveBack(context: Context, job: HeldRow, worker: Row): void {
  const { connection, now } = context
  const id = worker.id as number
  const payload = tryReadPayload(job.payload)
  // Once the worker has settled anything since, what it had begun has ended.
  const crashes = crashesAfter(job.crashes, job.begun_by === id && job.begun_seq === worker.settled_0)
  const counted = crashes > job.crashes
  const due = counted && crashes === CRASH_LIMIT ? dueSecond(now(), CRASH_PATIENCE_MS) : 0
  // A job with a single try was never taken ahead: it had begun, so its attempt stays spent.
  const single = (job.max_attempts ?? maxAttemptsOf(payload) ?? worker.default_tries) === 1
  connection.run(
    'update jobs set reserved_at = null, reserved_by = null, attempts = ?, available_at = max(available_at, ?) where id = ?',
    single ? job.attempts : Math.max(job.attempts - 1, 0),
    due,
    job.id,
  )
  const lost: Value[] = [job.worker_1, job.worker_2, job.worker_3]
  const free = lost.indexOf(null)
  if (counted && free >= 0) lost[free] = id
  connection.run(
    `insert into faena_reclaims (job_id, uuid, crashes, at, worker_1, worker_2, worker_3) values (?, ?, ?, ?, ?, ?, ?)
     on conflict (job_id) do update set uuid = excluded.uuid, crashes = excluded.crashes, at = excluded.at,
       worker_1 = excluded.worker_1, worker_2 = excluded.worker_2, worker_3 = excluded.worker_3, begun_by = null, begun_seq = null`,
    job.id,
    payload?.uuid ?? null,
    crashes,
    now(),
    ...lost,
  )
}
