import { CRASH_LIMIT, CRASH_PATIENCE_MS, crashesAfter } from '../../core/failure.ts'
import { maxAttemptsOf, tryReadPayload } from '../../core/payload.ts'
import type { Reclaimed } from '../../store.ts'
import { raw, type Sql, sql } from '../sql/sql.ts'
import { numberArray, textArray } from './client.ts'
import { LONG, type Run } from './connection.ts'
import { type Context, nowMs } from './context.ts'
import { mayBeHeldBy } from './holds.ts'
import { returned, takeAway } from './lease.ts'
import { isJobOf } from './payload-functions.ts'

/** Workers whose lease ended that are handled in one transaction; the rest wait for the next call. */
const WORKERS_PER_RECLAIM = 8

interface LostWorker {
  id: number
  default_tries: number
  settled_0: number
}

interface HeldRow {
  id: number
  payload: string
  max_attempts: number | null
  reserved_by: number
  crashes: number
  worker_1: number | null
  worker_2: number | null
  worker_3: number | null
  begun_by: number | null
  begun_seq: number | null
}

interface Crash {
  id: number
  uuid: string | null
  crashes: number
  /** This count is the one that decides. */
  decided: boolean
  single: boolean
  workers: (number | null)[]
}

/**
 * Gives back what workers held whose lease ended. Each such worker's row is locked by one caller and passed by by the
 * others. The jobs are found by the workers' lists (see holds.ts).
 */
export function reclaiming(context: Context) {
  const { connection, names } = context
  const workers = raw(names.own('workers'))

  return async function reclaim(): Promise<Reclaimed> {
    const ended = sql`select id, default_tries, settled_0 from ${workers} where lease_until <= ${nowMs(context)} order by id`
    const [first] = await connection.query(
      'common',
      sql`select min(lease_until) - ${nowMs(context)} as rest from ${workers}`,
    )
    const rest = first?.rest as number | null
    if (rest === null) return { workers: [], returned: 0 }
    if (rest > 0) return { workers: [], returned: 0, calmMs: rest }
    const reclaimed = await connection.transaction(
      'common',
      async (run) => {
        const rows = await run(sql`${ended} limit ${WORKERS_PER_RECLAIM} for update skip locked`)
        return takeBack(context, run, rows as unknown as LostWorker[])
      },
      LONG,
    )
    if (reclaimed.returned > 0) returned(context)
    return reclaimed
  }
}

async function takeBack(context: Context, run: Run, lost: readonly LostWorker[]): Promise<Reclaimed> {
  const workers = new Map(lost.map((worker) => [worker.id, worker]))
  const ids = [...workers.keys()]
  if (ids.length === 0) return { workers: [], returned: 0 }
  const own = (name: string) => raw(context.names.own(name))
  const maybe = await mayBeHeldBy(context, run, ids)
  const held = (await run(sql`
    select j.id, j.payload, j.max_attempts, j.reserved_by, coalesce(r.crashes, 0) as crashes,
           r.worker_1, r.worker_2, r.worker_3, r.begun_by, r.begun_seq
      from ${raw(context.names.jobs)} j left join ${own('reclaims')} r on r.job_id = j.id and (r.uuid is null or ${raw(isJobOf('r.uuid'))})
     where ${maybe} and j.reserved_by = any(${numberArray(ids)}::bigint[]) and j.reserved_at is not null
     order by j.id for update of j skip locked`)) as unknown as HeldRow[]
  const open = await openWorkers(context, run, maybe, ids, held)
  if (held.length > 0) {
    await giveBack(
      context,
      run,
      held.map((job) => crashOf(job, workers.get(job.reserved_by)!)),
    )
  }
  const handled = ids.filter((id) => !open.has(id))
  if (handled.length > 0) await run(takeAway(context, handled))
  return { workers: handled, returned: held.length }
}

/** Workers one of whose jobs somebody has locked (an application's transaction that completes it): they are left for a later call. */
async function openWorkers(
  context: Context,
  run: Run,
  maybe: Sql,
  ids: readonly number[],
  taken: readonly HeldRow[],
): Promise<Set<number>> {
  const rows = await run(sql`
    select distinct j.reserved_by from ${raw(context.names.jobs)} j
     where ${maybe} and j.reserved_by = any(${numberArray(ids)}::bigint[]) and j.reserved_at is not null
       and j.id <> all(${numberArray(taken.map(({ id }) => id))}::bigint[])`)
  return new Set(rows.map((row) => row.reserved_by as number))
}

/** Once the worker has settled anything since, what it had begun has ended. One try begins when the job is taken. */
function crashOf(job: HeldRow, worker: LostWorker): Crash {
  const payload = tryReadPayload(job.payload)
  const crashes = crashesAfter(job.crashes, job.begun_by === worker.id && job.begun_seq === worker.settled_0)
  const counted = crashes > job.crashes
  const workers = [job.worker_1, job.worker_2, job.worker_3]
  const free = workers.indexOf(null)
  if (counted && free >= 0) workers[free] = worker.id
  const single = (job.max_attempts ?? maxAttemptsOf(payload) ?? worker.default_tries) === 1
  return {
    id: job.id,
    uuid: payload?.uuid ?? null,
    crashes,
    decided: counted && crashes === CRASH_LIMIT,
    single,
    workers,
  }
}

async function giveBack(context: Context, run: Run, crashes: readonly Crash[]): Promise<void> {
  const now = nowMs(context)
  const numbers = (of: (crash: Crash) => number | null) => numberArray(crashes.map(of))
  const ids = numbers(({ id }) => id)
  await run(sql`
    update ${raw(context.names.jobs)} j
       set reserved_at = null, reserved_by = null, attempts = greatest(j.attempts - c.restored, 0),
           available_at = case when c.later > 0 then greatest(j.available_at, (${now} + c.later + 999) / 1000) else j.available_at end
      from unnest(${ids}::bigint[], ${numbers(({ single }) => (single ? 0 : 1))}::integer[],
                  ${numbers(({ decided }) => (decided ? CRASH_PATIENCE_MS : 0))}::bigint[]) c(id, restored, later)
     where j.id = c.id`)
  await run(sql`
    insert into ${raw(context.names.own('reclaims'))} (job_id, uuid, crashes, at, worker_1, worker_2, worker_3)
    select c.job_id, c.uuid, c.crashes, ${now}, c.worker_1, c.worker_2, c.worker_3
      from unnest(${ids}::bigint[], ${textArray(crashes.map(({ uuid }) => uuid))}::text[], ${numbers((crash) => crash.crashes)}::integer[],
                  ${numbers(({ workers }) => workers[0]!)}::bigint[], ${numbers(({ workers }) => workers[1]!)}::bigint[],
                  ${numbers(({ workers }) => workers[2]!)}::bigint[]) c(job_id, uuid, crashes, worker_1, worker_2, worker_3)
    on conflict (job_id) do update
       set uuid = excluded.uuid, crashes = excluded.crashes, at = excluded.at, worker_1 = excluded.worker_1,
           worker_2 = excluded.worker_2, worker_3 = excluded.worker_3, begun_by = null, begun_seq = null`)
}
