import type { Failure, JobOutcome, Settled } from '../../store.ts'
import { joined, raw, type Sql, sql } from '../sql/sql.ts'
import type { Handle } from './connection.ts'
import { type Context, dueSecond, nowMs } from './context.ts'
import { faultOf } from './errors.ts'
import { fieldStatements } from './fields.ts'
import { saveRunsStatement } from './records.ts'
import { among } from './text.ts'

/** Whether outcomes that have texts to write go together, or each behind a savepoint so that a bad row stands alone. */
export type Alone = 'together' | 'alone'

const LONGEST_NAME = 255

/** A job's columns as it goes back to pending with its attempt; the column is unsigned. */
export const GIVE_BACK = raw('reserved_at = null, reserved_by = null, attempts = greatest(attempts, 1) - 1')

/**
 * Writes outcomes of a worker in the transaction that `handle` has open: locks the rows that still are the worker's, in
 * order of their ids, then does for each all that its ending causes.
 */
export async function endings(
  context: Context,
  handle: Handle,
  worker: number,
  outcomes: readonly JobOutcome[],
  how: Alone = 'together',
): Promise<Settled> {
  const settled: Settled = { applied: [], lost: [], refused: [] }
  if (outcomes.length === 0) return settled
  const ids = [...new Set(outcomes.map(({ id }) => id))]
  const [held, time] = await handle.run(
    sql`select id, attempts from ${context.names.jobs} force index (primary) where ${among('id', ids)} and reserved_by = ${worker} order by id for update`,
    sql`select ${nowMs(context)} as now`,
  )
  const mine = new Map(held!.rows.map((row) => [Number(row.id), Number(row.attempts)]))
  const failedAt = context.wallClock.text(Number(time!.rows[0]!.now))
  const written: JobOutcome[] = []
  for (const outcome of outcomes) {
    if (mine.get(outcome.id) === outcome.attempts) {
      mine.delete(outcome.id)
      written.push(outcome)
    } else {
      settled.lost.push(outcome.id)
    }
  }
  const refused = await writeTexts(context, handle, written, failedAt, how)
  settled.refused.push(...refused.values())
  const rest = written.filter(({ id }) => !refused.has(id))
  const statements = rowStatements(context, rest)
  if (statements.length > 0) await handle.run(...statements)
  settled.applied.push(...rest.map(({ id }) => id))
  return settled
}

/** Failed jobs and kept runs: what comes from outside and may not fit. Answers the rows that did not. */
async function writeTexts(
  context: Context,
  handle: Handle,
  outcomes: readonly JobOutcome[],
  failedAt: string,
  how: Alone,
): Promise<Map<number, { id: number; error: Error }>> {
  const refused = new Map<number, { id: number; error: Error }>()
  const texts = outcomes
    .map((outcome) => ({ id: outcome.id, statements: textStatements(context, outcome, failedAt) }))
    .filter(({ statements }) => statements.length > 0)
  if (how === 'together') {
    if (texts.length > 0) await handle.run(...texts.flatMap(({ statements }) => statements))
    return refused
  }
  for (const { id, statements } of texts) {
    await handle.run(raw('savepoint outcome'))
    try {
      await handle.run(...statements)
    } catch (error) {
      if (faultOf(error) !== 'row') throw error
      await handle.run(raw('rollback to savepoint outcome'))
      refused.set(id, { id, error: error as Error })
    }
    await handle.run(raw('release savepoint outcome'))
  }
  return refused
}

function textStatements(context: Context, { id, outcome, run }: JobOutcome, failedAt: string): Sql[] {
  const statements = outcome.kind === 'failed' ? failedStatements(context, id, outcome.failure, failedAt) : []
  const ends = outcome.kind !== 'retry' && outcome.kind !== 'released'
  return run && ends ? [...statements, saveRunsStatement(context, [run])] : statements
}

/**
 * A copy of the job that an earlier retry (Laravel's, which takes two transactions) left behind is overwritten: one uuid
 * has one row here, and the newest failure is the one to read. The payload goes from row to row inside the server.
 */
export function failedStatements(
  { names, connectionName }: Context,
  id: number,
  failure: Failure,
  failedAt: string,
): Sql[] {
  const { uuid, payload, exception, name, fingerprint, headline, surfaced } = failure
  return [
    sql`delete from ${names.failedJobs} where uuid = ${uuid}`,
    sql`insert into ${names.failedJobs} (uuid, connection, queue, payload, exception, failed_at)
        select ${uuid}, ${connectionName}, queue, ${payload === undefined ? raw('payload') : sql`${payload}`}, ${exception}, ${failedAt}
          from ${names.jobs} where id = ${id}`,
    sql`insert into ${names.failed} (uuid, failed_id, name, fingerprint, headline, surfaced)
        values (${uuid}, last_insert_id(), ${name?.slice(0, LONGEST_NAME) ?? null}, ${fingerprint}, ${headline}, ${surfaced})
        on duplicate key update failed_id = values(failed_id), name = values(name), fingerprint = values(fingerprint),
          headline = values(headline), surfaced = values(surfaced)`,
    ...fieldStatements(names, uuid, surfaced),
  ]
}

/** What becomes of the rows in jobs, and of the keys of those that ended. */
function rowStatements(context: Context, outcomes: readonly JobOutcome[]): Sql[] {
  const { jobs } = context.names
  const statements: Sql[] = []
  for (const kind of ['retry', 'released'] as const) {
    const returned = outcomes.flatMap(({ id, outcome }) =>
      outcome.kind === kind ? [{ id, delayMs: outcome.delayMs }] : [],
    )
    if (returned.length === 0) continue
    const spent = kind === 'retry' ? raw('reserved_at = null, reserved_by = null') : GIVE_BACK
    statements.push(
      sql`update ${jobs} force index (primary) set ${spent}, available_at = ${dueAt(context, returned)} where ${among(
        'id',
        returned.map(({ id }) => id),
      )}`,
    )
  }
  const ended = outcomes.filter(({ outcome }) => outcome.kind !== 'retry' && outcome.kind !== 'released')
  if (ended.length > 0)
    statements.push(
      deleteJobs(
        context,
        ended.map(({ id }) => id),
      ),
    )
  const keyed = ended.filter(({ unique }) => unique).map(({ id }) => id)
  if (keyed.length > 0) statements.push(freeKeys(context, keyed))
  return statements
}

function dueAt(context: Context, jobs: readonly { id: number; delayMs: number }[]): Sql {
  const delays = new Set(jobs.map(({ delayMs }) => delayMs))
  if (delays.size === 1) return dueSecond(context, jobs[0]!.delayMs)
  const cases = jobs.map(({ id, delayMs }) => sql`when ${id} then ${dueSecond(context, delayMs)}`)
  return sql`case id ${joined(cases, ' ')} end`
}

/** What looks at nothing but ids may be answered by a walk through all of them; so this one looks at one thing more. */
export function deleteJobs({ names }: Context, ids: readonly number[]): Sql {
  return sql`delete j from ${names.jobs} j force index (primary) where ${among('j.id', ids)} and j.attempts >= 0`
}

export function freeKeys({ names }: Context, ids: readonly number[]): Sql {
  return sql`delete l from ${names.locks} l force index (faena_locks_job) where ${among('l.job_id', ids)} and l.until <> 'window'`
}
