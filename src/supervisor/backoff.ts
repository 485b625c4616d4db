/** Rules of starting again after deaths: pure, so that they can be read and tested without a process. */

/** A life that ended before it was ready, or so soon after, was a quick death. */
export const QUICK_MS = 10_000

export interface Pauses {
  firstMs: number
  longestMs: number
}

/** Of `faena work` and `faena start`. */
export const PARENT_PAUSES: Pauses = { firstMs: 1_000, longestMs: 30_000 }
/** Of a pool, which has others that go on meanwhile. */
export const POOL_PAUSES: Pauses = { firstMs: 500, longestMs: 30_000 }

/** Ms to wait before the next start, after so many quick deaths in a row. */
export function pauseAfter(quickDeaths: number, { firstMs, longestMs }: Pauses = PARENT_PAUSES): number {
  return quickDeaths === 0 ? 0 : Math.min(longestMs, firstMs * 2 ** Math.min(quickDeaths - 1, 30))
}

/** After so many quick deaths in a row of each of its processes, a pool is quarantined. */
export const QUARANTINE_DEATHS = 5
const FIRST_QUARANTINE_MS = 60_000
const LONGEST_QUARANTINE_MS = 900_000

/**
 * Whether a pool dies at once again and again: all of its processes do, so that starting them goes on burning the machine
 * and mends nothing. One that lives keeps the others trying.
 */
export function mustQuarantine(quickDeaths: readonly number[], limit = QUARANTINE_DEATHS): boolean {
  return quickDeaths.length > 0 && quickDeaths.every((deaths) => deaths >= limit)
}

/** Ms until one process is tried again: doubled with each trial that died as well. */
export function quarantineFor(trials: number, firstMs = FIRST_QUARANTINE_MS): number {
  return Math.min(LONGEST_QUARANTINE_MS, firstMs * 2 ** Math.min(trials, 30))
}
