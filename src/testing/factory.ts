import { createQueue, type DispatchOptions } from '../client/queue.ts'
import { FaenaError } from '../core/errors.ts'
import { failureOf } from '../core/failure.ts'
import { type AnyJob, defineJob } from '../core/job.ts'
import { POLICY_DEFAULTS } from '../core/outcome.ts'
import type { StandardSchema } from '../core/schema.ts'
import type { FailedJob, ReservedJob, SettledOutcome, Store, StoredJob } from '../store.ts'

/** What matters of a job to the test; the factory makes up the rest. */
export interface JobWish extends Omit<DispatchOptions, 'tx'> {
  /** Default: a job `example` that takes any input. */
  job?: AnyJob
  input?: unknown
}

/** Makes jobs in the state a test needs, by the same steps that lead there in production. */
export interface JobFactory {
  pending(wish?: JobWish): Promise<StoredJob>
  /** Delayed by an hour unless the wish says otherwise. */
  delayed(wish?: JobWish): Promise<StoredJob>
  /** Reserved by a worker of its own, whose lease lasts a day and which does nothing. */
  reserved(wish?: JobWish): Promise<StoredJob & { reservedBy: number }>
  /** In failed_jobs, with this error. */
  failed(wish?: JobWish & { error?: unknown }): Promise<FailedJob>
}

const DAY_MS = 86_400_000
const anything: StandardSchema = {
  '~standard': { version: 1, vendor: 'faena', validate: (value) => ({ value }) },
}
const example = defineJob({ name: 'example', input: anything })

export function jobFactory(store: Store): JobFactory {
  const queue = createQueue({ store })
  const dispatch = async ({ job = example, input = {}, ...options }: JobWish) => {
    const { uuid, outcome } = await queue.dispatch(job, input, options)
    if (outcome !== 'dispatched')
      throw new FaenaError('UNIQUE_KEY_TAKEN', `The factory's job was ${outcome}; wish for another key`)
    return found(await store.get(uuid), uuid)
  }
  const reserve = async (wish: JobWish) => {
    const job = await dispatch({ ...wish, delay: undefined, availableAt: undefined })
    const worker = await idleWorker(store, job.queue)
    return { worker, job: await reserveOnly(store, worker, job) }
  }
  return {
    pending: (wish = {}) => dispatch(wish),
    delayed: (wish = {}) => dispatch(wish.availableAt === undefined ? { delay: '1h', ...wish } : wish),
    async reserved(wish = {}) {
      const { worker, job } = await reserve(wish)
      return { ...found(await store.get(job.id), job.id), reservedBy: worker }
    },
    async failed({ error = new Error('It failed'), ...wish } = {}) {
      const { worker, job } = await reserve(wish)
      const failure = failureOf(job, error)
      await settle(store, worker, 2, [job], { kind: 'failed', failure })
      await store.deregister(worker)
      return found(await store.getFailed(failure.uuid), failure.uuid)
    },
  }
}

function idleWorker(store: Store, queue: string): Promise<number> {
  const version = 'testing'
  return store.register({
    name: 'factory',
    host: 'test',
    pid: 1,
    version,
    queues: [queue],
    concurrency: 1,
    leaseMs: DAY_MS,
  })
}

/** A store chooses what it gives; what came before the wanted job goes back at once. */
async function reserveOnly(store: Store, worker: number, { id, queue, name }: StoredJob): Promise<ReservedJob> {
  const { jobs } = await store.reserve({
    worker,
    queues: [queue],
    names: name === null ? [] : [name],
    limit: 10_000,
    maxBytes: Number.MAX_SAFE_INTEGER,
    singleTryLimit: 10_000,
    defaultTries: POLICY_DEFAULTS.tries,
  })
  const others = jobs.filter((job) => job.id !== id)
  if (others.length > 0) await settle(store, worker, 1, others, { kind: 'released', delayMs: 0 })
  return found(
    jobs.find((job) => job.id === id),
    id,
  )
}

async function settle(
  store: Store,
  worker: number,
  seq: number,
  jobs: readonly ReservedJob[],
  outcome: SettledOutcome,
): Promise<void> {
  const outcomes = jobs.map(({ id, attempts }) => ({ id, attempts, outcome, unique: true }))
  await store.settle({ worker, seq, outcomes })
}

function found<Row>(row: Row | undefined, ref: number | string): Row {
  if (row !== undefined) return row
  throw new FaenaError('NOT_FOUND', `The factory's job ${ref} is not there: is its queue paused, or does a worker run?`)
}
