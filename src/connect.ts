import { createQueue, type Queue } from './client/queue.ts'
import type { SyncRunner } from './client/sync.ts'
import type { Duration } from './core/duration.ts'
import { milliseconds } from './core/duration.ts'
import { FaenaError } from './core/errors.ts'
import { type Handler, isHandler } from './core/handler.ts'
import type { Telemetry } from './core/telemetry.ts'
import { openStore } from './stores/open.ts'

/** What `settingsFrom(process.env)` gives fits as it is. */
export interface OpenQueueOptions {
  /** Default `sqlite:.faena/faena.db`. */
  url?: string
  /** `'sync'` runs jobs at their dispatch; any other name is what `failed_jobs.connection` holds. Default `'database'`. */
  connection?: string
  /** What `connection: 'sync'` runs jobs with: handlers, or a function that loads them, called for that connection only. */
  handlers?: readonly (Handler | string)[] | HandlerLoader
  timezone?: string
  /** What one job may weigh as stored; default 1 MiB. */
  maxPayloadBytes?: number
  /** How long a dispatch may wait for the store; default 5 s. */
  storeTimeout?: Duration
  /** What traces dispatches; see faena/otel. */
  telemetry?: Telemetry
}

/** Imports the module with the handlers; its other exports are passed over. */
export type HandlerLoader = () => Promise<Readonly<Record<string, unknown>>>

const DEFAULT_URL = 'sqlite:.faena/faena.db'

/** A queue with a store of its own, opened here and closed by `queue.close()`. Throws BAD_CONFIGURATION or STORE_UNAVAILABLE. */
export async function openQueue(options: OpenQueueOptions = {}): Promise<Queue> {
  const {
    url = DEFAULT_URL,
    connection = 'database',
    timezone,
    maxPayloadBytes,
    storeTimeout = '5s',
    telemetry,
  } = options
  if (connection === 'sync') {
    return createQueue({ sync: await inlineRunner(options.handlers ?? []), timezone, maxPayloadBytes })
  }
  const timeoutMs = milliseconds(storeTimeout, 'storeTimeout')
  const store = await openStore(url, { timezone, connection, timeoutMs })
  const queue = createQueue({ store, timezone, maxPayloadBytes, timeout: timeoutMs, telemetry })
  return {
    ...queue,
    async close() {
      await queue.close()
      await store.close()
    },
  }
}

/** The worker's code is loaded only where it is needed: a web server that dispatches to a database does without. */
async function inlineRunner(given: readonly (Handler | string)[] | HandlerLoader): Promise<SyncRunner> {
  const handlers =
    typeof given === 'function'
      ? Object.values(await given())
          .flat()
          .filter(isHandler)
      : given.filter(isHandler)
  if (handlers.length === 0) {
    throw new FaenaError(
      'BAD_CONFIGURATION',
      'The sync connection runs jobs where they are dispatched and was given no handlers; ' +
        'pass handlers to openQueue: a list, or a function that imports the module which exports them',
    )
  }
  const { syncRunner } = await import('./worker/sync.ts')
  return syncRunner(handlers)
}
