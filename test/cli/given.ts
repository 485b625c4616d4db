import type { NewWorker, Store } from '../../src/store.ts'
import { failure } from '../support/jobs.ts'

export const WORKER: NewWorker = {
  name: 'default',
  host: 'web-1',
  pid: 4_711,
  version: '0.1.0',
  queues: ['demo'],
  concurrency: 10,
  leaseMs: 30_000,
}

/** Reserves all that is due in the queue and fails it with this text. */
export async function failAll(store: Store, queue: string, text: string): Promise<void> {
  const worker = await store.register({ ...WORKER, queues: [queue] })
  const names = ['cases.fetch', 'orders.sync']
  const wish = { worker, queues: [queue], names, limit: 100, maxBytes: 1e6, singleTryLimit: 100, defaultTries: 3 }
  const { jobs } = await store.reserve(wish)
  const outcomes = jobs.map((job) => ({
    id: job.id,
    attempts: job.attempts,
    outcome: { kind: 'failed' as const, failure: failure(job, text) },
    unique: false,
  }))
  await store.settle({ worker, seq: 1, outcomes })
  await store.deregister(worker)
}
