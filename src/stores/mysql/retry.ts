import { JOB_PREFIX, maxAttemptsOf, retriedPayload, tryReadPayload, withUuid } from '../../core/payload.ts'
import type { NewJob } from '../../store.ts'
import { raw, type Sql, sql } from '../sql/sql.ts'
import type { SqlRow } from './client.ts'
import { type Context, nowMs } from './context.ts'
import { payloadsOf } from './dialect.ts'
import { dropFields } from './fields.ts'
import { insert } from './push.ts'
import { among, valueList } from './text.ts'

/**
 * Failed jobs back to their queues, attempts 0; answers how many. One stays where another job holds its unique key, or where
 * a job of its uuid is live already (Laravel's retry inserts first and deletes later, and may have died in between).
 */
export async function retryRows(context: Context, ids: readonly number[]): Promise<number> {
  if (ids.length === 0) return 0
  const { connection, names } = context
  return connection.transaction('common', async (transaction) => {
    const [failed, time] = await transaction.run(
      sql`select id, uuid, queue, payload from ${names.failedJobs} force index (primary) where ${among('id', ids)} order by id for update`,
      sql`select ${nowMs(context)} as now`,
    )
    const rows = failed!.rows
    if (rows.length === 0) return 0
    const [live] = await transaction.run(
      sql`select substr(payload, 10, 36) as uuid from ${names.jobs}
           where ${payloadsOf(
             raw('payload'),
             rows.map(({ uuid }) => String(uuid)),
           )}`,
    )
    const taken = new Set(live!.rows.map(({ uuid }) => String(uuid)))
    const waiting = rows.filter(({ uuid }) => !taken.has(String(uuid)))
    if (waiting.length === 0) return 0
    const now = Number(time!.rows[0]!.now)
    const jobs = waiting.map((row) => jobOf(row, now))
    const pushed = await insert(context, transaction, jobs, { fresh: true })
    const gone = waiting.filter((_, at) => pushed[at]?.outcome === 'dispatched')
    if (gone.length > 0) await transaction.commit(...dropFailed(context, gone))
    return gone.length
  })
}

/** Takes failed jobs away, with what is kept beside them. */
export function dropFailed({ names }: Context, rows: readonly SqlRow[]): Sql[] {
  const ids = rows.map(({ id }) => Number(id))
  const uuids = rows.map(({ uuid }) => String(uuid))
  return [
    sql`delete f from ${names.failedJobs} f force index (primary) where ${among('f.id', ids)} and f.queue >= ''`,
    sql`delete l from ${names.failed} l force index (primary) where l.uuid in (${valueList(uuids)}) and ${among('l.failed_id', ids)}`,
    dropFields(names, ids),
  ]
}

/** A date or a priority that the payload says and the column cannot hold is left out rather than refused. */
const MOST_PRIORITY = 32_767

function jobOf(row: SqlRow, now: number): NewJob {
  const uuid = String(row.uuid)
  const stored = String(row.payload)
  const text = retriedPayload(tryReadPayload(stored)?.uuid === null ? withUuid(stored, uuid) : stored, now)
  const payload = tryReadPayload(text)
  const key = payload?.faena.unique
  const priority = payload?.faena.priority
  return {
    uuid,
    queue: String(row.queue),
    name: payload?.job.startsWith(JOB_PREFIX) ? payload.name : null,
    payload: text,
    maxAttempts: maxAttemptsOf(payload),
    priority:
      typeof priority === 'number' && Number.isInteger(priority) && Math.abs(priority) <= MOST_PRIORITY ? priority : 0,
    ...(key && key.until !== 'window' && { unique: { key: key.key, until: key.until, onTaken: 'skip' as const } }),
  }
}
