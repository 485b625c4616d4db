import { FaenaError, notAllowed } from '../../core/errors.ts'
import type { JobOutcome, Settled, Settlement } from '../../store.ts'
import { endJob, failJob, returnJob } from './ending.ts'
import type { JobRow } from './job-table.ts'
import { refuseTransaction } from './push.ts'
import { saveRun } from './records.ts'
import { dueTime } from './seconds.ts'
import { type Tables, wakeListeners } from './tables.ts'

export function settle(tables: Tables, settlement: Settlement): Settled {
  refuseTransaction(settlement.tx)
  const { seq, channel = 0, outcomes } = settlement
  const worker = tables.workers.get(settlement.worker)
  if (worker === undefined) return { applied: [], lost: outcomes.map(({ id }) => id), refused: [] }
  const earlier = worker.settled.get(channel)
  if (earlier?.seq === seq) return copyOf(earlier.answer)
  if (earlier && seq < earlier.seq) {
    throw notAllowed('BAD_ARGUMENT', 'seq', seq, `${earlier.seq} or more: later settlements are written already`)
  }
  const answer: Settled = { applied: [], lost: [], refused: [] }
  for (const outcome of outcomes) {
    const row = tables.jobs.byId(outcome.id)
    if (row === undefined || row.attempts !== outcome.attempts || row.reservedBy !== settlement.worker) {
      answer.lost.push(outcome.id)
      continue
    }
    const refusal = apply(tables, row, outcome)
    if (refusal) answer.refused.push({ id: row.id, error: refusal })
    else answer.applied.push(row.id)
  }
  worker.settled.set(channel, { seq, answer })
  wakeListeners(tables)
  return copyOf(answer)
}

/** Writes one outcome, or answers why it cannot be written and leaves the row as it was. */
function apply(tables: Tables, row: JobRow, { outcome, run }: JobOutcome): Error | undefined {
  switch (outcome.kind) {
    case 'completed':
    case 'cancelled':
      endJob(tables, row)
      break
    case 'failed':
      failJob(tables, row, outcome.failure)
      break
    case 'retry':
    case 'released': {
      const availableAt = dueTimeOrError(tables, outcome.delayMs)
      if (availableAt instanceof Error) return availableAt
      returnJob(tables, row, outcome.kind === 'released', availableAt)
    }
  }
  if (run) saveRun(tables, run)
  return undefined
}

function dueTimeOrError({ clock }: Tables, delayMs: number): number | FaenaError {
  try {
    return dueTime(clock(), { delayMs })
  } catch (error) {
    if (error instanceof FaenaError) return error
    throw error
  }
}

function copyOf({ applied, lost, refused }: Settled): Settled {
  return { applied: [...applied], lost: [...lost], refused: [...refused] }
}
