import type { QueueCounts, Store } from '../store.ts'

/** What `GET /status` says: counts at one moment, exact as of `at`. Times in unix ms, by the store's clock. */
export interface Board {
  at: number
  queues: QueueCounts[]
  failed: number
  /** The job that has been due for longest, in queues that are not paused. */
  oldestDue: { queue: string; createdAt: number; availableAt: number; ageMs: number } | null
}

export async function readBoard(store: Pick<Store, 'ping' | 'counts' | 'countFailed' | 'oldestDue'>): Promise<Board> {
  const [{ now }, oldestDue, [queues, failed]] = await Promise.all([store.ping(), store.oldestDue(), bothCounts(store)])
  return { at: now, queues, failed, oldestDue: oldestDue ?? null }
}

/** One after the other: on large tables each takes a processor for a while, and workers want one too. */
async function bothCounts(store: Pick<Store, 'counts' | 'countFailed'>): Promise<[QueueCounts[], number]> {
  const queues = await store.counts()
  return [queues, await store.countFailed()]
}
