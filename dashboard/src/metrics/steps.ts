import type { MetricPoint } from '../api/client.ts'
import { merged } from './quantile.ts'

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

/** One sum per step of time from the one that holds `from` to the one that holds `to` (unix ms), also for steps in which nothing ended: a gap in work is no gap in the line. */
export function stepsOf(points: readonly MetricPoint[], stepMs: number, from: number, to: number): Step[] {
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

function nothing(): Sum {
  return { completed: 0, failed: 0, retried: 0, waits: [], runs: [] }
}

function add(sum: Sum, point: MetricPoint): void {
  sum.completed += point.completed
  sum.failed += point.failed
  sum.retried += point.retried
  sum.waits = merged(sum.waits, point.wait_counts)
  sum.runs = merged(sum.runs, point.run_counts)
}
