import { isFaenaError } from '../../core/errors.ts'
import type { Failure, JobOutcome, NewRun, Settled, Settlement } from '../../store.ts'
import { exceptions, remembered } from '../sql/answer.ts'
import { type Context, dueSecond, idList } from './context.ts'
import { saveRun } from './records.ts'
import { type Handle, inTransaction } from './transaction.ts'

/**
 * Writes outcomes in one transaction at synchronous FULL, together with the settlement's number in the worker's row, so
 * that a repeated call finds its answer. The common case is one DELETE for the whole batch; only where that did not find
 * every row is the batch done again job by job to say which were lost.
 */
export function settling(context: Context) {
  return async function settle(settlement: Settlement): Promise<Settled> {
    if (settlement.tx !== undefined) {
      return inTransaction(settlement.tx, context.connection, (handle) => jobByJob(context, handle, settlement, false))
    }
    return context.connection.write('full', () => settleOnce(context, settlement))
  }
}

function settleOnce(context: Context, settlement: Settlement): Settled {
  const { connection } = context
  const { worker, seq, outcomes, channel = 0 } = settlement
  const row = connection.get(
    `select settled_${channel} as settled, answer_${channel} as answer from faena_workers where id = ?`,
    worker,
  )
  if (row && Number(row.settled) >= seq) return remembered(outcomes, row.answer as string | null)
  const settled = inOne(context, settlement) ?? jobByJob(context, connection, settlement, true)
  connection.run(
    `update faena_workers set settled_${channel} = ?, answer_${channel} = ? where id = ?`,
    seq,
    exceptions(settled),
    worker,
  )
  return settled
}

/**
 * The whole batch in as few statements as it has numbers of attempts, if all of it are plain completions and every row is
 * still the worker's. Otherwise undefined, with nothing changed.
 */
function inOne({ connection }: Context, { worker, outcomes }: Settlement): Settled | undefined {
  const byAttempts = new Map<number, number[]>()
  for (const { id, attempts, outcome, unique, run } of outcomes) {
    if (outcome.kind !== 'completed' || unique || run) return undefined
    const ids = byAttempts.get(attempts)
    if (ids) ids.push(id)
    else byAttempts.set(attempts, [id])
  }
  connection.prepare('savepoint completions').run()
  let deleted = 0
  for (const [attempts, ids] of byAttempts) deleted += connection.run(DELETE_COMPLETED, idList(ids), worker, attempts)
  if (deleted < outcomes.length) connection.prepare('rollback to completions').run()
  connection.prepare('release completions').run()
  return deleted < outcomes.length ? undefined : { applied: outcomes.map(({ id }) => id), lost: [], refused: [] }
}

/** `not indexed` keeps the planner on the row ids; the index on reserved_by would find the same rows more slowly. */
const DELETE_COMPLETED =
  'delete from jobs not indexed where id in (select value from json_each(?)) and reserved_by = ? and attempts = ?'

const MINE = 'id = ? and attempts = ? and reserved_by = ?'

/** One job at a time, each in a savepoint: a row that cannot be written stands alone. */
function jobByJob(context: Context, handle: Handle, { worker, outcomes }: Settlement, isolate: boolean): Settled {
  const settled: Settled = { applied: [], lost: [], refused: [] }
  for (const outcome of outcomes) {
    handle.prepare('savepoint outcome').run()
    try {
      const applied = write(context, handle, worker, outcome)
      settled[applied ? 'applied' : 'lost'].push(outcome.id)
    } catch (error) {
      if (!isolate || !isRowsFault(error)) throw error
      handle.prepare('rollback to outcome').run()
      settled.refused.push({ id: outcome.id, error: error as Error })
    }
    handle.prepare('release outcome').run()
  }
  return settled
}

const ROW_FAULTS = new Set([18, 19, 20, 25]) // too big, constraint, mismatch, range

function isRowsFault(error: unknown): boolean {
  if (isFaenaError(error)) return error.code === 'BAD_ARGUMENT'
  const code = (error as { errcode?: number }).errcode
  return code === undefined || ROW_FAULTS.has(code & 0xff)
}

/** False: the job is not this worker's any more, and nothing was changed. */
function write(
  context: Context,
  handle: Handle,
  worker: number,
  { id, attempts, outcome, unique, run }: JobOutcome,
): boolean {
  const now = context.now()
  const mine = [id, attempts, worker] as const
  switch (outcome.kind) {
    case 'retry':
      return changed(handle, `update jobs set reserved_at = null, reserved_by = null, available_at = ? where ${MINE}`, [
        dueSecond(now, outcome.delayMs),
        ...mine,
      ])
    case 'released':
      return changed(
        handle,
        `update jobs set reserved_at = null, reserved_by = null, available_at = ?, attempts = max(attempts - 1, 0) where ${MINE}`,
        [dueSecond(now, outcome.delayMs), ...mine],
      )
    case 'failed': {
      const row = handle.prepare(`select queue, payload from jobs where ${MINE}`).get(...mine) as
        | { queue: string; payload: string }
        | undefined
      if (!row) return false
      insertFailed(context, handle, row, outcome.failure)
      break
    }
  }
  if (!changed(handle, `delete from jobs where ${MINE}`, [...mine])) return false
  if (unique) freeKeys(handle, id)
  if (run) saveRun(handle, run as NewRun)
  return true
}

function changed(handle: Handle, sql: string, values: number[]): boolean {
  return Number(handle.prepare(sql).run(...values).changes) > 0
}

export function freeKeys(handle: Handle, jobId: number): void {
  handle.prepare(`delete from faena_locks where job_id = ? and until <> 'window'`).run(jobId)
}

/**
 * A copy of the job that an earlier retry (Laravel's, which takes two transactions) left behind is overwritten: one uuid
 * has one row here, and the newest failure is the one to read.
 */
export function insertFailed(
  { now, wallClock, connectionName }: Context,
  handle: Handle,
  row: { queue: string; payload: string },
  failure: Failure,
): number {
  const { uuid, exception, name, fingerprint, headline, surfaced } = failure
  handle.prepare('delete from failed_jobs where uuid = ?').run(uuid)
  const { lastInsertRowid } = handle
    .prepare(
      'insert into failed_jobs (uuid, connection, queue, payload, exception, failed_at) values (?, ?, ?, ?, ?, ?)',
    )
    .run(uuid, connectionName, row.queue, failure.payload ?? row.payload, exception, wallClock.text(now()))
  const id = Number(lastInsertRowid)
  handle
    .prepare(
      'insert or replace into faena_failed (uuid, failed_id, name, fingerprint, headline, surfaced) values (?, ?, ?, ?, ?, ?)',
    )
    .run(uuid, id, name, fingerprint, headline, surfaced)
  return id
}
