import { FaenaError } from '../../core/errors.ts'
import type { NewJob } from '../../store.ts'
import { raw, type Sql, sql } from '../sql/sql.ts'
import type { Answer } from './client.ts'
import type { Handle } from './connection.ts'
import { type Context, dueSecond, nowSecond } from './context.ts'
import { payloadsOf } from './dialect.ts'
import { literal, textOf, valueList } from './text.ts'

const ROWS_PER_STATEMENT = 1_000
const UUIDS_PER_STATEMENT = 200
/** A text takes at most six bytes for each of its characters: three in UTF-8, twice that in hexadecimal. */
const BYTES_PER_CHARACTER = 6

/** Inserts for jobs whose keys were seen to, in as few statements as the server's limits allow. */
export function insertStatements(
  context: Context,
  handle: Pick<Handle, 'room' | 'foreign'>,
  jobs: readonly NewJob[],
): Sql[] {
  const mostCharacters = Math.floor(handle.room / BYTES_PER_CHARACTER)
  const statements: Sql[] = []
  let rows: string[] = []
  let characters = 0
  const now = textOf(nowSecond(context))
  const flush = () => {
    if (rows.length === 0) return
    statements.push(sql`
      insert into ${context.names.jobs} (queue, payload, attempts, available_at, created_at, name, max_attempts, priority)
      values ${raw(rows.join(', '))}`)
    rows = []
    characters = 0
  }
  for (const job of jobs) {
    if (rows.length === ROWS_PER_STATEMENT || characters + job.payload.length > mostCharacters) flush()
    rows.push(rowText(context, job, now, handle.foreign))
    characters += job.payload.length + 400
  }
  flush()
  return statements
}

/** Put together by hand: this is done once per job. */
function rowText(context: Context, job: NewJob, now: string, foreign: boolean): string {
  const { delayMs, availableAt, maxAttempts, priority } = job
  const due = availableAt === undefined && !delayMs ? now : textOf(dueSecond(context, delayMs, availableAt))
  const name = literal(job.name, foreign)
  return `(${literal(job.queue, foreign)}, ${literal(job.payload, foreign)}, 0, ${due}, ${now}, ${name}, ${literal(maxAttempts)}, ${literal(priority)})`
}

/** The ids that the inserts of `insertStatements` gave, in the order of the jobs: a statement's are a row of equal steps. */
export function idsOf(answers: readonly Answer[], step: number): number[] {
  return answers.flatMap(({ insertId, affected }) => Array.from({ length: affected }, (_, at) => insertId + at * step))
}

/** Throws DUPLICATE_UUID if one of the jobs is stored already, or stands twice among them. */
export async function refuseKnown({ names }: Context, handle: Handle, jobs: readonly NewJob[]): Promise<void> {
  const uuids = jobs.map(({ uuid }) => uuid)
  const twice = new Set(uuids).size < uuids.length ? uuids.find((uuid, at) => uuids.indexOf(uuid) !== at) : undefined
  if (twice) throw duplicate(twice)
  const statements: Sql[] = []
  for (let at = 0; at < uuids.length; at += UUIDS_PER_STATEMENT) {
    const some = uuids.slice(at, at + UUIDS_PER_STATEMENT)
    statements.push(
      sql`select substr(payload, 10, 36) as uuid from ${names.jobs} where ${payloadsOf(raw('payload'), some)} limit 1`,
      sql`select uuid from ${names.failedJobs} where uuid in (${valueList(some)}) limit 1`,
    )
  }
  for (const { rows } of await handle.run(...statements)) {
    if (rows.length > 0) throw duplicate(String(rows[0]!.uuid))
  }
}

function duplicate(uuid: string): FaenaError {
  return new FaenaError('DUPLICATE_UUID', `A job with uuid ${uuid} is stored already; nothing was stored`)
}
