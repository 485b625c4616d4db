import type { Status } from '../api/client.ts'

/** Data of a `counts` event. */
export interface Counts {
  at: string
  queues: { queue: string; due: number; delayed: number; reserved: number }[]
  failed_jobs_count: number
  oldest_pending_age_seconds: number | null
}

/** The status as of the counts that were told; what they do not hold stays as it was read. */
export function withCounts(known: Status, { queues, failed_jobs_count, oldest_pending_age_seconds }: Counts): Status {
  const counted = (of: (queue: Counts['queues'][number]) => number) =>
    queues.map((queue) => ({ queue: queue.queue, count: of(queue) })).filter(({ count }) => count > 0)
  return {
    ...known,
    pending_jobs: counted(({ due, delayed }) => due + delayed),
    reserved_jobs: counted(({ reserved }) => reserved),
    delayed_jobs: counted(({ delayed }) => delayed),
    failed_jobs_count,
    oldest_pending_age_seconds,
    oldest_pending_job: oldest_pending_age_seconds === null ? null : known.oldest_pending_job,
  }
}
