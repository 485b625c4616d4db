import type { Settings } from '../core/settings.ts'
import { maskedUrl, parseUrl } from '../core/url.ts'
import type { Store } from '../store.ts'
import { openStore } from '../stores/open.ts'
import { EXIT } from '../supervisor/exit-codes.ts'
import type { Controls } from '../supervisor/wire.ts'
import type { StopReason } from '../worker/stopping.ts'
import { createWorker, type Worker } from '../worker/worker.ts'
import { type Background, backgroundOf } from './background.ts'
import { loadConfiguration } from './config.ts'
import { Life } from './life.ts'
import { outliveReaders, type Streams } from './output.ts'
import { type Plan, planOf } from './plan.ts'
import { Recycling } from './recycling.ts'
import { workerVoice } from './voice.ts'
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
  /** The worker goes on, and waits for another to take its place. Called once; only where the order speaks of recycling. */
  replace(reason: string, limit: boolean): void
}

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
  const { logFormat } = configuration.settings
  const settings = { ...configuration.settings, logFormat: logFormat ?? order.logFormat ?? null }
  const plan = await planOf(order, configuration)
  process.title = `faena queue:work ${order.name} ${plan.queues.join(',')}`

  const { url, timezone, connection } = settings
  const store = await openStore(url, { timezone, connection })
  const voice = workerVoice(order, settings, host.streams)
  try {
    const { jobs, leaseMs } = plan
    const background = backgroundOf({ store, settings, jobs, leaseMs, notice: voice.notice, onError: voice.error })
    const recycling = new Recycling(order.recycle, host.replace)
    const worker =
      plan.handlers.length === 0 ? undefined : workerOf(order, plan, settings, store, host, recycling, voice.error)
    if (worker !== undefined) voice.follow(worker.events)
    voice.banner(plan, maskedUrl(url), host.generation > 0)
    const reason = await live({ life, order, plan, host, worker, background, recycling })
    voice.farewell(reason)
    return CODES[reason]
  } finally {
    await store.close()
    await voice.end()
  }
}

function workerOf(
  order: WorkOrder,
  plan: Plan,
  settings: Settings,
  store: Store,
  host: Host,
  recycling: Recycling,
  onError: (error: unknown) => void,
): Worker {
  const { memoryMb, jobs: _, ...planned } = plan
  const { name, restMs, maxJobs, maxTimeMs, once, stopWhenEmpty } = order
  const worker = createWorker({
    ...planned,
    store,
    name,
    restMs,
    maxJobs,
    maxTimeMs,
    once,
    stopWhenEmpty,
    onError,
    memoryLimitBytes: memoryMb * 1_048_576,
    surface: settings.surface,
    historyPerSecond: settings.history.perSecond,
    history: settings.history.options,
    telemetry: settings.telemetry,
    onRestart: order.recycle === undefined ? undefined : () => recycling.ask('a restart was asked for', false),
    replaces: host.replaces ?? undefined,
    heartbeat: heartbeatOf(settings),
  })
  worker.events.on('registered', (event) => host.registered(event.worker))
  return worker
}

/** A database in memory is one process's own; its heartbeat thread would open another. */
function heartbeatOf({ url, timezone, connection }: Settings) {
  const place = parseUrl(url)
  const inMemory = place.kind === 'memory' || (place.kind === 'sqlite' && place.path === ':memory:')
  return inMemory ? undefined : { url, timezone, connection }
}

interface Parts {
  life: Life
  order: WorkOrder
  plan: Plan
  host: Host
  worker: Worker | undefined
  background: Background
  recycling: Recycling
}

async function live({ life, order, plan, host, worker, background, recycling }: Parts): Promise<StopReason> {
  if (life.stopping) return 'interrupted'
  // A worker that ends soon runs no scheduler; what dead workers held should be there for it all the same.
  if (order.once || order.stopWhenEmpty) await background.reclaimOnce()
  else await background.start()
  try {
    if (worker === undefined) {
      host.ready(longestStop(plan))
      await life.stopAsked
      return 'interrupted'
    }
    const started = worker.start()
    life.lead(worker)
    await started
    if (host.replaces !== null) await background.standInFor(host.replaces)
    host.ready(longestStop(plan))
    recycling.watch(worker)
    const watch = order.emptyForMs === undefined ? undefined : stopWhenIdleFor(worker, order.emptyForMs)
    const reason = await worker.stopped
    clearInterval(watch)
    recycling.end()
    return reason
  } finally {
    await background.stop()
  }
}

/** The grace, a last call for handlers that were told to abort, and the time outcomes may take to be written. */
function longestStop({ graceMs }: Plan): number {
  return graceMs + 1_000 + Math.max(graceMs, 5_000)
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
