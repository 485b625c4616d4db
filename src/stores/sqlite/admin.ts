import { JOB_PREFIX, maxAttemptsOf, retriedPayload, tryReadPayload, withUuid } from '../../core/payload.ts'
import { uuidv7 } from '../../core/uuid.ts'
import type {
  AdminStore,
  Chunk,
  ChunkDone,
  FailedFilter,
  FailedLabel,
  JobFilter,
  JobPatch,
  NewJob,
  QueueStore,
  UniqueKey,
  WorkerCommand,
} from '../../store.ts'
import { failedConditions, jobConditions } from '../sql/filter.ts'
import { failedColumns, type SqlRow } from '../sql/rows.ts'
import { raw, type Sql, sql, statementText } from '../sql/sql.ts'
import type { Value } from './connection.ts'
import { type Context, dueSecond, idList, secondOf } from './context.ts'
import { DIALECT, oneOf } from './dialect.ts'
import { insertRow, liveHolder, takeKey } from './push.ts'
import { firstUuid, jobsOfUuids } from './uuids.ts'

type AdminWrites = Pick<AdminStore, 'change' | 'remove' | 'retry' | 'removeFailed' | 'label'> &
  Pick<QueueStore, 'pause' | 'resume'> & { command(worker: number | null, command: WorkerCommand): Promise<number> }

/**
 * The write half of the admin operations: chunk by chunk, each in one transaction at synchronous FULL. Which rows a filter
 * matches is found out before, since it may have to look at all of them; the transaction looks at those rows once more.
 */
export function adminWrites(context: Context): AdminWrites {
  const { connection, now, wallClock, scan } = context
  const select = (statement: Sql) =>
    connection.all(statementText(statement, 'question'), ...(statement.values as Value[]))

  const jobsWhere = (filter: JobFilter) => jobConditions(DIALECT, filter, secondOf(now()))
  const failedWhere = (filter: FailedFilter) => failedConditions(DIALECT, filter, wallClock.text)
  const failedFrom = raw('failed_jobs f left join faena_failed l on l.uuid = f.uuid and l.failed_id = f.id')

  const jobsOf = (filter: JobFilter, { after = 0, upTo, limit }: Chunk) =>
    scan(sql`
      select j.id from jobs j where j.id > ${after} and j.id <= ${upTo} and ${jobsWhere(filter)} order by j.id limit ${limit}`)

  const failedOf = (filter: FailedFilter, { after = 0, upTo, limit }: Chunk) =>
    scan(sql`
      select f.id from ${failedFrom} where f.id > ${after} and f.id <= ${upTo} and ${failedWhere(filter)}
       order by f.id limit ${limit}`)

  const jobsAmong = (found: readonly SqlRow[], filter: JobFilter) =>
    select(
      sql`select j.id, j.reserved_at from jobs j where ${among('j.id', found)} and ${jobsWhere(filter)} order by j.id`,
    )

  const failedAmong = (found: readonly SqlRow[], filter: FailedFilter, columns: Sql) =>
    select(
      sql`select ${columns} from ${failedFrom} where ${among('f.id', found)} and ${failedWhere(filter)} order by f.id`,
    )

  /** `work` answers how many rows still matched, and how many of them it changed. */
  const inChunk = async (found: readonly SqlRow[], { limit }: Chunk, work: () => Changed): Promise<ChunkDone> => {
    if (found.length === 0) return { changed: 0, skipped: 0, next: null }
    const { matched, changed } = await connection.write('full', work)
    const next = found.length < limit ? null : (found.at(-1)!.id as number)
    return { changed, skipped: matched - changed, next }
  }

  return {
    async change(filter: JobFilter, patch: JobPatch, chunk: Chunk): Promise<ChunkDone> {
      const found = await jobsOf(filter, chunk)
      const done = await inChunk(found, chunk, () => {
        const rows = jobsAmong(found, filter)
        const pending = rows.filter((row) => row.reserved_at === null).map(({ id }) => id as number)
        alter(context, pending, patch)
        return { matched: rows.length, changed: pending.length }
      })
      if (done.changed > 0) context.wake()
      return done
    },

    async remove(filter: JobFilter, chunk: Chunk): Promise<ChunkDone> {
      const found = await jobsOf(filter, chunk)
      return inChunk(found, chunk, () => {
        const rows = jobsAmong(found, filter)
        const ids = idList(rows.map(({ id }) => id as number))
        connection.run(
          `delete from faena_locks where until <> 'window' and job_id in (select value from json_each(?))`,
          ids,
        )
        const changed = connection.run('delete from jobs where id in (select value from json_each(?))', ids)
        return { matched: rows.length, changed }
      })
    },

    async retry(filter: FailedFilter, chunk: Chunk): Promise<ChunkDone> {
      const found = await failedOf(filter, chunk)
      const done = await inChunk(found, chunk, () => {
        const rows = failedAmong(found, filter, failedColumns(DIALECT))
        return { matched: rows.length, changed: rows.filter((row) => retryRow(context, row)).length }
      })
      if (done.changed > 0) context.wake()
      return done
    },

    async removeFailed(filter: FailedFilter, chunk: Chunk): Promise<ChunkDone> {
      const found = await failedOf(filter, chunk)
      return inChunk(found, chunk, () => {
        const rows = failedAmong(found, filter, raw('f.id, f.uuid'))
        for (const row of rows) dropFailed(context, row)
        return { matched: rows.length, changed: rows.length }
      })
    },

    async label(labels: readonly FailedLabel[]): Promise<void> {
      await connection.write('normal', () => {
        for (const { id, uuid, name, fingerprint, headline, surfaced } of labels) {
          connection.run(
            `insert or replace into faena_failed (uuid, failed_id, name, fingerprint, headline, surfaced)
             select ?, ?, ?, ?, ?, ? where exists (select 1 from failed_jobs where id = ? and uuid = ?)`,
            ...[uuid, id, name, fingerprint, headline, surfaced, id, uuid],
          )
        }
      })
    },

    async pause(queue: string, reason: string | null): Promise<void> {
      await connection.write('full', () =>
        connection.run(
          `insert into faena_queues (name, paused_at, pause_reason) values (?, ?, ?)
           on conflict (name) do update set paused_at = coalesce(paused_at, excluded.paused_at), pause_reason = excluded.pause_reason`,
          ...[queue, now(), reason],
        ),
      )
    },

    async resume(queue: string): Promise<void> {
      await connection.write('full', () =>
        connection.run('update faena_queues set paused_at = null, pause_reason = null where name = ?', queue),
      )
      context.wake()
    },

    async command(worker: number | null, command: WorkerCommand): Promise<number> {
      return connection.write('full', () =>
        worker === null
          ? connection.run('update faena_workers set command = ? where lease_until > ?', command, now())
          : connection.run(
              'update faena_workers set command = ? where id = ? and lease_until > ?',
              command,
              worker,
              now(),
            ),
      )
    },
  }
}

