import { FaenaError } from '../core/errors.ts'
import type { Handler } from '../core/handler.ts'
import type { Store } from '../store.ts'
import { createWorker } from '../worker/worker.ts'
import type { FakeClock } from './clock.ts'

export interface DrainOptions {
  /** Only this queue; left out, all of them, in the order of their names. */
  queue?: string
  /** The store's own fake clock: delayed jobs and retries are run too, the clock jumping to each in turn. */
  clock?: FakeClock
  /** Jobs at once; default 1, so that a test sees them one after another. */
  concurrency?: number
}

/** Attempts by how they ended. */
export interface Drained {
  completed: number
  failed: number
  retried: number
  released: number
  /** What the attempts that did not complete threw, in order. */
  errors: unknown[]
}

const MOST_ROUNDS = 1_000

/**
 * Runs what is due in a store, with a worker as in production, and resolves when nothing is due any more. A job that must
 * wait (a delay, a backoff) stays, unless the fake clock of the store is given.
 */
export async function drain(
  from: Store | { readonly store: Store },
  handlers: readonly Handler[],
  options: DrainOptions = {},
): Promise<Drained> {
  const store = 'store' in from ? from.store : from
  const drained: Drained = { completed: 0, failed: 0, retried: 0, released: 0, errors: [] }
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const queues = await queuesOf(store, options)
    if (queues.length > 0) await work(store, handlers, queues, options.concurrency ?? 1, drained)
    const next = options.clock && (await nextDue(store, handlers, options))
    if (next === undefined) return drained
    options.clock?.set(next)
  }
  throw new FaenaError(
    'UNSUPPORTED',
    `Jobs still come back after ${MOST_ROUNDS} rounds; one of them is retried without end`,
  )
}

async function work(
  store: Store,
  handlers: readonly Handler[],
  queues: readonly string[],
  concurrency: number,
  drained: Drained,
): Promise<void> {
  const worker = createWorker({ store, handlers, queues, concurrency, stopWhenEmpty: true, name: 'drain' })
  worker.events.on('completed', () => {
    drained.completed += 1
  })
  worker.events.on('released', () => {
    drained.released += 1
  })
  worker.events.on('retrying', ({ error }) => {
    drained.retried += 1
    drained.errors.push(error)
  })
  worker.events.on('failed', ({ error }) => {
    drained.failed += 1
    drained.errors.push(error)
  })
  await worker.start()
  await worker.stopped
}

async function queuesOf(store: Store, { queue }: DrainOptions): Promise<string[]> {
  if (queue !== undefined) return [queue]
  return (await store.counts()).map((counts) => counts.queue)
}

/** When the first job that one of the handlers runs comes due. */
async function nextDue(
  store: Store,
  handlers: readonly Handler[],
  { queue }: DrainOptions,
): Promise<number | undefined> {
  const names = new Set(handlers.map(({ job }) => job.name))
  let next: number | undefined
  let cursor: string | undefined
  do {
    const page = await store.list({ status: 'delayed', queue }, { limit: 500, cursor })
    for (const { name, availableAt } of page.rows) {
      if (name !== null && names.has(name)) next = Math.min(next ?? availableAt, availableAt)
    }
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  return next
}
