import type { MetricPoint } from '../api/client.ts'

/** Figures of one stretch of time, step by step; steps in which nothing happened stand as zero, not as a gap. */
export interface Series {
  /** Unix ms where each step begins. */
  times: number[]
  /** Attempts that completed, and jobs that failed for good, a minute. */
  completed: number[]
  failed: number[]
  /** Mean ms; null in steps without an attempt. */
  wait: (number | null)[]
  run: (number | null)[]
}

/** The last step is left out while it is under way: half a step's count would look like a slump. */
export function seriesOf(points: readonly MetricPoint[], from: number, to: number, stepMs: number): Series {
  const first = from - (from % stepMs)
  const steps = Math.max(0, Math.floor((to - first) / stepMs))
  const sums = Array.from({ length: steps }, () => ({ completed: 0, failed: 0, attempts: 0, wait: 0, run: 0 }))
  for (const point of points) {
    const sum = sums[Math.floor((Date.parse(point.at) - first) / stepMs)]
    if (sum === undefined) continue
    sum.completed += point.completed
    sum.failed += point.failed
    sum.attempts += attemptsOf(point)
    sum.wait += point.wait_ms
    sum.run += point.run_ms
  }
  const minutes = stepMs / 60_000
  return {
    times: sums.map((_sum, step) => first + step * stepMs),
    completed: sums.map(({ completed }) => completed / minutes),
    failed: sums.map(({ failed }) => failed / minutes),
    wait: sums.map(({ wait, attempts }) => (attempts === 0 ? null : wait / attempts)),
    run: sums.map(({ run, attempts }) => (attempts === 0 ? null : run / attempts)),
  }
}

export function attemptsOf({ completed, failed, retried, released, cancelled }: MetricPoint): number {
  return completed + failed + retried + released + cancelled
}

/** A minute's completed attempts and the mean wait over the last `minutes` whole minutes of a series of minutes. */
export function latest({ completed, wait }: Series, minutes: number): { perMinute: number; waitMs: number | null } {
  const rates = completed.slice(-minutes)
  const waits = wait.slice(-minutes).filter((ms) => ms !== null)
  return {
    perMinute: rates.length === 0 ? 0 : rates.reduce((sum, rate) => sum + rate, 0) / rates.length,
    waitMs: waits.length === 0 ? null : waits.reduce((sum, ms) => sum + ms, 0) / waits.length,
  }
}
