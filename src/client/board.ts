import type { QueueCounts, Store } from '../store.ts'

/** What `GET /status` says: counts at one moment, exact as of `at`. Times in unix ms, by the store's clock. */
export interface Board {
  at: number
  queues: QueueCounts[]
  failed: number
  /** The job that has been due for longest, in queues that are not paused. */
  oldestDue: { queue: string; createdAt: number; availableAt: number; ageMs: number } | null
}

/** From this on the two counts are read at once: their answer would be old before it is there. */
const SLOW_MS = 700

/**
 * Reads it, again and again. The two counts come one after the other: on large tables each takes a processor for a while, and
 * workers want one too.
 */
export function boardReader(store: Pick<Store, 'ping' | 'counts' | 'countFailed' | 'oldestDue'>): () => Promise<Board> {
  let tookMs = 0
  const inTurn = async () => {
    const queues = await store.counts()
    return [queues, await store.countFailed()] as const
  }
  return async () => {
    const from = performance.now()
    const counts = tookMs < SLOW_MS ? inTurn() : Promise.all([store.counts(), store.countFailed()])
    const [{ now }, oldestDue, [queues, failed]] = await Promise.all([store.ping(), store.oldestDue(), counts])
    tookMs = performance.now() - from
    return { at: now, queues, failed, oldestDue: oldestDue ?? null }
  }
}
