import { type Backoff, type StoredBackoff, storedBackoff } from '../core/backoff.ts'
import { FaenaError, notAllowed } from '../core/errors.ts'
import { type Handler, isHandler, type Middleware } from '../core/handler.ts'
import { type HistoryOptions, type HistoryRules, historyRules } from '../core/history.ts'
import { DEFAULT_QUEUE, queueName, wholeNumber } from '../core/job.ts'
import { POLICY_DEFAULTS, type PolicyDefaults } from '../core/outcome.ts'
import { type SurfacedField, surfacedFields } from '../core/surface.ts'
import type { Telemetry } from '../core/telemetry.ts'
import type { Store } from '../store.ts'
import type { HeartbeatConfig } from './heartbeat.ts'
import type { BoundHandler } from './job-run.ts'

/** All times in milliseconds. */
export interface WorkerOptions {
  store: Store
  /** What `handle()` made, one per job name. */
  handlers: readonly Handler[]
  /** In strict order: a later queue is looked at when the earlier ones have nothing due. */
  queues?: readonly string[]
  /** Jobs that run at once (default 10). */
  concurrency?: number
  /** Shown in the fleet's list. */
  name?: string
  /** For jobs that say nothing of their own: attempts (0 = no limit, default 3), time of one attempt (0 = none, default
   *  60 s), wait after a failed attempt (default 5 s, doubled up to an hour). */
  tries?: number
  timeoutMs?: number
  backoff?: Backoff
  /** How long the worker's jobs stay its own after its last heartbeat (default 30 s). */
  leaseMs?: number
  /** Longest gap between two looks at the store while nothing is due (default 3 s); a wake-up cuts it short. */
  sleepMs?: number
  /** A slot rests for so long after each job (default 0). */
  restMs?: number
  /** Ends after so many jobs, after so long, when nothing is due, after one job (or none), at so much memory. 0 = off. */
  maxJobs?: number
  maxTimeMs?: number
  stopWhenEmpty?: boolean
  once?: boolean
  memoryLimitBytes?: number
  /** How long jobs may go on after stop(), and after they were told to abort at their timeout (default 10 s). */
  graceMs?: number
  /** Around every handler, outermost first. */
  middleware?: readonly Middleware[]
  /**
   * A restart was asked for, and whoever runs this worker sees to it: it goes on until it is stopped. Without this it ends
   * after its current jobs.
   */
  onRestart?: () => void
  /** Id of a worker known to be dead, whose jobs go back at once: what a parent says of the child it starts anew. */
  replaces?: number
  /** What the heartbeat thread opens a store of its own from. Without it a timer beats, and a blocked loop loses the lease. */
  heartbeat?: HeartbeatConfig
  /** Attempts that history keeps at most per second, a sample where there are more (default 20, 0 = none). */
  historyPerSecond?: number
  /** Which attempts of which queues the history keeps, and for how long; default a sample of all. */
  history?: HistoryOptions
  /** What traces attempts; see faena/otel. */
  telemetry?: Telemetry
  /** Fields of the input that lists of failed jobs show, as FAENA_SURFACE names them: `order_id|orderId,tienda_id`. */
  surface?: string
  /** Errors of hooks and listeners, which have nobody to be thrown at (default: a process warning). */
  onError?: (error: unknown) => void
}

export interface Settings {
  store: Store
  handlers: ReadonlyMap<string, BoundHandler>
  names: readonly string[]
  queues: readonly string[]
  concurrency: number
  name: string
  defaults: Required<PolicyDefaults>
  leaseMs: number
  sleepMs: number
  restMs: number
  maxJobs: number
  maxTimeMs: number
  stopWhenEmpty: boolean
  once: boolean
  memoryLimitBytes: number
  graceMs: number
  onRestart: (() => void) | undefined
  replaces: number | undefined
  heartbeat: HeartbeatConfig | undefined
  historyPerSecond: number
  history: HistoryRules
  telemetry: Telemetry | undefined
  surface: readonly SurfacedField[]
  onError: (error: unknown) => void
}

