import type {
  AdminStore,
  Chunk,
  ChunkDone,
  FailedFilter,
  FailedLabel,
  JobFilter,
  JobPatch,
  QueueStore,
  WorkerCommand,
} from '../../store.ts'
import type { Dialect } from '../sql/dialect.ts'
import { failedConditions, jobConditions } from '../sql/filter.ts'
import { joined, raw, type Sql, sql } from '../sql/sql.ts'
import type { SqlRow } from './client.ts'
import { type Context, dueSecond, nowMs } from './context.ts'
import { deleteJobs, freeKeys } from './endings.ts'
import { labelFields } from './fields.ts'
import { dropFailed, retryRows } from './retry.ts'
import { among, rowList } from './text.ts'

type AdminWrites = Pick<AdminStore, 'change' | 'remove' | 'retry' | 'removeFailed' | 'label'> &
  Pick<QueueStore, 'pause' | 'resume'> & { command(worker: number | null, command: WorkerCommand): Promise<number> }

/**
 * The write half of the admin operations. Each chunk is first found by a read that locks nothing, then written by row id in
 * a transaction, in the order of the ids; what went away in between counts as not changed.
 */
export function adminWrites(context: Context, dialect: Dialect, now: () => Promise<number>): AdminWrites {
  const { connection, names, wallClock } = context

  const read = (statement: Sql): Promise<SqlRow[]> => connection.read(statement, { slow: true })

  const jobsOf = async (filter: JobFilter, chunk: Chunk) => {
    const needsTime = filter.status === 'due' || filter.status === 'delayed'
    const second = needsTime ? Math.floor((await now()) / 1_000) : 0
    return read(sql`
      select j.id, j.reserved_at from ${names.jobs} j
       where j.id > ${chunk.after ?? 0} and j.id <= ${chunk.upTo} and ${jobConditions(dialect, filter, second)}
       order by j.id limit ${chunk.limit}`)
  }

  const failedOf = (filter: FailedFilter, chunk: Chunk, columns: Sql) =>
    read(sql`
      select ${columns} from ${names.failedJobs} f left join ${names.failed} l on l.uuid = f.uuid and l.failed_id = f.id
       where f.id > ${chunk.after ?? 0} and f.id <= ${chunk.upTo} and ${failedConditions(dialect, filter, wallClock.text)}
       order by f.id limit ${chunk.limit}`)

  return {
    async change(filter: JobFilter, patch: JobPatch, chunk: Chunk): Promise<ChunkDone> {
      const rows = await jobsOf(filter, chunk)
      const pending = rows.filter((row) => row.reserved_at === null).map(({ id }) => Number(id))
      const set = changes(context, patch)
      let changed = set ? 0 : pending.length
      if (set && pending.length > 0) {
        const [answer] = await connection.atOnce('common', [
          sql`update ${names.jobs} force index (primary) set ${set} where ${among('id', pending)} and reserved_at is null`,
        ])
        changed = answer!.affected
        context.views.lower()
        context.wake()
      }
      return chunkDone(rows, chunk, changed)
    },

    async remove(filter: JobFilter, chunk: Chunk): Promise<ChunkDone> {
      const rows = await jobsOf(filter, chunk)
      if (rows.length === 0) return chunkDone(rows, chunk, 0)
      const ids = rows.map(({ id }) => Number(id))
      const [deleted] = await connection.atOnce('common', [deleteJobs(context, ids), freeKeys(context, ids)])
      return chunkDone(rows, chunk, deleted!.affected)
    },

    async retry(filter: FailedFilter, chunk: Chunk): Promise<ChunkDone> {
      const rows = await failedOf(filter, chunk, raw('f.id, length(f.payload) as bytes'))
      const ids = bounded(rows)
      const changed = await retryRows(context, ids)
      if (changed > 0) context.wake()
      if (ids.length === rows.length) return chunkDone(rows, chunk, changed)
      return { changed, skipped: ids.length - changed, next: ids.at(-1)! }
    },

    async removeFailed(filter: FailedFilter, chunk: Chunk): Promise<ChunkDone> {
      const rows = await failedOf(filter, chunk, raw('f.id, f.uuid'))
      if (rows.length === 0) return chunkDone(rows, chunk, 0)
      const [deleted] = await connection.atOnce('common', dropFailed(context, rows))
      return chunkDone(rows, chunk, deleted!.affected)
    },

    async label(labels: readonly FailedLabel[]): Promise<void> {
      if (labels.length === 0) return
      const rows = labels.map(({ id, uuid, name, fingerprint, headline, surfaced }) => [
        ...[uuid, id, name?.slice(0, 255) ?? null, fingerprint, headline, surfaced],
      ])
      await connection.atOnce('common', [
        sql`insert into ${names.failed} (uuid, failed_id, name, fingerprint, headline, surfaced) values ${rowList(rows)}
            on duplicate key update failed_id = values(failed_id), name = values(name), fingerprint = values(fingerprint),
              headline = values(headline), surfaced = values(surfaced)`,
        ...labelFields(names, labels),
      ])
    },

    async pause(queue: string, reason: string | null): Promise<void> {
      await connection.query('common', [
        sql`insert into ${names.queues} (name, paused_at, pause_reason) values (${queue}, ${nowMs(context)}, ${reason})
            on duplicate key update paused_at = coalesce(paused_at, values(paused_at)), pause_reason = values(pause_reason)`,
      ])
    },

    async resume(queue: string): Promise<void> {
      await connection.query('common', [
        sql`update ${names.queues} set paused_at = null, pause_reason = null where name = ${queue}`,
      ])
      context.wake()
    },

    async command(worker: number | null, command: WorkerCommand): Promise<number> {
      const which = worker === null ? raw('') : sql`id = ${worker} and `
      const [answer] = await connection.query('common', [
        sql`update ${names.workers} set command = ${command} where ${which}lease_until > ${nowMs(context)} order by id`,
      ])
      return answer!.affected
    },
  }
}

function chunkDone(rows: readonly SqlRow[], chunk: Chunk, changed: number): ChunkDone {
  const next = rows.length < chunk.limit ? null : Number(rows.at(-1)!.id)
  return { changed, skipped: rows.length - changed, next }
}

function changes(context: Context, patch: JobPatch): Sql | undefined {
  const set: Sql[] = []
  if (patch.delayMs !== undefined || patch.availableAt !== undefined) {
    set.push(sql`available_at = ${dueSecond(context, patch.delayMs, patch.availableAt)}`)
  }
  if (patch.priority !== undefined) set.push(sql`priority = ${patch.priority}`)
  if (patch.queue !== undefined) set.push(sql`queue = ${patch.queue}`)
  return set.length > 0 ? joined(set, ', ') : undefined
}

/** Payloads are read and written in one go: as many as are kept in memory with ease. */
const MOST_BYTES = 16 * 1024 * 1024

function bounded(rows: readonly SqlRow[]): number[] {
  const ids: number[] = []
  let bytes = 0
  for (const row of rows) {
    bytes += Number(row.bytes)
    if (ids.length > 0 && bytes > MOST_BYTES) break
    ids.push(Number(row.id))
  }
  return ids
}
