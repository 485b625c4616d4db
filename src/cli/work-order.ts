import type { StoredBackoff } from '../core/backoff.ts'
import type { LogFormat } from '../core/config.ts'

/**
 * What a worker process is to do, as flags said it: plain data, since a parent hands it to its child. What is left out,
 * the configuration decides. Times in ms.
 */
export interface WorkOrder {
  /** `start` also runs where there is no handler, and says what to try. */
  kind: 'work' | 'start'
  config?: string
  /** Laravel's argument; only the configured connection's name is taken. */
  connection?: string
  name: string
  queues?: string[]
  concurrency?: number
  tries?: number
  timeoutMs?: number
  backoffMs?: StoredBackoff
  leaseMs?: number
  sleepMs?: number
  restMs?: number
  graceMs?: number
  maxJobs?: number
  maxTimeMs?: number
  memoryMb?: number
  once?: boolean
  stopWhenEmpty?: boolean
  /** Ends when nothing was processed for so long. */
  emptyForMs?: number
  /**
   * Under a supervisor, which puts another in the worker's place before this one ends: from these limits on, or when a
   * restart is asked for, the worker asks to be replaced and goes on meanwhile. 0 = no limit.
   */
  recycle?: { memoryMb: number; maxJobs: number; maxAgeMs: number }
  json?: boolean
  /** Where the configuration says nothing: who passes the lines on knows where they lead. */
  logFormat?: LogFormat
  verbose?: boolean
  quiet?: boolean
}
