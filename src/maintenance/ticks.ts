import { nextRun, type Timing } from '../core/cron.ts'
import type { Schedule } from '../store.ts'

/** A run this much late counts as missed, for schedules that skip those: longer than a restart takes. */
export const ON_TIME_MS = 60_000

/** With `missed: 'all'`, at most so many runs are made up after a standstill: the latest ones. */
export const CATCH_UP_LIMIT = 100

export interface DueTicks {
  /** To be fired, in order; none where all that is due was missed and is to be skipped. */
  ticks: number[]
  /** The first run after `now`; null if there is none any more. */
  next: number | null
  /** Runs before the first of `ticks` are left out. */
  dropped: boolean
}

/**
 * What is due of a schedule, by its policy for missed runs: `once` gives the latest, `skip` the latest if it is still on
 * time, `all` the latest hundred. Undefined as long as nothing is due.
 */
export function dueTicks(
  { nextAt, timing, missed }: Pick<Schedule, 'nextAt' | 'timing' | 'missed'>,
  now: number,
): DueTicks | undefined {
  if (nextAt === null || nextAt > now) return undefined
  const latest = latestRuns(timing, nextAt, now, missed === 'all' ? CATCH_UP_LIMIT : 1)
  const ticks = missed === 'skip' ? latest.filter((tick) => now - tick <= ON_TIME_MS) : latest
  return { ticks, next: nextRun(timing, now), dropped: ticks[0] !== nextAt }
}

/**
 * The last `limit` runs from `first`, which is one itself, up to `now`. Looks back from `now` in a window that doubles, so
 * that a year's standstill of a schedule of every second costs hundreds of steps, not millions.
 */
function latestRuns(timing: Timing, first: number, now: number, limit: number): number[] {
  let window = 1_000
  while (now - window > first && runsBetween(timing, now - window, now, limit).length < limit) window *= 2
  const runs = runsBetween(timing, Math.max(now - window, first), now)
  if (now - window <= first) runs.unshift(first)
  return runs.slice(-limit)
}

/** Runs in (from, to]. */
function runsBetween(timing: Timing, from: number, to: number, limit = Number.POSITIVE_INFINITY): number[] {
  const runs: number[] = []
  for (let at = nextRun(timing, from); at !== null && at <= to && runs.length < limit; at = nextRun(timing, at)) {
    runs.push(at)
  }
  return runs
}
