import type { MetricPoint } from '../../api/client.ts'

/** What attempts came to, and how they lie in the buckets of waiting and running times. */
export interface Sum {
  completed: number
  failed: number
  retried: number
  /** Attempts by their length, bucket by bucket of the bounds; the last are beyond all. */
  waits: number[]
  runs: number[]
}

export interface Step extends Sum {
  at: number
}

/** One sum per step of time, also for steps in which nothing ended: a gap in work is no gap in the line. */
export function stepsOf(points: readonly MetricPoint[], stepSeconds: number, from: number, to: number): Step[] {
  const stepMs = stepSeconds * 1_000
  const steps = new Map<number, Step>()
  const begin = Math.floor(from / stepMs) * stepMs
  for (let at = begin; at <= to; at += stepMs) steps.set(at, { at, ...nothing() })
  for (const point of points) {
    const step = steps.get(Math.floor(Date.parse(point.at) / stepMs) * stepMs)
    if (step !== undefined) add(step, point)
  }
  return [...steps.values()]
}

export interface Total extends Sum {
  queue: string
  name: string
}

/** One sum per queue and job over the whole period, the busiest first. */
export function totalsOf(points: readonly MetricPoint[]): Total[] {
  const totals = new Map<string, Total>()
  for (const point of points) {
    const { queue, name } = point
    const key = JSON.stringify([queue, name])
    const total = totals.get(key) ?? { queue, name, ...nothing() }
    add(total, point)
    totals.set(key, total)
  }
  return [...totals.values()].sort((a, b) => attemptsOf(b) - attemptsOf(a))
}

export function attemptsOf({ completed, failed, retried }: Sum): number {
  return completed + failed + retried
}

/**
 * The length that a share of all attempts stayed below, from merged buckets: percentiles of parts can't be averaged. Between
 * the bounds of a bucket its attempts count as evenly spread; beyond the last bound, that bound is all that is known. Null
 * where there was no attempt: nothing is not zero.
 */
export function percentile(counts: readonly number[], bounds: readonly number[], share: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total === 0) return null
  let below = 0
  for (const [bucket, count] of counts.entries()) {
    const high = bounds[bucket]
    if (high === undefined) break
    const low = bucket === 0 ? 0 : (bounds[bucket - 1] ?? 0)
    if (below + count >= share * total && count > 0) return low + ((share * total - below) / count) * (high - low)
    below += count
  }
  return bounds.at(-1) ?? null
}

function nothing(): Sum {
  return { completed: 0, failed: 0, retried: 0, waits: [], runs: [] }
}

function add(sum: Sum, point: MetricPoint): void {
  sum.completed += point.completed
  sum.failed += point.failed
  sum.retried += point.retried
  addEach(sum.waits, point.wait_counts)
  addEach(sum.runs, point.run_counts)
}

function addEach(sums: number[], counts: readonly number[]): void {
  for (const [bucket, count] of counts.entries()) sums[bucket] = (sums[bucket] ?? 0) + count
}
