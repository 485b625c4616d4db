import type { WallClock } from '../../core/wallclock.ts'
import type { FailedJob, Run, Schedule, StoredJob, WorkerState } from '../../store.ts'
import type { Dialect } from './dialect.ts'
import { raw, type Sql, sql } from './sql.ts'

/** A row as a database client gives it: names of columns, values of any of the clients' types. */
export type SqlRow = Record<string, unknown>

export const JOB_COLUMNS =
  'j.id, j.queue, j.payload, j.attempts, j.max_attempts, j.name, j.priority, j.reserved_at, j.reserved_by, j.available_at, j.created_at'

/** Failed jobs `f`, with what stands beside them `l`. */
export function failedWithLabels({ tables }: Dialect): Sql {
  return sql`${tables.failedJobs} f left join ${tables.failed} l on l.uuid = f.uuid and l.failed_id = f.id`
}

export function failedColumns(dialect: Dialect): Sql {
  const failedAt = dialect.wallText(raw('f.failed_at'))
  return sql`f.id, f.uuid, f.connection, f.queue, f.payload, f.exception, ${failedAt} as failed_at, l.name, l.fingerprint, l.headline`
}

const number = (value: unknown) => Number(value)
export const numberOrNull = (value: unknown) => (value === null || value === undefined ? null : Number(value))
export const textOrNull = (value: unknown) => (value === null || value === undefined ? null : String(value))

export function storedJob(row: SqlRow, now: number): StoredJob {
  const reservedAt = numberOrNull(row.reserved_at)
  const availableAt = number(row.available_at) * 1_000
  return {
    id: number(row.id),
    queue: String(row.queue),
    payload: String(row.payload),
    attempts: number(row.attempts),
    maxAttempts: numberOrNull(row.max_attempts),
    name: textOrNull(row.name),
    priority: number(row.priority ?? 0),
    reservedAt: reservedAt === null ? null : reservedAt * 1_000,
    reservedBy: numberOrNull(row.reserved_by),
    availableAt,
    createdAt: number(row.created_at) * 1_000,
    status: reservedAt !== null ? 'reserved' : availableAt <= now ? 'due' : 'delayed',
  }
}

export function failedJob(row: SqlRow, wallClock: WallClock): FailedJob {
  const failedAtText = String(row.failed_at)
  return {
    id: number(row.id),
    uuid: String(row.uuid ?? ''),
    connection: String(row.connection),
    queue: String(row.queue),
    payload: String(row.payload),
    exception: String(row.exception),
    failedAt: wallClock.read(failedAtText) ?? 0,
    failedAtText,
    name: textOrNull(row.name),
    fingerprint: textOrNull(row.fingerprint),
    headline: textOrNull(row.headline),
  }
}

export function schedule(row: SqlRow): Schedule {
  const every = numberOrNull(row.every_ms)
  return {
    key: String(row.key),
    job: String(row.job),
    queue: String(row.queue),
    input: String(row.input),
    timing: every === null ? { cron: String(row.cron), zone: String(row.zone) } : { everyMs: every },
    missed: row.missed as Schedule['missed'],
    overlap: row.overlap as Schedule['overlap'],
    origin: row.origin as Schedule['origin'],
    nextAt: numberOrNull(row.next_at),
    pausedAt: numberOrNull(row.paused_at),
    lastAt: numberOrNull(row.last_at),
    lastUuid: textOrNull(row.last_uuid),
  }
}

export function workerState(row: SqlRow): WorkerState {
  return {
    id: number(row.id),
    name: String(row.name),
    host: String(row.host),
    pid: number(row.pid),
    version: String(row.version),
    queues: JSON.parse(String(row.queues)) as string[],
    names: row.job_names === null ? null : (JSON.parse(String(row.job_names)) as string[]),
    concurrency: number(row.concurrency),
    running: number(row.running),
    memoryBytes: number(row.memory_bytes),
    state: row.state as WorkerState['state'],
    startedAt: number(row.started_at),
    beatAt: number(row.beat_at),
    leaseUntil: number(row.lease_until),
  }
}

export function run(row: SqlRow): Run {
  return {
    id: number(row.id),
    uuid: String(row.uuid),
    name: String(row.name),
    queue: String(row.queue),
    attempt: number(row.attempt),
    worker: number(row.worker),
    startedAt: number(row.started_at),
    endedAt: numberOrNull(row.ended_at),
    outcome: row.outcome as Run['outcome'],
    headline: textOrNull(row.headline),
    progress: numberOrNull(row.progress),
    note: textOrNull(row.note),
    log: JSON.parse(String(row.log)) as string[],
    result: textOrNull(row.result),
    keepUntil: numberOrNull(row.keep_until),
  }
}
