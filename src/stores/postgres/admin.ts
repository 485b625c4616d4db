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
import type { SqlRow } from '../sql/rows.ts'
import { joined, raw, type Sql, sql } from '../sql/sql.ts'
import { numberArray, storable, textArray } from './client.ts'
import { LONG, type Run } from './connection.ts'
import { type Context, nowMs } from './context.ts'
import { returned } from './lease.ts'
import { dropFailed, retryRows } from './retry.ts'

type AdminWrites = Pick<AdminStore, 'change' | 'remove' | 'retry' | 'removeFailed' | 'label'> &
  Pick<QueueStore, 'pause' | 'resume'> & { command(worker: number | null, command: WorkerCommand): Promise<number> }

/** The write half of the admin operations: chunk by chunk, each in one transaction. */
export function adminWrites(context: Context, dialect: Dialect): AdminWrites {
  const { connection, names, wallClock } = context
  const own = (name: string) => raw(names.own(name))
  const [jobs, failedJobs] = [raw(names.jobs), raw(names.failedJobs)]

  const jobsOf = async (run: Run, filter: JobFilter, chunk: Chunk) => {
    const [clock] = await run(sql`select ${nowMs(context)} / 1000 as second`)
    return run(sql`
      select j.id, j.reserved_at from ${jobs} j
       where j.id > ${chunk.after ?? 0} and j.id <= ${chunk.upTo} and ${jobConditions(dialect, filter, clock?.second as number)}
       order by j.id limit ${chunk.limit}`)
  }

  const failedOf = (run: Run, filter: FailedFilter, chunk: Chunk, columns: string) =>
    run(sql`
      select ${raw(columns)} from ${failedJobs} f left join ${own('failed')} l on l.uuid = f.uuid and l.failed_id = f.id
       where f.id > ${chunk.after ?? 0} and f.id <= ${chunk.upTo} and ${failedConditions(dialect, filter, wallClock.text)}
       order by f.id limit ${chunk.limit} for update of f`)

  /** Filters look at every row between two ids; that may be many. */
  const inChunk = (work: (run: Run) => Promise<ChunkDone>) => connection.transaction('common', work, LONG)

  return {
    async change(filter: JobFilter, patch: JobPatch, chunk: Chunk): Promise<ChunkDone> {
      const done = await inChunk(async (run) => {
        const rows = await jobsOf(run, filter, chunk)
        return chunkDone(rows, chunk, await alter(context, run, idsOf(rows), patch))
      })
      returned(context)
      return done
    },

    async remove(filter: JobFilter, chunk: Chunk): Promise<ChunkDone> {
      return inChunk(async (run) => {
        const rows = await jobsOf(run, filter, chunk)
        const ids = idsOf(rows)
        await run(sql`
          delete from ${own('locks')} where key in (
            select key from ${own('locks')} where job_id = any(${ids}::bigint[]) and until <> 'window' order by key for update)`)
        const gone = await run(sql`
          delete from ${jobs} where id in (select id from ${jobs} where id = any(${ids}::bigint[]) order by id for update) returning 1`)
        return chunkDone(rows, chunk, gone.length)
      })
    },

    async retry(filter: FailedFilter, chunk: Chunk): Promise<ChunkDone> {
      const done = await inChunk(async (run) => {
        const rows = await failedOf(run, filter, chunk, 'f.id, octet_length(f.payload) as bytes')
        return chunkDone(rows, chunk, await retryRows(context, run, rows))
      })
      if (done.changed > 0) context.wake()
      return done
    },

    async removeFailed(filter: FailedFilter, chunk: Chunk): Promise<ChunkDone> {
      return inChunk(async (run) => {
        const rows = await failedOf(run, filter, chunk, 'f.id, f.uuid')
        await dropFailed(context, run, rows)
        return chunkDone(rows, chunk, rows.length)
      })
    },

    async label(labels: readonly FailedLabel[]): Promise<void> {
      if (labels.length === 0) return
      const texts = (of: (label: FailedLabel) => string | null) => textArray(labels.map((label) => storable(of(label))))
      await connection.query(
        'common',
        sql`
        insert into ${own('failed')} (uuid, failed_id, name, fingerprint, headline, surfaced)
        select distinct on (n.uuid) n.uuid, n.id, n.name, n.fingerprint, n.headline, n.surfaced
          from unnest(${texts(({ uuid }) => uuid)}::text[], ${numberArray(labels.map(({ id }) => id))}::bigint[],
                      ${texts(({ name }) => name)}::text[], ${texts(({ fingerprint }) => fingerprint)}::text[],
                      ${texts(({ headline }) => headline)}::text[], ${texts(({ surfaced }) => surfaced)}::text[])
               n(uuid, id, name, fingerprint, headline, surfaced)
         order by n.uuid, n.id desc
        on conflict (uuid) do update
           set failed_id = excluded.failed_id, name = excluded.name, fingerprint = excluded.fingerprint,
               headline = excluded.headline, surfaced = excluded.surfaced`,
      )
    },

    async pause(queue: string, reason: string | null): Promise<void> {
      await connection.query(
        'common',
        sql`
        insert into ${own('queues')} as q (name, paused_at, pause_reason) values (${queue}, ${nowMs(context)}, ${reason})
        on conflict (name) do update
           set paused_at = coalesce(q.paused_at, excluded.paused_at), pause_reason = excluded.pause_reason`,
      )
    },

    async resume(queue: string): Promise<void> {
      await connection.query(
        'common',
        sql`update ${own('queues')} set paused_at = null, pause_reason = null where name = ${queue}`,
      )
      context.wake()
    },

    async command(worker: number | null, command: WorkerCommand): Promise<number> {
      const which = worker === null ? raw('true') : sql`id = ${worker}`
      const rows = await connection.query(
        'common',
        sql`update ${own('workers')} set command = ${command} where ${which} and lease_until > ${nowMs(context)} returning 1`,
      )
      return rows.length
    },
  }
}

/** Answers how many were pending, and were altered. A row that a worker is just taking is waited for and then left. */
async function alter(context: Context, run: Run, ids: string, patch: JobPatch): Promise<number> {
  const jobs = raw(context.names.jobs)
  const set: Sql[] = []
  if (patch.availableAt !== undefined) set.push(sql`available_at = ${Math.ceil(patch.availableAt / 1_000)}`)
  else if (patch.delayMs !== undefined) {
    const due =
      patch.delayMs > 0
        ? sql`ceil((${nowMs(context)} + ${Math.ceil(patch.delayMs)}::bigint) / 1000.0)`
        : sql`${nowMs(context)} / 1000`
    set.push(sql`available_at = ${due}`)
  }
  if (patch.priority !== undefined) set.push(sql`priority = ${patch.priority === 0 ? null : patch.priority}::integer`)
  if (patch.queue !== undefined) set.push(sql`queue = ${patch.queue}`)
  if (set.length === 0) set.push(raw('queue = queue'))
  const changed = await run(sql`
    update ${jobs} set ${joined(set, ', ')}
     where id in (select id from ${jobs} where id = any(${ids}::bigint[]) and reserved_at is null order by id for update)
    returning 1`)
  return changed.length
}

function chunkDone(rows: readonly SqlRow[], chunk: Chunk, changed: number): ChunkDone {
  const next = rows.length < chunk.limit ? null : (rows.at(-1)!.id as number)
  return { changed, skipped: rows.length - changed, next }
}

function idsOf(rows: readonly SqlRow[]): string {
  return numberArray(rows.map(({ id }) => id as number))
}