interface Changed {
  matched: number
  changed: number
}

function among(column: string, found: readonly SqlRow[]): Sql {
  const ids = found.map(({ id }) => id)
  return oneOf(raw(column), ids)
}

function alter({ connection, now }: Context, ids: number[], patch: JobPatch): void {
  if (ids.length === 0) return
  const set: string[] = []
  const values: Value[] = []
  if (patch.delayMs !== undefined || patch.availableAt !== undefined) {
    set.push('available_at = ?')
    values.push(dueSecond(now(), patch.delayMs, patch.availableAt))
  }
  if (patch.priority !== undefined) {
    set.push('priority = ?')
    values.push(patch.priority === 0 ? null : patch.priority)
  }
  if (patch.queue !== undefined) {
    set.push('queue = ?')
    values.push(patch.queue)
  }
  if (set.length === 0) return
  connection.run(
    `update jobs set ${set.join(', ')} where id in (select value from json_each(?))`,
    ...values,
    idList(ids),
  )
}

/**
 * One failed job back to its queue, attempts 0. False where it may not be: another job holds its unique key, or a job of
 * its uuid is live already (Laravel's retry inserts first and deletes later, and may have died in between).
 */
function retryRow(context: Context, row: SqlRow): boolean {
  const { connection, now } = context
  const at = now()
  const stored = String(row.payload)
  // Laravel's tables of old may have rows without one.
  const uuid = row.uuid === null ? (tryReadPayload(stored)?.uuid ?? uuidv7()) : String(row.uuid)
  const text = retriedPayload(withUuid(stored, uuid), at)
  const payload = tryReadPayload(text)
  const key = payload?.faena.unique
  if (key && key.until !== 'window' && liveHolder(connection, key.key, at)) return false
  if (firstUuid(connection, jobsOfUuids([uuid])) !== undefined) return false
  const job: NewJob = {
    uuid,
    queue: String(row.queue),
    name: payload?.job.startsWith(JOB_PREFIX) ? payload.name : null,
    payload: text,
    maxAttempts: maxAttemptsOf(payload),
    priority: Number.isInteger(payload?.faena.priority) ? payload!.faena.priority! : 0,
  }
  const id = insertRow(connection, job, at, secondOf(at))
  if (key && key.until !== 'window') takeKey(connection, { ...key, onTaken: 'skip' } as UniqueKey, uuid, id, at)
  dropFailed(context, row)
  return true
}

function dropFailed({ connection }: Context, row: SqlRow): void {
  connection.run('delete from failed_jobs where id = ?', row.id as number)
  connection.run('delete from faena_failed where uuid = ?', String(row.uuid))
}
