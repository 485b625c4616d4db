import type { JobOutcome, Settled, Settlement } from '../../store.ts'
import { exceptions, remembered } from '../sql/answer.ts'
import { raw, type Sql, sql } from '../sql/sql.ts'
import { called } from './calls.ts'
import { numberArray, textArray } from './client.ts'
import type { Run } from './connection.ts'
import { type Context, givenMs } from './context.ts'
import { faultOf } from './errors.ts'
import { saveRunsStatement } from './records.ts'
import { callersRun, patiently } from './transaction.ts'

/**
 * Writes outcomes in one call, together with the settlement's number in the worker's row, so that a repeated call finds its
 * answer. Where one row cannot be written as it is, the batch is written again job by job and that row stands alone.
 */
export function settling(context: Context) {
  return async function settle(settlement: Settlement): Promise<Settled> {
    const { tx, outcomes } = settlement
    if (tx !== undefined) {
      const run = await callersRun(context, tx)
      return patiently(context, run, () => inCallersTransaction(context, run, settlement))
    }
    if (hasTwice(outcomes)) return jobByJob(context, settlement)
    try {
      return await together(context, settlement)
    } catch (error) {
      if (faultOf(error) !== 'row') throw error
      return jobByJob(context, settlement)
    }
  }
}

async function together(context: Context, settlement: Settlement): Promise<Settled> {
  const { outcomes } = settlement
  const { connection } = context
  const statement = settleStatement(context, settlement)
  if (!outcomes.some(({ run }) => run))
    return remembered(outcomes, answerOf(await connection.query('lease', statement, { often: true })))
  return connection.transaction('lease', async (run) => {
    const settled = remembered(outcomes, answerOf(await run(statement)))
    await saveRuns(context, run, outcomes, settled.applied)
    return settled
  })
}

async function inCallersTransaction(context: Context, run: Run, { worker, outcomes }: Settlement): Promise<Settled> {
  const lost = await writeOutcomes(context, run, worker, outcomes)
  const settled = remembered(outcomes, JSON.stringify({ lost, refused: [] }))
  await saveRuns(context, run, outcomes, settled.applied)
  return settled
}

async function jobByJob(context: Context, { worker, channel = 0, seq, outcomes }: Settlement): Promise<Settled> {
  const workers = raw(context.names.own('workers'))
  const [seqColumn, answerColumn] = [raw(`settled_${channel}`), raw(`answer_${channel}`)]
  return context.connection.transaction('lease', async (run) => {
    const [known] = await run(
      sql`select ${seqColumn} >= ${seq} as written, ${answerColumn} as answer from ${workers} where id = ${worker} for no key update`,
    )
    if (known?.written) return remembered(outcomes, known.answer as string | null)
    const settled: Settled = { applied: [], lost: [], refused: [] }
    for (const outcome of outcomes) await alone(context, run, worker, outcome, settled)
    const answer = exceptions(settled)
    await run(sql`update ${workers} set ${seqColumn} = ${seq}, ${answerColumn} = ${answer} where id = ${worker}`)
    return settled
  })
}

async function alone(context: Context, run: Run, worker: number, outcome: JobOutcome, settled: Settled): Promise<void> {
  await run(raw('savepoint outcome'))
  try {
    const lost = await writeOutcomes(context, run, worker, [outcome])
    if (lost.length === 0) await saveRuns(context, run, [outcome], [outcome.id])
    settled[lost.length === 0 ? 'applied' : 'lost'].push(outcome.id)
  } catch (error) {
    if (faultOf(error) !== 'row') throw error
    await run(raw('rollback to savepoint outcome'))
    settled.refused.push({ id: outcome.id, error: error as Error })
  }
  await run(raw('release savepoint outcome'))
}

function settleStatement(context: Context, { worker, channel = 0, seq, outcomes }: Settlement): Sql {
  return called(context.calls.settle, [worker, channel, seq, ...written(context, outcomes)])
}

async function writeOutcomes(
  context: Context,
  run: Run,
  worker: number,
  outcomes: readonly JobOutcome[],
): Promise<number[]> {
  const [row] = await run(called(context.calls.writeOutcomes, [worker, ...written(context, outcomes)]))
  return row?.lost as number[]
}

/** What completions have nothing to say to. */
const NOTHING_MORE = new Array<null>(11).fill(null)

/** The outcomes as our functions take them. Plain completions, by far the most, are two arrays of numbers. */
function written(context: Context, outcomes: readonly JobOutcome[]): unknown[] {
  const ids = numberArray(outcomes.map(({ id }) => id))
  const attempts = numberArray(outcomes.map((outcome) => outcome.attempts))
  const { connectionName, wallClock } = context
  const rest = [connectionName, wallClock.zone, givenMs(context)]
  if (outcomes.every(({ outcome, unique }) => outcome.kind === 'completed' && !unique)) {
    return [ids, attempts, ...NOTHING_MORE, ...rest]
  }
  const ends = outcomes.filter(
    ({ outcome, unique }) => unique && outcome.kind !== 'retry' && outcome.kind !== 'released',
  )
  const failed = outcomes.flatMap(({ id, outcome }) => (outcome.kind === 'failed' ? [{ id, ...outcome.failure }] : []))
  const texts = (of: (failure: (typeof failed)[number]) => string | null | undefined) =>
    textArray(failed.map((failure) => of(failure) ?? null))
  return [
    ids,
    attempts,
    textArray(outcomes.map(({ outcome }) => outcome.kind)),
    numberArray(outcomes.map(({ outcome }) => ('delayMs' in outcome ? Math.ceil(outcome.delayMs) : null))),
    numberArray(ends.map(({ id }) => id)),
    numberArray(failed.map(({ id }) => id)),
    texts(({ uuid }) => uuid),
    texts(({ payload }) => payload),
    texts(({ exception }) => exception),
    texts(({ name }) => name),
    texts(({ fingerprint }) => fingerprint),
    texts(({ headline }) => headline),
    texts(({ surfaced }) => surfaced),
    ...rest,
  ]
}

async function saveRuns(
  context: Context,
  run: Run,
  outcomes: readonly JobOutcome[],
  applied: readonly number[],
): Promise<void> {
  const ids = new Set(applied)
  const runs = outcomes.flatMap((outcome) => (outcome.run && ids.has(outcome.id) ? [outcome.run] : []))
  if (runs.length > 0) await run(saveRunsStatement(context, runs))
}

function hasTwice(outcomes: readonly JobOutcome[]): boolean {
  return new Set(outcomes.map(({ id }) => id)).size < outcomes.length
}

function answerOf(rows: { answer?: unknown }[]): string | null {
  return (rows[0]?.answer as string | null | undefined) ?? null
}
