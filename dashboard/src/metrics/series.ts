import type { Metrics } from '../api/client.ts'
import { merged, quantile } from './quantile.ts'
import { stepsOf } from './steps.ts'

/** Figures of one stretch of time, step by step; steps in which nothing happened stand as zero, not as a gap. */
export interface Series {
  /** Unix ms where each step begins. */
  times: number[]
  /** Attempts that completed, and jobs that failed for good, a minute. */
  completed: number[]
  failed: number[]
  /** Attempts by how long their job had been due, and by how long they ran: what quantiles are taken of. */
  waits: number[][]
  runs: number[][]
  boundsMs: readonly number[]
}

/** The last step is left out while it is under way: half a step's count would look like a slump. */
export function seriesOf(
  { points, bounds_ms }: Pick<Metrics, 'points' | 'bounds_ms'>,
  from: number,
  to: number,
  stepMs: number,
): Series {
  const steps = stepsOf(points, stepMs, from, to - stepMs)
  const minutes = stepMs / 60_000
  return {
    times: steps.map(({ at }) => at),
    completed: steps.map(({ completed }) => completed / minutes),
    failed: steps.map(({ failed }) => failed / minutes),
    waits: steps.map(({ waits }) => waits),
    runs: steps.map(({ runs }) => runs),
    boundsMs: bounds_ms,
  }
}

/** A quantile of each step, in ms; null where nothing was counted. */
export function quantilesOf(counts: readonly number[][], boundsMs: readonly number[], q: number): (number | null)[] {
  return counts.map((one) => quantile(one, boundsMs, q))
}

/** Completed attempts a minute, and the wait of all but the slowest twentieth, over the last `minutes` steps of a minute. */
export function latest(
  { completed, waits, boundsMs }: Series,
  minutes: number,
): { perMinute: number; waitMs: number | null } {
  const rates = completed.slice(-minutes)
  return {
    perMinute: rates.length === 0 ? 0 : rates.reduce((sum, rate) => sum + rate, 0) / rates.length,
    waitMs: quantile(waits.slice(-minutes).reduce<number[]>(merged, []), boundsMs, 0.95),
  }
}
