import type { StopReason } from './stopping.ts'

/** One attempt of a job, as events tell it. */
export interface JobEvent {
  worker: number
  /** The row id; `uuid` is what lasts. */
  id: number
  uuid: string
  name: string
  displayName: string
  queue: string
  attempts: number
  /** The job's input as the payload holds it: what surfaced fields are read from. */
  data: unknown
  /** How long the attempt has run so far. */
  ms: number
}

export interface FailedEvent extends JobEvent {
  error: unknown
}

export type StoreOperation = 'register' | 'reserve' | 'begin' | 'settle' | 'heartbeat' | 'history' | 'deregister'

/**
 * What a worker tells. Endings are told once they stand in the store, not before: a job is `completed`, `retrying`,
 * `failed`, `released` or `cancelled` exactly once per attempt, or its attempt is `lost`.
 */
export type WorkerEvents = {
  /** The worker has a row (its id), at the start and anew whenever it lost its lease. */
  registered: { worker: number }
  started: JobEvent
  /** The handler wrote a line with `log`; as many as are kept with the attempt. */
  logged: JobEvent & { line: string }
  completed: JobEvent & { result: unknown }
  retrying: FailedEvent & { delayMs: number }
  failed: FailedEvent
  released: JobEvent & { delayMs: number }
  /** Deleted, cancelled or cleared by somebody while it ran. */
  cancelled: JobEvent
  /** The outcome came too late: the job was not this worker's any more, and may run elsewhere. It changed nothing. */
  lost: JobEvent
  /** The attempt ran into its timeout and was told to abort. */
  timedOut: JobEvent & { timeoutMs: number }
  /** A handler went on after its timeout and the grace: its attempt is settled, and the worker ends. */
  stuck: JobEvent
  /** Nothing is due and nothing runs. */
  idle: { worker: number }
  /** A call to the store failed; it is tried again after `retryMs`. */
  storeError: { operation: StoreOperation; error: unknown; failures: number; retryMs: number }
  /** Something an operator should know. */
  notice: { text: string }
  quiet: { worker: number | null }
  resumed: { worker: number | null }
  stopping: { reason: StopReason }
  stopped: { reason: StopReason }
}
