import { hostname } from 'node:os'
import type { NewWorker } from '../store.ts'
import type { Settings } from './options.ts'
import { version } from './version.ts'

/** What a worker says of itself when it registers. */
export function workerRow(settings: Settings): NewWorker {
  return {
    name: settings.name,
    host: hostname(),
    pid: process.pid,
    version: version(),
    queues: settings.queues,
    names: settings.names,
    concurrency: settings.concurrency,
    leaseMs: settings.leaseMs,
    defaultTries: settings.defaults.tries,
    replaces: settings.replaces,
  }
}
