import { onTestFinished } from 'vitest'
import type { Handler } from '../../src/core/handler.ts'
import type { AnyJob } from '../../src/core/job.ts'
import { type PayloadOptions, writePayload } from '../../src/core/payload.ts'
import { uuidv7 } from '../../src/core/uuid.ts'
import type { NewJob, Store } from '../../src/store.ts'
import { type MemoryStore, memoryStore } from '../../src/stores/memory/store.ts'
import type { WorkerEvents } from '../../src/worker/events.ts'
import type { WorkerOptions } from '../../src/worker/options.ts'
import { createWorker, type Worker } from '../../src/worker/worker.ts'

export interface PushWish extends Partial<Omit<NewJob, 'uuid'>> {
  data?: string
  version?: number
  keepResultMs?: number
}

export function newJob(job: AnyJob, input: unknown = {}, { data, ...wish }: PushWish = {}): NewJob {
  const uuid = uuidv7()
  const options: PayloadOptions = { uuid, now: Date.now(), delayMs: 0, data: data ?? JSON.stringify(input) }
  const payload = writePayload(job, options)
  return { uuid, queue: job.queue, name: job.name, payload, maxAttempts: job.tries, priority: job.priority, ...wish }
}

/** Stores one job and answers its uuid. */
export async function push(store: Store, job: AnyJob, input: unknown = {}, wish: PushWish = {}): Promise<string> {
  const [pushed] = await store.push([newJob(job, input, wish)])
  return pushed!.uuid
}

export async function openMemory(): Promise<MemoryStore> {
  const store = memoryStore()
  await store.open()
  await store.migrate()
  return store
}

export interface Running {
  worker: Worker
  errors: unknown[]
}

/** A worker that has started, and is stopped when the test ends. */
export async function startWorker(
  store: Store,
  handlers: readonly Handler[],
  options: Partial<WorkerOptions> = {},
): Promise<Worker> {
  const worker = makeWorker(store, handlers, options)
  await worker.start()
  return worker
}

export function makeWorker(store: Store, handlers: readonly Handler[], options: Partial<WorkerOptions> = {}): Worker {
  const worker = createWorker({ store, handlers, leaseMs: 2_000, graceMs: 100, ...options })
  onTestFinished(async () => {
    await worker.stop({ graceMs: 0 })
  })
  return worker
}

/** Everything a worker told, by event and in order. */
export function listenTo<Name extends keyof WorkerEvents & string>(
  worker: Worker,
  ...names: Name[]
): { name: Name; event: WorkerEvents[Name] }[] {
  const told: { name: Name; event: WorkerEvents[Name] }[] = []
  for (const name of names) worker.events.on(name, (event) => told.push({ name, event }))
  return told
}

/** Resolves when the event has come so many times, with the last of them. */
export function nth<Name extends keyof WorkerEvents & string>(
  worker: Worker,
  name: Name,
  times: number,
): Promise<WorkerEvents[Name]> {
  return new Promise((resolve) => {
    let seen = 0
    const off = worker.events.on(name, (event) => {
      if (++seen < times) return
      off()
      resolve(event)
    })
  })
}

/** A store of which some calls are answered by the test. `original` is the store's own call. */
export function withCalls<Calls extends Partial<Store>>(store: Store, calls: (original: Store) => Calls): Store {
  const made = calls(store)
  return new Proxy(store, { get: (target, key) => Reflect.get(key in made ? made : target, key) as unknown })
}

/** A promise and what settles it. */
export function gate<T = void>(): { opened: Promise<T>; open: (value: T) => void } {
  const { promise, resolve } = Promise.withResolvers<T>()
  return { opened: promise, open: resolve }
}

/** Resolves when the signal is aborted, with its reason. */
export function abortOf(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason)
    else signal.addEventListener('abort', () => resolve(signal.reason))
  })
}
