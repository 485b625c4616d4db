import type { MetricPoint } from '../../api/client.ts'

export interface Step {
  at: number
  completed: number
  failed: number
  retried: number
  waitMs: number
  runMs: number
}

/** One sum per step of time, also for steps in which nothing ended: a gap in work is no gap in the line. */
export function stepsOf(points: readonly MetricPoint[], stepSeconds: number, from: number, to: number): Step[] {
  const stepMs = stepSeconds * 1_000
  const steps = new Map<number, Step>()
  const begin = Math.floor(from / stepMs) * stepMs
  for (let at = begin; at <= to; at += stepMs) {
    steps.set(at, { at, completed: 0, failed: 0, retried: 0, waitMs: 0, runMs: 0 })
  }
  for (const point of points) {
    const step = steps.get(Math.floor(Date.parse(point.at) / stepMs) * stepMs)
    if (step !== undefined) add(step, point)
  }
  return [...steps.values()]
}

export interface Total extends Omit<Step, 'at'> {
  queue: string
  name: string
}

/** One sum per queue and job over the whole period, the busiest first. */
export function totalsOf(points: readonly MetricPoint[]): Total[] {
  const totals = new Map<string, Total>()
  for (const point of points) {
    const { queue, name } = point
    const key = JSON.stringify([queue, name])
    const total = totals.get(key) ?? { queue, name, completed: 0, failed: 0, retried: 0, waitMs: 0, runMs: 0 }
    add(total, point)
    totals.set(key, total)
  }
  return [...totals.values()].sort((a, b) => attemptsOf(b) - attemptsOf(a))
}

export function attemptsOf({ completed, failed, retried }: Omit<Step, 'at'>): number {
  return completed + failed + retried
}

/** Mean per attempt; null where there was none: nothing is not zero. */
export function meanOf(sum: number, attempts: number): number | null {
  return attempts === 0 ? null : sum / attempts
}

function add(sum: Omit<Step, 'at'>, { completed, failed, retried, wait_ms: waitMs, run_ms: runMs }: MetricPoint): void {
  sum.completed += completed
  sum.failed += failed
  sum.retried += retried
  sum.waitMs += waitMs
  sum.runMs += runMs
}
