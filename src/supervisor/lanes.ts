import type { PoolPlan } from '../core/pools.ts'

/** Queues that the same processes of a pool serve. */
export interface Lane {
  /** Undefined: the worker process asks its handlers. */
  queues: readonly string[] | undefined
  least: number
  most: number
}

/** What the processes of a pool are shared among: all its queues together, or each queue by itself. */
export function lanesOf({ queues, balance, min, max }: PoolPlan): Lane[] {
  if (balance === 'off' || queues === undefined) return [{ queues, least: min, most: max }]
  if (balance === 'auto') {
    const most = max - (queues.length - 1) * min
    return queues.map((queue) => ({ queues: [queue], least: min, most }))
  }
  const [each, rest] = [Math.floor(max / queues.length), max % queues.length]
  return queues.map((queue, at) => {
    const share = each + (at < rest ? 1 : 0)
    return { queues: [queue], least: share, most: share }
  })
}

/** What tells a lane of one plan from those of another. */
export function laneKey({ queues }: Lane): string {
  return queues?.join(',') ?? '*'
}
