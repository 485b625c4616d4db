import type { StoredBackoff } from '../core/backoff.ts'
import { FaenaError } from '../core/errors.ts'
import type { Handler } from '../core/handler.ts'
import { type AnyJob, DEFAULT_QUEUE } from '../core/job.ts'
import type { Settings } from '../core/settings.ts'
import type { Configuration } from './config.ts'
import { checkConnection } from './connection-name.ts'
import { loadHandlers } from './handlers.ts'
import type { WorkOrder } from './work-order.ts'

/** What a worker process will do: its order where that speaks, else the configuration. Times in ms. */
export interface Plan {
  /** None only with `faena start`, which then runs the scheduler alone. */
  handlers: readonly Handler[]
  /** Definitions by their handlers and by the configuration. */
  jobs: readonly AnyJob[]
  /** In strict order. */
  queues: readonly string[]
  concurrency: number
  tries: number
  timeoutMs: number
  backoff: StoredBackoff
  leaseMs: number
  sleepMs: number
  graceMs: number
  /** 0 = no limit. */
  memoryMb: number
}

const GRACE_MS = 10_000

/** Throws BAD_CONFIGURATION, BAD_ARGUMENT or UNSUPPORTED where there is nothing for a worker to do. */
export async function planOf(order: WorkOrder, configuration: Configuration): Promise<Plan> {
  const { settings } = configuration
  checkConnection(order.connection, settings.connection, 'Queues are named with --queue')
  if (settings.sync) {
    throw new FaenaError(
      'UNSUPPORTED',
      'QUEUE_CONNECTION is sync: jobs run where they are dispatched, and there is nothing for a worker to do. Set QUEUE_CONNECTION=database.',
    )
  }
  const handlers = await handlersOf(order, configuration)
  return {
    handlers,
    jobs: jobsOf(settings, handlers),
    queues: queuesOf(order, settings, handlers),
    concurrency: order.once ? 1 : (order.concurrency ?? settings.concurrency),
    tries: order.tries ?? settings.tries,
    timeoutMs: order.timeoutMs ?? settings.timeoutMs,
    backoff: order.backoffMs ?? settings.backoff,
    leaseMs: order.leaseMs ?? settings.leaseMs,
    sleepMs: order.sleepMs ?? settings.sleepMs,
    graceMs: order.graceMs ?? GRACE_MS,
    memoryMb: order.memoryMb ?? 0,
  }
}

async function handlersOf(order: WorkOrder, { settings, folder, path }: Configuration): Promise<Handler[]> {
  const handlers = await loadHandlers(settings.handlers, folder)
  const noneWanted = settings.handlers.length === 0
  if (handlers.length > 0 || (order.kind === 'start' && noneWanted)) return handlers
  const where =
    path === null
      ? 'there is no faena.config.ts here'
      : `${path} names ${noneWanted ? 'none' : 'files that export none'}`
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
