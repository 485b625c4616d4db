import { JOB_PREFIX, maxAttemptsOf, retriedPayload, tryReadPayload, uuidOf, withUuid } from '../../core/payload.ts'
import { uuidv7 } from '../../core/uuid.ts'
import type { NewJob } from '../../store.ts'
import type { SqlRow } from '../sql/rows.ts'
import { raw, sql } from '../sql/sql.ts'
import { numberArray, textArray } from './client.ts'
import type { Run } from './connection.ts'
import { type Context, nowMs } from './context.ts'
import { jobsOfUuids } from './payload-functions.ts'
import { insert } from './push.ts'

/** Payloads of a chunk are read and written in parts of this size. */
const MOST_BYTES = 4 * 1024 * 1024

/**
 * Failed jobs (`id`, `bytes`) back to their queues, attempts 0; answers how many. One stays where another job holds its
 * unique key, or where a job of its uuid is live already (Laravel's retry inserts first and deletes later, and may have died
 * in between).
 */
export async function retryRows(context: Context, run: Run, found: readonly SqlRow[]): Promise<number> {
  let retried = 0
  for (let at = 0; at < found.length; ) {
    const part: number[] = []
    for (let bytes = 0; at < found.length && (part.length === 0 || bytes < MOST_BYTES); at++) {
      part.push(found[at]!.id as number)
      bytes += found[at]!.bytes as number
    }
    retried += await retryPart(context, run, numberArray(part))
  }
  return retried
}

async function retryPart(context: Context, run: Run, ids: string): Promise<number> {
  const rows = await run(sql`
    select id, uuid, queue, payload, ${nowMs(context)} as now from ${raw(context.names.failedJobs)}
     where id = any(${ids}::bigint[]) order by id`)
  const uuids = rows.flatMap((row) => (row.uuid === null ? [] : [row.uuid as string]))
  const live = new Set((await run(jobsOfUuids(context.names, uuids))).map(({ uuid }) => uuid))
  const waiting = rows.filter(({ uuid }) => !live.has(uuid)).map((row) => ({ row, job: jobOf(row, row.now as number) }))
  if (waiting.length === 0) return 0
  const pushed = await insert(
    context,
    run,
    waiting.map(({ job }) => job),
    { fresh: true },
  )
  const gone = waiting.filter((_, at) => pushed[at]?.outcome === 'dispatched')
  await dropFailed(
    context,
    run,
    gone.map(({ row }) => row),
  )
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
  const stored = String(row.payload)
  // Laravel before 8 kept no uuid beside the payload.
  const uuid = (row.uuid as string | null) ?? uuidOf(stored) ?? uuidv7(now)
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
