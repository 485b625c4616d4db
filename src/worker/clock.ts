import { performance } from 'node:perf_hooks'

/**
 * Milliseconds that only ever grow, the same in every thread of the machine, unmoved when somebody sets the clock. All
 * deadlines and the worker's own view of its lease are in this time; they are never compared with a store's clock.
 */
export function steadyNow(): number {
  return performance.now() + OFFSET
}

const OFFSET = (() => {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1_000 + nanoseconds / 1e6 - performance.now()
})()

/** Longest delay a timer takes; a longer one would fire at once. */
export const LONGEST_TIMER = 2 ** 31 - 1

/** `ms` spread by ± a tenth, so that workers that failed or fell asleep together don't return together. */
export function jittered(ms: number): number {
  return ms * (0.9 + 0.2 * Math.random())
}

/** Wait after failure number `failures` in a row of a call to the store: 100 ms, doubled up to 5 s, spread. */
export function retryDelay(failures: number): number {
  return jittered(Math.min(5_000, 100 * 2 ** Math.min(failures - 1, 10)))
}

let wallOffset = Date.now() - steadyNow()

/** Follows the system clock again; called now and then, so that history shows the time people's clocks show. */
export function syncWallTime(): void {
  wallOffset = Date.now() - steadyNow()
}

/** Unix ms of a steady instant, for people and records only. */
export function wallTime(steady: number): number {
  return Math.round(steady + wallOffset)
}
