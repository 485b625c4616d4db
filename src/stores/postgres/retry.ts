import { JOB_PREFIX, maxAttemptsOf, retriedPayload, tryReadPayload, withUuid } from '../../core/payload.ts'
import type { NewJob } from '../../store.ts'
import type { SqlRow } from '../sql/rows.ts'
import { raw, sql } from '../sql/sql.ts'
import { numberArray, textArray } from './client.ts'
import type { Run } from './connection.ts'
import { type Context, nowMs } from './context.ts'
import { insert } from './push.ts'

/**
 * Failed jobs back to their queues, attempts 0; answers how many. One stays where another job holds its unique key, or where
 * a job of its uuid is live already (Laravel's retry inserts first and deletes later, and may have died in between).
 */
export async function retryRows(context: Context, run: Run, rows: readonly SqlRow[]): Promise<number> {
  if (rows.length === 0) return 0
  const uuids = textArray(rows.map((row) => String(row.uuid)))
  const [clock] = await run(sql`select ${nowMs(context)} as now`)
  const found = await run(sql`
    select substr(payload, 10, 36) as uuid from ${raw(context.names.jobs)} where substr(payload, 10, 36) = any(${uuids}::text[])`)
  const live = new Set(found.map(({ uuid }) => uuid))
  const waiting = rows.filter(({ uuid }) => !live.has(uuid))
  if (waiting.length === 0) return 0
  const pushed = await insert(
    context,
    run,
    waiting.map((row) => jobOf(row, clock?.now as number)),
    { fresh: true },
  )
  const gone = waiting.filter((_, at) => pushed[at]?.outcome === 'dispatched')
  await dropFailed(context, run, gone)
  return gone.length
}

/** Takes failed jobs away, with what is kept beside them. */
export async function dropFailed({ names }: Context, run: Run, rows: readonly SqlRow[]): Promise<void> {
  if (rows.length === 0) return
  await run(
    sql`delete from ${raw(names.failedJobs)} where id = any(${numberArray(rows.map(({ id }) => id as number))}::bigint[])`,
  )
  const uuids = textArray(rows.map((row) => row.uuid as string | null))
  await run(sql`delete from ${raw(names.own('failed'))} where uuid = any(${uuids}::text[])`)
}

function jobOf(row: SqlRow, now: number): NewJob {
  const uuid = String(row.uuid)
  const stored = String(row.payload)
  const text = retriedPayload(withUuid(stored, uuid), now)
  const payload = tryReadPayload(text)
  const key = payload?.faena.unique
  return {
    uuid,
    queue: String(row.queue),
    name: payload?.job.startsWith(JOB_PREFIX) ? payload.name : null,
    payload: text,
    maxAttempts: maxAttemptsOf(payload),
    priority: Number.isInteger(payload?.faena.priority) ? payload!.faena.priority! : 0,
    ...(key && key.until !== 'window' && { unique: { key: key.key, until: key.until, onTaken: 'skip' as const } }),
  }
}
