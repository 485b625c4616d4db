import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { NewWorker } from '../store.ts'
import type { Settings } from './options.ts'

/** What a worker says of itself when it registers. */
export function workerRow(settings: Settings): NewWorker {
  return {
    name: settings.name,
    host: hostname(),
    pid: process.pid,
    version: packageVersion(),
    queues: settings.queues,
    names: settings.names,
    concurrency: settings.concurrency,
    leaseMs: settings.leaseMs,
    defaultTries: settings.defaults.tries,
    replaces: settings.replaces,
  }
}

function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return String((JSON.parse(text) as { version?: unknown }).version)
}
