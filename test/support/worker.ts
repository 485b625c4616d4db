import type {
  JobOutcome,
  NewWorker,
  Reclaimed,
  Reservation,
  ReservedJob,
  ReserveRequest,
  Settled,
  SettledOutcome,
  Settlement,
  Store,
} from '../../src/store.ts'
import { FETCH, failure, SYNC } from './jobs.ts'

export const LEASE = 30_000

/** A worker as far as the store knows one: it reserves and settles, and it can vanish by never calling again. */
export class TestWorker {
  readonly id: number
  readonly #store: Store
  #seq = 0

  constructor(store: Store, id: number) {
    this.#store = store
    this.id = id
  }

  async reserve(request: Partial<ReserveRequest> = {}): Promise<ReservedJob[]> {
    return (await this.ask(request)).jobs
  }

  ask(request: Partial<ReserveRequest> = {}): Promise<Reservation> {
    return this.#store.reserve({
      worker: this.id,
      queues: ['default'],
      names: [FETCH, SYNC],
      limit: 100,
      maxBytes: 4 * 1024 * 1024,
      singleTryLimit: 100,
      defaultTries: 3,
      ...request,
    })
  }

  /** The one job that waits. */
  async reserveOne(request: Partial<ReserveRequest> = {}): Promise<ReservedJob> {
    const [job] = await this.reserve({ limit: 1, ...request })
    if (job === undefined) throw new Error('no job was reserved')
    return job
  }

  /** Settles with the next number. */
  settle(outcomes: readonly JobOutcome[], options: Partial<Settlement> = {}): Promise<Settled> {
    this.#seq += 1
    return this.#store.settle({ worker: this.id, seq: this.#seq, outcomes, ...options })
  }

  complete(...jobs: ReservedJob[]): Promise<Settled> {
    return this.settle(jobs.map((job) => ended(job, { kind: 'completed' })))
  }

  fail(...jobs: ReservedJob[]): Promise<Settled> {
    return this.settle(jobs.map((job) => ended(job, { kind: 'failed', failure: failure(job) })))
  }

  beat(held: readonly ReservedJob[] = [], leaseMs = LEASE) {
    return this.#store.heartbeat({
      worker: this.id,
      leaseMs,
      running: held.length,
      memoryBytes: 50_000_000,
      state: 'running',
      held: held.map(({ id, attempts }) => ({ id, attempts })),
    })
  }
}

export async function startWorker(store: Store, options: Partial<NewWorker> = {}): Promise<TestWorker> {
  const id = await store.register({
    name: 'default',
    host: 'web-1',
    pid: 4_711,
    version: '0.1.0',
    queues: ['default'],
    concurrency: 10,
    leaseMs: LEASE,
    ...options,
  })
  return new TestWorker(store, id)
}

/** Reclaims until no dead worker is left: a store may handle a few at a time. Its workers are told in order of their ids. */
export async function reclaimAll(store: Store): Promise<Reclaimed> {
  const sum: Reclaimed = { workers: [], returned: 0 }
  for (let round = 0; round < 100; round += 1) {
    const { workers, returned } = await store.reclaim()
    if (workers.length === 0) return { ...sum, workers: sum.workers.sort((a, b) => a - b) }
    sum.workers.push(...workers)
    sum.returned += returned
  }
  throw new Error(`reclaim found dead workers again and again: ${sum.workers.slice(0, 10)}`)
}

export function ended(job: { id: number; attempts: number }, outcome: SettledOutcome): JobOutcome {
  return { id: job.id, attempts: job.attempts, outcome, unique: true }
}
