import { notAllowed } from '../core/errors.ts'
import { sumOfCounts } from '../core/histogram.ts'
import type { MetricRow } from '../store.ts'

const MINUTE = 60_000
const MOST_STEPS = 2_000

export interface SeriesWindow {
  /** Unix ms. */
  from: number
  to: number
  stepMs?: number
}

/** What attempts came to in one step of time, of one queue and job. */
export interface SeriesPoint extends Omit<MetricRow, 'minute'> {
  /** Unix ms of the step's start. */
  at: number
}

/** A window in whole steps. Throws BAD_ARGUMENT. */
export function checkedWindow({ from, to, stepMs = MINUTE }: SeriesWindow, least = MINUTE): Required<SeriesWindow> {
  for (const [name, value] of Object.entries({ from, to })) {
    if (!Number.isSafeInteger(value) || value < 0) throw notAllowed('BAD_ARGUMENT', name, value, 'unix milliseconds')
  }
  if (!(to > from)) throw notAllowed('BAD_ARGUMENT', 'to', to, 'an instant after `from`')
  if (!(Number.isSafeInteger(stepMs) && stepMs >= least && stepMs % MINUTE === 0)) {
    throw notAllowed('BAD_ARGUMENT', 'step', stepMs, `whole minutes, at least ${least / MINUTE}`)
  }
  if ((to - from) / stepMs > MOST_STEPS) {
    throw notAllowed('BAD_ARGUMENT', 'step', stepMs, `one that parts the window into at most ${MOST_STEPS} steps`)
  }
  return { from: Math.floor(from / stepMs) * stepMs, to, stepMs }
}

/** Minutes summed into steps, by queue and job; oldest first. */
export function seriesOf(rows: readonly MetricRow[], { from, stepMs }: Required<SeriesWindow>): SeriesPoint[] {
  const points = new Map<string, SeriesPoint>()
  for (const { minute, ...row } of rows) {
    const at = from + Math.floor((minute - from) / stepMs) * stepMs
    const place = JSON.stringify([at, row.queue, row.name])
    const known = points.get(place)
    if (known === undefined) {
      points.set(place, { at, ...row })
      continue
    }
    for (const key of SUMS) known[key] += row[key]
    known.waits = sumOfCounts(known.waits, row.waits)
    known.runs = sumOfCounts(known.runs, row.runs)
  }
  return [...points.values()].sort((a, b) => a.at - b.at || order(a.queue, b.queue) || order(a.name, b.name))
}

const SUMS = [
  ...(['dispatched', 'started', 'completed', 'failed', 'retried', 'released', 'cancelled', 'waitMs', 'runMs'] as const),
]

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