/** Checks the options. Throws BAD_ARGUMENT that names the option, its value and what is allowed. */
export function settingsOf(options: WorkerOptions): Settings {
  const once = options.once ?? false
  const handlers = boundHandlers(options.handlers, options.middleware ?? [])
  const queues = options.queues ?? [DEFAULT_QUEUE]
  if (queues.length === 0) throw notAllowed('BAD_ARGUMENT', 'queues', queues, 'at least one queue')
  const ms = (name: string, value: number | undefined, standard: number, least = 0) =>
    wholeNumber(Math.round(value ?? standard), least, Number.MAX_SAFE_INTEGER, name)
  return {
    store: options.store,
    handlers,
    names: [...handlers.keys()],
    queues: [...new Set(queues.map((queue, at) => queueName(queue, `queues[${at}]`)))],
    concurrency: once ? 1 : wholeNumber(options.concurrency ?? 10, 1, 10_000, 'concurrency'),
    name: options.name ?? 'default',
    defaults: {
      tries: wholeNumber(options.tries ?? POLICY_DEFAULTS.tries, 0, 65_535, 'tries'),
      timeoutMs: ms('timeoutMs', options.timeoutMs, POLICY_DEFAULTS.timeoutMs),
      backoff: options.backoff === undefined ? POLICY_DEFAULTS.backoff : backoffOf(options.backoff),
    },
    leaseMs: ms('leaseMs', options.leaseMs, 30_000, 100),
    sleepMs: ms('sleepMs', options.sleepMs, 3_000),
    restMs: ms('restMs', options.restMs, 0),
    maxJobs: once ? 1 : ms('maxJobs', options.maxJobs, 0),
    maxTimeMs: ms('maxTimeMs', options.maxTimeMs, 0),
    stopWhenEmpty: options.stopWhenEmpty ?? false,
    once,
    memoryLimitBytes: ms('memoryLimitBytes', options.memoryLimitBytes, 0),
    graceMs: ms('graceMs', options.graceMs, 10_000),
    onRestart: options.onRestart,
    replaces: options.replaces,
    heartbeat: options.heartbeat,
    historyPerSecond: wholeNumber(options.historyPerSecond ?? 20, 0, 10_000, 'historyPerSecond'),
    history: historyRules(options.history),
    telemetry: options.telemetry,
    surface: surfacedFields(options.surface ?? '', 'surface'),
    onError: options.onError ?? warn,
  }
}

function boundHandlers(handlers: readonly Handler[], middleware: readonly Middleware[]): Map<string, BoundHandler> {
  if (handlers.length === 0) {
    throw notAllowed('BAD_ARGUMENT', 'handlers', handlers, 'at least one handler made by handle()')
  }
  return bindHandlers(handlers, middleware)
}

/** Handlers by the name of their job, with the middleware around each. Throws where two are for one name. */
export function bindHandlers(
  handlers: readonly Handler[],
  middleware: readonly Middleware[],
): Map<string, BoundHandler> {
  const bound = new Map<string, BoundHandler>()
  for (const handler of handlers) {
    if (!isHandler(handler)) throw notAllowed('BAD_ARGUMENT', 'handlers', handler, 'what handle() returns')
    const { name } = handler.job
    if (bound.has(name)) {
      throw new FaenaError('BAD_ARGUMENT', `handlers holds two handlers for job ${name}; a job has one handler`)
    }
    bound.set(name, { handler, middleware: [...middleware, ...handler.middleware] })
  }
  return bound
}

function backoffOf(backoff: Backoff): StoredBackoff {
  const stored = storedBackoff(backoff)
  if (stored === undefined)
    throw notAllowed('BAD_ARGUMENT', 'backoff', backoff, 'a duration, a list or an exponential rule')
  return stored
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : new Error(String(error)))
}
