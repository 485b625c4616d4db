import { CRASH_LIMIT, crashError, crashesAfter, failureOf } from '../../core/failure.ts'
import { maxAttemptsOf, tryReadPayload } from '../../core/payload.ts'
import type { FailedJob, Heartbeat, HeartbeatAnswer, NewWorker, Reclaimed, WorkerCommand } from '../../store.ts'
import { renewedAfterSeconds } from '../sql/retry-after.ts'
import type { Row } from './connection.ts'
import { type Context, idList, isJobOf, secondOf } from './context.ts'
import { freeKeys, insertFailed } from './settle.ts'

/** Dead workers handled in one transaction; the rest wait for the next call. */
const WORKERS_PER_RECLAIM = 8

const GIVE_BACK = 'reserved_at = null, reserved_by = null, attempts = max(attempts - 1, 0)'

/** A worker's life: its row, its heartbeats, and what becomes of its jobs when they end. */
export function leasing(context: Context) {
  const { connection, now } = context

  return {
    async register(worker: NewWorker): Promise<number> {
      return connection.write('normal', () => {
        const at = now()
        if (worker.replaces !== undefined)
          connection.run('update faena_workers set lease_until = 0 where id = ?', worker.replaces)
        const { lastInsertRowid } = connection
          .prepare(
            `insert into faena_workers (name, host, pid, version, queues, concurrency, default_tries, started_at, beat_at, lease_until)
             values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
          )
          .run(
            worker.name,
            worker.host,
            worker.pid,
            worker.version,
            JSON.stringify(worker.queues),
            worker.concurrency,
            worker.defaultTries ?? 0,
            at,
            at,
            at + worker.leaseMs,
          )
        return Number(lastInsertRowid)
      })
    },

    async deregister(worker: number): Promise<number> {
      const given = await connection.write('full', () => {
        const count = connection.run(
          `update jobs set ${GIVE_BACK} where reserved_by = ? and reserved_at is not null`,
          worker,
        )
        connection.run('delete from faena_workers where id = ?', worker)
        return count
      })
      if (given > 0) context.wake()
      return given
    },

    async heartbeat(beat: Heartbeat): Promise<HeartbeatAnswer> {
      const retryAfterMs = beat.held.length > 0 ? await context.retryAfter.ms() : undefined
      return connection.write('normal', () => {
        const at = now()
        const row = connection.get(
          'select command from faena_workers where id = ? and lease_until > ?',
          beat.worker,
          at,
        )
        if (!row) return { lost: true, gone: beat.held.map(({ id }) => id), command: null }
        connection.run(
          `update faena_workers set lease_until = ?, beat_at = ?, running = ?, memory_bytes = ?, state = ?, command = null where id = ?`,
          at + beat.leaseMs,
          at,
          beat.running,
          Math.round(beat.memoryBytes),
          beat.state,
          beat.worker,
        )
        if (retryAfterMs !== undefined) renew(context, beat, retryAfterMs)
        return { lost: false, gone: gone(context, beat), command: row.command as WorkerCommand | null }
      })
    },

    async reclaim(): Promise<Reclaimed> {
      const seen = await connection.read(() => deadWorkers(context))
      if (seen.length === 0) return { workers: [], returned: 0, failed: [] }
      const reclaimed = await connection.write('full', () => reclaimDead(context))
      if (reclaimed.returned > 0) context.wake()
      return reclaimed
    },
  }
}

function gone({ connection }: Context, { worker, held }: Heartbeat): number[] {
  if (held.length === 0) return []
  const rows = connection.all(
    'select id, attempts from jobs not indexed where id in (select value from json_each(?)) and reserved_by = ?',
    idList(held.map(({ id }) => id)),
    worker,
  )
  const mine = new Map(rows.map((row) => [row.id as number, row.attempts as number]))
  return held.filter(({ id, attempts }) => mine.get(id) !== attempts).map(({ id }) => id)
}

/** PHP's workers take what has been reserved for longer than their `retry_after`, whatever lease it is under. */
function renew({ connection, now }: Context, { worker, held }: Heartbeat, retryAfterMs: number): void {
  const second = secondOf(now())
  connection.run(
    `update jobs set reserved_at = ? where id in (select value from json_each(?)) and reserved_by = ? and reserved_at <= ?`,
    second,
    idList(held.map(({ id }) => id)),
    worker,
    second - renewedAfterSeconds(retryAfterMs),
  )
}

function deadWorkers({ connection, now }: Context): Row[] {
  return connection.all(
    'select id, default_tries from faena_workers where lease_until <= ? order by id limit ?',
    now(),
    WORKERS_PER_RECLAIM,
  )
}

interface HeldRow {
  id: number
  queue: string
  payload: string
  name: string | null
  max_attempts: number | null
  crashes: number
}

function reclaimDead(context: Context): Reclaimed {
  const { connection } = context
  const reclaimed: Reclaimed = { workers: [], returned: 0, failed: [] }
  for (const worker of deadWorkers(context)) {
    const id = worker.id as number
    const held = connection.all(
      `select j.id, j.queue, j.payload, j.name, j.max_attempts, coalesce(r.crashes, 0) as crashes
         from jobs j left join faena_reclaims r on r.job_id = j.id and (r.uuid is null or ${isJobOf('r.uuid')})
        where j.reserved_by = ? and j.reserved_at is not null
        order by j.id`,
      id,
    ) as unknown as HeldRow[]
    for (const job of held) reclaimJob(context, job, held.length === 1, worker.default_tries as number, reclaimed)
    connection.run('delete from faena_workers where id = ?', id)
    reclaimed.workers.push(id)
  }
  return reclaimed
}

function reclaimJob(context: Context, job: HeldRow, alone: boolean, defaultTries: number, reclaimed: Reclaimed): void {
  const { connection, now } = context
  const crashes = crashesAfter(job.crashes, alone)
  const payload = tryReadPayload(job.payload)
  const single = (job.max_attempts ?? maxAttemptsOf(payload) ?? defaultTries) === 1
  if (single || crashes >= CRASH_LIMIT) {
    reclaimed.failed.push(failCrashed(context, job, crashes, single))
    return
  }
  connection.run(`update jobs set ${GIVE_BACK} where id = ?`, job.id)
  connection.run(
    `insert into faena_reclaims (job_id, uuid, crashes, at) values (?, ?, ?, ?)
     on conflict (job_id) do update set uuid = excluded.uuid, crashes = excluded.crashes, at = excluded.at`,
    job.id,
    payload?.uuid ?? null,
    crashes,
    now(),
  )
  reclaimed.returned++
}

function failCrashed(context: Context, job: HeldRow, crashes: number, single: boolean): FailedJob {
  const { connection, now, wallClock, connectionName } = context
  const failure = failureOf(job, crashError(job.name ?? 'of no name', crashes, single))
  const id = insertFailed(context, connection, job, failure)
  connection.run('delete from jobs where id = ?', job.id)
  connection.run('delete from faena_reclaims where job_id = ?', job.id)
  freeKeys(connection, job.id)
  const { uuid, exception, name, fingerprint, headline } = failure
  const failedAt = secondOf(now()) * 1_000
  return {
    id,
    uuid,
    connection: connectionName,
    queue: job.queue,
    payload: failure.payload ?? job.payload,
    exception,
    failedAt,
    failedAtText: wallClock.text(failedAt),
    name,
    fingerprint,
    headline,
  }
}
