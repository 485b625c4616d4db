import type { JobOutcome, Settled, Settlement } from '../../store.ts'
import { exceptions, remembered } from '../sql/answer.ts'
import { joined, type Sql, sql } from '../sql/sql.ts'
import type { Handle } from './connection.ts'
import { type Context, nowMs } from './context.ts'
import { type Alone, endings, freeKeys } from './endings.ts'
import { errorNumber, faultOf } from './errors.ts'
import { saveRunsStatement } from './records.ts'
import { among } from './text.ts'
import { callersHandle } from './transaction.ts'

/**
 * Writes outcomes in one transaction with the settlement's number, so that a repeated call finds its answer. The common
 * case, a batch of jobs that all ended and are all still the worker's, is one round trip; everything else takes two, and
 * one that holds a row which cannot be written as it is, some more.
 */
export function settling(context: Context) {
  return async function settle(settlement: Settlement): Promise<Settled> {
    const { worker, outcomes } = settlement
    const takeOut = context.held.settling(worker, outcomes)
    const { settled, written } = await settleOnce(context, settlement)
    if (written) takeOut(new Set(settled.refused.map(({ id }) => id)))
    const returned = outcomes.filter(({ outcome }) => outcome.kind === 'retry' || outcome.kind === 'released')
    if (returned.length > 0) {
      context.views.lower()
      if (returned.some(({ outcome }) => 'delayMs' in outcome && outcome.delayMs <= 0)) context.wake()
    }
    return settled
  }
}

interface SettledOnce {
  settled: Settled
  /** By this call, and for certain: not in the application's transaction, nor by an earlier call with the same number. */
  written: boolean
}

async function settleOnce(context: Context, settlement: Settlement): Promise<SettledOnce> {
  const { tx, worker, outcomes } = settlement
  if (tx !== undefined) {
    const handle = await callersHandle(tx, context.connection.timeoutMs)
    return { settled: await handle.patiently(() => endings(context, handle, worker, outcomes)), written: false }
  }
  if (outcomes.length === 0) return { settled: { applied: [], lost: [], refused: [] }, written: false }
  if (isPlain(outcomes)) {
    const settled = await inOne(context, settlement)
    if (settled) return { settled, written: true }
  }
  try {
    return await numbered(context, settlement, 'together')
  } catch (error) {
    if (faultOf(error) !== 'row') throw error
    return numbered(context, settlement, 'alone')
  }
}

/** All ended, none failed, each job once. */
function isPlain(outcomes: readonly JobOutcome[]): boolean {
  const ended = outcomes.every(({ outcome: { kind } }) => kind === 'completed' || kind === 'cancelled')
  return ended && new Set(outcomes.map(({ id }) => id)).size === outcomes.length
}

const OUT_OF_RANGE = 1_690

/**
 * The whole batch in one packet, which the server stops before its commit if not every row was found: exp() of a large
 * number is an error under every setting. Undefined then, with nothing changed.
 */
async function inOne(
  context: Context,
  { worker, seq, outcomes, channel = 0 }: Settlement,
): Promise<Settled | undefined> {
  const { jobs, settlements } = context.names
  const runs = outcomes.flatMap(({ run }) => (run ? [run] : []))
  const keyed = outcomes.filter(({ unique }) => unique).map(({ id }) => id)
  const number = sql`(select seq from ${settlements} where worker = ${worker} and channel = ${channel})`
  const statements: Sql[] = [
    sql`delete j from ${jobs} j force index (primary) where (${ofAttempts(outcomes)}) and j.reserved_by = ${worker} and coalesce(${number}, 0) < ${seq}`,
    sql`update ${settlements} set seq = ${seq} + 0 * exp(if(row_count() = ${outcomes.length}, 0, 10000)), answer = null, at = ${nowMs(context)}
         where worker = ${worker} and channel = ${channel}`,
  ]
  if (keyed.length > 0) statements.push(freeKeys(context, keyed))
  if (runs.length > 0) statements.push(saveRunsStatement(context, runs))
  try {
    await context.connection.atOnce('settle', statements)
  } catch (error) {
    if (errorNumber(error) === OUT_OF_RANGE || faultOf(error) === 'row') return undefined
    throw error
  }
  return { applied: outcomes.map(({ id }) => id), lost: [], refused: [] }
}

/** The jobs by number of attempts: nearly always one list of ids. */
function ofAttempts(outcomes: readonly JobOutcome[]): Sql {
  const byAttempts = new Map<number, number[]>()
  for (const { id, attempts } of outcomes) {
    const ids = byAttempts.get(attempts)
    if (ids) ids.push(id)
    else byAttempts.set(attempts, [id])
  }
  const lists = [...byAttempts].map(([attempts, ids]) => sql`(${among('j.id', ids)} and j.attempts = ${attempts})`)
  return joined(lists, ' or ')
}

/** Reads the last number first: a settlement that was written is never written again. */
async function numbered(
  context: Context,
  { worker, seq, outcomes, channel = 0 }: Settlement,
  how: Alone,
): Promise<SettledOnce> {
  const { settlements } = context.names
  const mine = sql`worker = ${worker} and channel = ${channel}`
  return context.connection.transaction('settle', async (transaction) => {
    const [known] = await transaction.run(sql`select seq, answer from ${settlements} where ${mine} for update`)
    const row = known!.rows[0]
    if (row && Number(row.seq) >= seq)
      return { settled: remembered(outcomes, row.answer as string | null), written: false }
    const settled = await endings(context, transaction as Handle, worker, outcomes, how)
    await transaction.commit(sql`
      insert into ${settlements} (worker, channel, seq, answer, at)
      values (${worker}, ${channel}, ${seq}, ${exceptions(settled)}, ${nowMs(context)})
      on duplicate key update seq = values(seq), answer = values(answer), at = values(at)`)
    return { settled, written: true }
  })
}
