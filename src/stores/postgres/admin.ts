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
import { numberArray, textArray } from './client.ts'
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

  /** The jobs of a chunk, and those of them that still match once their rows are locked: meanwhile a worker may have taken some. */
  const jobsOf = async (run: Run, filter: JobFilter, chunk: Chunk) => {
    const [clock] = await run(sql`select ${nowMs(context)} / 1000 as second`)
    const matches = jobConditions(dialect, filter, clock?.second as number)
    const found = await run(sql`
      select j.id from ${jobs} j
       where j.id > ${chunk.after ?? 0} and j.id <= ${chunk.upTo} and ${matches}
       order by j.id limit ${chunk.limit}`)
    const locked = () =>
      run(sql`
        select j.id, j.reserved_at from ${jobs} j
         where j.id = any(${idsOf(found)}::bigint[]) and ${matches} order by j.id for update of j`)
    return { found, locked }
  }

  const failedOf = (run: Run, filter: FailedFilter, chunk: Chunk, columns: string) =>
    run(sql`
      select ${raw(columns)} from ${failedJobs} f left join ${own('failed')} l on l.uuid = f.uuid and l.failed_id = f.id
       where f.id > ${chunk.after ?? 0} and f.id <= ${chunk.upTo} and ${failedConditions(dialect, filter, wallClock.text)}
       order by f.id limit ${chunk.limit} for update of f`)

  /** Filters look at every row between two ids; that may be many. */
  const inChunk = (work: (run: Run) => Promise<ChunkDone>) =>
    connection.transaction('common', work, { ...LONG, looks: true })

  return {
    async change(filter: JobFilter, patch: JobPatch, chunk: Chunk): Promise<ChunkDone> {
      const done = await inChunk(async (run) => {
        const { found, locked } = await jobsOf(run, filter, chunk)
        const rows = await locked()
        const pending = rows.filter((row) => row.reserved_at === null)
        await alter(context, run, idsOf(pending), patch)
        return chunkDone(found, chunk, rows.length, pending.length)
      })
      if (done.changed > 0) returned(context)
      return done
    },

    async remove(filter: JobFilter, chunk: Chunk): Promise<ChunkDone> {
      return inChunk(async (run) => {
        const { found, locked } = await jobsOf(run, filter, chunk)
        await run(sql`
          select 1 from ${own('locks')} where job_id = any(${idsOf(found)}::bigint[]) and until <> 'window' order by key for update`)
        const ids = idsOf(await locked())
        const gone = await run(sql`delete from ${jobs} where id = any(${ids}::bigint[]) returning 1`)
        await run(sql`delete from ${own('locks')} where job_id = any(${ids}::bigint[]) and until <> 'window'`)
        return chunkDone(found, chunk, gone.length, gone.length)
      })
    },

    async retry(filter: FailedFilter, chunk: Chunk): Promise<ChunkDone> {
      const done = await inChunk(async (run) => {
        const rows = await failedOf(run, filter, chunk, 'f.id, octet_length(f.payload) as bytes')
        return chunkDone(rows, chunk, rows.length, await retryRows(context, run, rows))
      })
      if (done.changed > 0) context.wake()
      return done
    },

    async removeFailed(filter: FailedFilter, chunk: Chunk): Promise<ChunkDone> {
      return inChunk(async (run) => {
        const rows = await failedOf(run, filter, chunk, 'f.id, f.uuid')
        await dropFailed(context, run, rows)
        return chunkDone(rows, chunk, rows.length, rows.length)
      })
    },

    async label(labels: readonly FailedLabel[]): Promise<void> {
      if (labels.length === 0) return
      const texts = (of: (label: FailedLabel) => string | null) => textArray(labels.map((label) => of(label)))
      await connection.query(
        'common',
        sql`
        insert into ${own('failed')} (uuid, failed_id, name, fingerprint, headline, surfaced)
        select distinct on (n.uuid) n.uuid, n.id, n.name, n.fingerprint, n.headline, n.surfaced
          from unnest(${texts(({ uuid }) => uuid)}::text[], ${numberArray(labels.map(({ id }) => id))}::bigint[],
                      ${texts(({ name }) => name)}::text[], ${texts(({ fingerprint }) => fingerprint)}::text[],
                      ${texts(({ headline }) => headline)}::text[], ${texts(({ surfaced }) => surfaced)}::text[])
               n(uuid, id, name, fingerprint, headline, surfaced)
         where exists (select 1 from ${failedJobs} f where f.id = n.id and f.uuid = n.uuid)
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

async function alter(context: Context, run: Run, ids: string, patch: JobPatch): Promise<void> {
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
  if (set.length > 0) await run(sql`update ${jobs} set ${joined(set, ', ')} where id = any(${ids}::bigint[])`)
}

function chunkDone(found: readonly SqlRow[], chunk: Chunk, matched: number, changed: number): ChunkDone {
  const next = found.length < chunk.limit ? null : (found.at(-1)!.id as number)
  return { changed, skipped: matched - changed, next }
}

function idsOf(rows: readonly SqlRow[]): string {
  return numberArray(rows.map(({ id }) => id as number))
}
