import type { Reclaimed } from '../../store.ts'
import type { RetryAfter } from './retry-after.ts'

/** Looks take up a fiftieth of the time at most, however large the table. */
const SHARE = 50

export interface Leftovers {
  retryAfter: RetryAfter
  /** Ms that only ever grow. */
  clock?: () => number
  /** Takes back what PHP's workers reserved longer ago than that. Answers how many jobs. */
  giveBack(retryAfterMs: number): Promise<number>
}

/**
 * With a `retry_after` configured, jobs that PHP's workers reserved longer ago than that are given back, as those workers
 * would do themselves: the attempt counts. Nothing lists these jobs (an index of them would be written by every reserve), so
 * it takes a look at the whole table, three times in each `retry_after`.
 */
export function withPhpsLeftovers(
  reclaim: () => Promise<Reclaimed>,
  { retryAfter, clock = () => performance.now(), giveBack }: Leftovers,
): () => Promise<Reclaimed> {
  let lookAt = Number.NEGATIVE_INFINITY

  return async () => {
    const reclaimed = await reclaim()
    if (retryAfter.given === undefined) return reclaimed
    // How long PHP's rows may be left alone is known here alone: it is never calm.
    const { workers, returned } = reclaimed
    if (clock() < lookAt) return { workers, returned }
    const started = performance.now()
    lookAt = Number.POSITIVE_INFINITY
    try {
      const given = await giveBack(retryAfter.given)
      return { workers, returned: returned + given }
    } finally {
      lookAt = clock() + Math.max(retryAfter.given / 3, SHARE * (performance.now() - started))
    }
  }
}
