import { FaenaError } from '../core/errors.ts'
import type { Handler } from '../core/handler.ts'
import { type AnyJob, DEFAULT_QUEUE } from '../core/job.ts'
import type { Settings } from '../core/settings.ts'
import { maskedUrl, parseUrl } from '../core/url.ts'
import type { Store } from '../store.ts'
import { openStore } from '../stores/open.ts'
import { EXIT } from '../supervisor/exit-codes.ts'
import type { Controls } from '../supervisor/wire.ts'
import type { StopReason } from '../worker/stopping.ts'
import { createWorker, type Worker } from '../worker/worker.ts'
import { type Background, backgroundOf } from './background.ts'
import { type Configuration, loadConfiguration } from './config.ts'
import { checkConnection } from './connection-name.ts'
import { loadHandlers } from './handlers.ts'
import { outliveReaders, type Streams } from './output.ts'
import { type WorkerVoice, workerVoice } from './voice.ts'
import type { WorkOrder } from './work-order.ts'

/** What the process around it does for a worker. */
export interface Host {
  streams: Streams
  /** The dead worker this one stands in for. */
  replaces: number | null
  /** 0 for the first process of a command. */
  generation: number
  /** Hands over what signals and a parent act on; called before anything takes long. */
  control(controls: Controls): void
  ready(graceMs: number): void
  registered(worker: number): void
}

const GRACE_MS = 10_000

const CODES: Record<StopReason, number> = {
  interrupted: EXIT.ok,
  empty: EXIT.ok,
  max_time: EXIT.ok,
  max_jobs: EXIT.ok,
  memory: EXIT.memory,
  restart: EXIT.restart,
  stuck: EXIT.stuck,
}

/**
 * One worker process from start to end: configuration, handlers, store, worker, scheduler, janitor. Resolves to its exit
 * code; handlers that did not obey may still run then, so the caller ends the process.
 */
export async function runWorker(order: WorkOrder, host: Host): Promise<number> {
  const life = new Life()
  host.control(life)
  outliveReaders(host.streams)
  const configuration = await loadConfiguration(host.streams.env, order.config)
  const { settings } = configuration
  const handlers = await handlersOf(order, configuration)
  const queues = queuesOf(order, settings, handlers)
  process.title = `faena queue:work ${order.name} ${queues.join(',')}`

  const { url, timezone, connection } = settings
  const store = await openStore(url, { timezone, connection })
  const voice = workerVoice(order, settings, host.streams)
  try {
    const background = backgroundOf({
      store,
      settings,
      jobs: jobsOf(settings, handlers),
      leaseMs: order.leaseMs ?? settings.leaseMs,
      notice: voice.notice,
      onError: voice.error,
    })
    const worker =
      handlers.length === 0 ? undefined : workerOf(order, settings, { store, handlers, queues, host, voice })
    worker?.events.on('registered', (event) => host.registered(event.worker))
    voice.banner({
      queues,
      jobs: handlers.map(({ job }) => job.name),
      database: maskedUrl(url),
      graceMs: order.graceMs ?? GRACE_MS,
      again: host.generation > 0,
    })
    const reason = await live(life, order, host, worker, background)
    voice.farewell(reason)
    return CODES[reason]
  } finally {
    await store.close()
    await voice.end()
  }
}

/** The stop may come at any moment, also before there is a worker; then it waits here. */
class Life implements Controls {
  readonly asked = Promise.withResolvers<void>()
  stopping = false
  worker: Worker | undefined
  #now = false

  stop(): void {
    this.stopping = true
    this.asked.resolve()
    void this.worker?.stop()
  }

  stopNow(): void {
    this.#now = true
    this.stop()
    void this.worker?.stop({ graceMs: 0 })
  }

  quiet(): void {
    this.worker?.quiet()
  }

  resume(): void {
    this.worker?.resume()
  }

