import type { QueueCounts, QueueState, Store, WorkerState } from '../store.ts'

export interface QueueStatus {
  queue: string
  /** Waiting and due. */
  due: number
  /** Waiting for their time. */
  delayed: number
  reserved: number
  /** Unix ms; null while the queue runs. */
  pausedAt: number | null
  pauseReason: string | null
  /** Live workers that take jobs of this queue. */
  workers: number
}

/** The state of everything at one moment. Times in unix ms, by the store's clock. */
export interface Status {
  at: number
  due: number
  delayed: number
  reserved: number
  failed: number
  /** The job that has been due for longest, in queues that are not paused. */
  oldestDue: { queue: string; createdAt: number; availableAt: number; ageMs: number } | null
  queues: QueueStatus[]
  /** Queues that hold jobs no live worker will take. */
  unserved: string[]
  workers: number
}

export async function readStatus(store: Store): Promise<Status> {
  const [{ now }, counts, states, workers, failed, oldestDue] = await Promise.all([
    store.ping(),
    store.counts(),
    store.queues(),
    store.workers(),
    store.countFailed(),
    store.oldestDue(),
  ])
  const queues = queueStatuses(counts, states, workers)
  const sum = (key: 'due' | 'delayed' | 'reserved') => queues.reduce((total, queue) => total + queue[key], 0)
  return {
    at: now,
    due: sum('due'),
    delayed: sum('delayed'),
    reserved: sum('reserved'),
    failed,
    oldestDue: oldestDue ?? null,
    queues,
    unserved: queues.filter(isUnserved).map(({ queue }) => queue),
    workers: workers.length,
  }
}

/** By name, whether they hold jobs, were configured, or are served. */
export function queueStatuses(
  counts: readonly QueueCounts[],
  states: readonly QueueState[],
  workers: readonly WorkerState[],
): QueueStatus[] {
  const byName = new Map<string, QueueStatus>()
  const of = (queue: string) => {
    const known = byName.get(queue) ?? newQueue(queue, workers)
    byName.set(queue, known)
    return known
  }
  for (const { queue, pausedAt, pauseReason } of states) Object.assign(of(queue), { pausedAt, pauseReason })
  for (const { queue, due, delayed, reserved } of counts) Object.assign(of(queue), { due, delayed, reserved })
  return [...byName.values()].sort((a, b) => (a.queue < b.queue ? -1 : 1))
}

/** A worker that is quiet or stops takes nothing more. */
export function serves(worker: WorkerState, queue: string): boolean {
  return worker.state === 'running' && worker.queues.includes(queue)
}

function newQueue(queue: string, workers: readonly WorkerState[]): QueueStatus {
  const serving = workers.filter((worker) => serves(worker, queue)).length
  return { queue, due: 0, delayed: 0, reserved: 0, pausedAt: null, pauseReason: null, workers: serving }
}

function isUnserved({ due, delayed, reserved, workers }: QueueStatus): boolean {
  return workers === 0 && due + delayed + reserved > 0
}
