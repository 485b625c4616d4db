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
  backoffMs?: number[]
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
  json?: boolean
  verbose?: boolean
  quiet?: boolean
}
