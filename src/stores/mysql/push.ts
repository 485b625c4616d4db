import { FaenaError, isFaenaError } from '../../core/errors.ts'
import type { NewJob, Pushed, PushId, PushOptions } from '../../store.ts'
import { type Sql, sql } from '../sql/sql.ts'
import type { Handle } from './connection.ts'
import { type Context, nowMs } from './context.ts'
import { errorNumber, faultOf } from './errors.ts'
import { idsOf, insertStatements, refuseKnown } from './insert.ts'
import { callersHandle } from './transaction.ts'
import { insertKeyed } from './unique.ts'

const OUT_OF_RANGE = 1_690

/**
 * Stores jobs. Those without unique keys, with uuids of their own making, take one round trip: the rows, the number of the
 * push and the commit. A push that turns out to be a repeated one is undone by the server before its commit (see
 * `rememberPlain`) and answered with what was stored first.
 */
export function pushing(context: Context) {
  return async function push(jobs: readonly NewJob[], options: PushOptions = {}): Promise<Pushed[]> {
    if (jobs.length === 0) return []
    try {
      if (options.tx !== undefined) return await insertInTransaction(context, options.tx, jobs, options)
      const pushed = (await pushPlain(context, jobs, options)) ?? (await pushNumbered(context, jobs, options))
      if (jobs.some(({ unique, availableAt }) => unique || availableAt !== undefined)) context.views.lower()
      context.wake()
      return pushed
    } catch (error) {
      if (faultOf(error) !== 'row' || isFaenaError(error)) throw error
      throw new FaenaError(
        'BAD_ARGUMENT',
        `The database refused a job: ${(error as Error).message}; nothing was stored`,
        { cause: error },
      )
    }
  }
}

/** Only keys, and uuids that are not new, may have to be waited for. */
async function insertInTransaction(
  context: Context,
  tx: unknown,
  jobs: readonly NewJob[],
  options: PushOptions,
): Promise<Pushed[]> {
  const handle = await callersHandle(tx, context.connection.timeoutMs)
  const work = () => insert(context, handle, jobs, options)
  return options.fresh && !jobs.some(({ unique }) => unique) ? work() : handle.patiently(work)
}

/** Inserts in the transaction that `handle` has open, in order, so that the ids rise as the jobs do. */
export async function insert(
  context: Context,
  handle: Handle,
  jobs: readonly NewJob[],
  options: PushOptions = {},
): Promise<Pushed[]> {
  if (!options.fresh) await refuseKnown(context, handle, jobs)
  if (jobs.some(({ unique }) => unique)) return insertKeyed(context, handle, jobs)
  const answers = await handle.run(...insertStatements(context, handle, jobs))
  return dispatched(jobs, idsOf(answers, handle.step))
}

/** Undefined where it takes more: unique keys, uuids to be looked up, several statements, or an answer that is stored already. */
async function pushPlain(
  context: Context,
  jobs: readonly NewJob[],
  { pushId, fresh }: PushOptions,
): Promise<Pushed[] | undefined> {
  if (!fresh || jobs.some(({ unique }) => unique)) return undefined
  try {
    return await context.connection.transaction('push', async (transaction) => {
      const statements = insertStatements(context, transaction, jobs)
      if (statements.length > 1) return undefined
      if (pushId) statements.push(rememberPlain(context, pushId, jobs.length, transaction.step))
      const [answer] = await transaction.commit(...statements)
      return dispatched(jobs, idsOf([answer!], transaction.step))
    })
  } catch (error) {
    if (errorNumber(error) === OUT_OF_RANGE) return undefined
    throw error
  }
}

async function pushNumbered(context: Context, jobs: readonly NewJob[], options: PushOptions): Promise<Pushed[]> {
  try {
    return await pushOnce(context, jobs, options)
  } catch (error) {
    // The first try of this very push was still under way, and has now been stored.
    if (errorNumber(error) === OUT_OF_RANGE && options.pushId) return pushOnce(context, jobs, options)
    throw error
  }
}

async function pushOnce(context: Context, jobs: readonly NewJob[], options: PushOptions): Promise<Pushed[]> {
  const { pushId } = options
  const { producers } = context.names
  return context.connection.transaction('push', async (transaction) => {
    if (pushId) {
      const [known] = await transaction.run(
        sql`select seq, answer from ${producers} where producer = ${pushId.producer} for update`,
      )
      const row = known!.rows[0]
      if (row && Number(row.seq) >= pushId.seq) return remembered(String(row.answer), jobs)
    }
    const pushed = await insert(context, transaction, jobs, options)
    if (pushId) await transaction.commit(remember(context, pushId, sql`${JSON.stringify({ pushed })}`))
    return pushed
  })
}

/**
 * The number and the answer of a push, for a caller that lost it. Where this number is stored already, exp() of a large
 * number stops the server before the commit, under every setting: all that the push has inserted goes with it.
 */
function remember(context: Context, { producer, seq }: PushId, answer: Sql): Sql {
  return sql`
    insert into ${context.names.producers} (producer, seq, answer, at)
    values (${producer}, ${seq}, ${answer}, ${nowMs(context)})
    on duplicate key update answer = if(exp(if(seq < values(seq), 0, 10000)) = 1, values(answer), answer),
      seq = values(seq), at = values(at)`
}

function rememberPlain(context: Context, pushId: PushId, count: number, step: number): Sql {
  return remember(context, pushId, sql`json_object('first', last_insert_id(), 'count', ${count}, 'step', ${step})`)
}

function remembered(answer: string, jobs: readonly NewJob[]): Pushed[] {
  const kept = JSON.parse(answer) as { pushed: Pushed[] } | { first: number; count: number; step: number }
  if ('pushed' in kept) return kept.pushed
  return dispatched(
    jobs,
    Array.from({ length: kept.count }, (_, at) => kept.first + at * kept.step),
  )
}

function dispatched(jobs: readonly NewJob[], ids: readonly number[]): Pushed[] {
  return jobs.map(({ uuid }, at) => ({ outcome: 'dispatched', uuid, id: ids[at]! }))
}