  lead(worker: Worker): void {
    this.worker = worker
    if (this.stopping) void worker.stop(this.#now ? { graceMs: 0 } : {})
  }
}

async function live(
  life: Life,
  order: WorkOrder,
  host: Host,
  worker: Worker | undefined,
  background: Background,
): Promise<StopReason> {
  const endsSoon = order.once === true || order.stopWhenEmpty === true
  if (life.stopping) return 'interrupted'
  if (endsSoon) await background.reclaimOnce()
  else await background.start()
  try {
    if (worker === undefined) {
      host.ready(GRACE_MS)
      await life.asked.promise
      return 'interrupted'
    }
    const started = worker.start()
    life.lead(worker)
    await started
    // The lease of the process before this one ended with the registration: its jobs need not wait for the janitor.
    if (host.replaces !== null) await background.reclaimOnce()
    host.ready(order.graceMs ?? GRACE_MS)
    const watch = order.emptyForMs === undefined ? undefined : stopWhenIdleFor(worker, order.emptyForMs)
    const reason = await worker.stopped
    clearInterval(watch)
    return reason
  } finally {
    await background.stop()
  }
}

/** Laravel's --stop-when-empty-for: nothing was processed for so long. */
function stopWhenIdleFor(worker: Worker, ms: number): NodeJS.Timeout {
  let busyAt = performance.now()
  worker.events.on('started', () => {
    busyAt = performance.now()
  })
  return setInterval(() => {
    if (worker.running > 0) busyAt = performance.now()
    else if (performance.now() - busyAt >= ms) void worker.stop()
  }, 100)
}

interface Parts {
  store: Store
  handlers: readonly Handler[]
  queues: readonly string[]
  host: Host
  voice: WorkerVoice
}

/** A flag that was given wins over the configuration. */
function workerOf(order: WorkOrder, settings: Settings, { store, handlers, queues, host, voice }: Parts): Worker {
  const worker = createWorker({
    store,
    handlers,
    queues,
    name: order.name,
    concurrency: order.concurrency ?? settings.concurrency,
    tries: order.tries ?? settings.tries,
    timeoutMs: order.timeoutMs ?? settings.timeoutMs,
    backoff: order.backoffMs ?? backoffOf(settings),
    leaseMs: order.leaseMs ?? settings.leaseMs,
    sleepMs: order.sleepMs ?? settings.sleepMs,
    restMs: order.restMs,
    graceMs: order.graceMs ?? GRACE_MS,
    maxJobs: order.maxJobs,
    maxTimeMs: order.maxTimeMs,
    memoryLimitBytes: (order.memoryMb ?? 0) * 1_048_576,
    once: order.once,
    stopWhenEmpty: order.stopWhenEmpty,
    surface: settings.surface,
    replaces: host.replaces ?? undefined,
    heartbeat: heartbeatOf(settings),
    onError: voice.error,
  })
  voice.follow(worker.events)
  return worker
}

/** A database in memory is one process's own; its heartbeat thread would open another. */
function heartbeatOf({ url, timezone, connection }: Settings) {
  const place = parseUrl(url)
  const inMemory = place.kind === 'memory' || (place.kind === 'sqlite' && place.path === ':memory:')
  return inMemory ? undefined : { url, timezone, connection }
}

function backoffOf({ backoff }: Settings) {
  return Array.isArray(backoff) ? backoff : { ...backoff }
}

async function handlersOf(order: WorkOrder, { settings, folder, path }: Configuration): Promise<Handler[]> {
  checkConnection(order.connection, settings.connection, 'Queues are named with --queue')
  if (settings.sync) {
    throw new FaenaError(
      'UNSUPPORTED',
      'QUEUE_CONNECTION is sync: jobs run where they are dispatched, and there is nothing for a worker to do. Set QUEUE_CONNECTION=database.',
    )
  }
  const handlers = await loadHandlers(settings.handlers, folder)
  if (handlers.length > 0 || (order.kind === 'start' && settings.handlers.length === 0)) return handlers
  const where =
    path === null
      ? 'there is no faena.config.ts here'
      : `${path} names ${settings.handlers.length === 0 ? 'none' : 'files that export none'}`
  throw new FaenaError(
    'BAD_CONFIGURATION',
    `A worker needs handlers, and ${where}; name their files: handlers: ['handlers.ts']`,
  )
}

/** Without a word on queues from anybody, a worker serves `default` and then all that its handlers' jobs go to. */
function queuesOf(order: WorkOrder, settings: Settings, handlers: readonly Handler[]): readonly string[] {
  if (order.queues !== undefined) return order.queues
  if (settings.from.queues !== undefined) return settings.queues
  return [...new Set([DEFAULT_QUEUE, ...handlers.map(({ job }) => job.queue)])]
}

function jobsOf(settings: Settings, handlers: readonly Handler[]): AnyJob[] {
  const jobs = new Map<string, AnyJob>(handlers.map(({ job }) => [job.name, job]))
  for (const job of settings.jobs) jobs.set(job.name, job)
  return [...jobs.values()]
}
