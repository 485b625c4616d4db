import type { Duration } from './duration.ts'
import type { JobDefinition } from './job.ts'

/** What a handler is given for one attempt. */
export interface JobContext<Input = unknown, Result = unknown> {
  readonly input: Input
  readonly uuid: string
  /** The row id; it may change between attempts where PHP shares the table. `uuid` does not. */
  readonly id: number
  readonly name: string
  readonly queue: string
  readonly tags: readonly string[]
  /** 1 for the first attempt. */
  readonly attempt: number
  /** 0 = no limit. */
  readonly maxAttempts: number
  /** The schedule that made the job, and the run it is for (unix ms): earlier than now where a missed run is made up. */
  readonly schedule: { readonly key: string; readonly at: number } | null
  /** Aborted when the attempt times out, the job is cancelled or deleted, the lease is lost, or the worker must stop. */
  readonly signal: AbortSignal
  /** How far the job is, from 0 to 100, with an optional word on what it does; shown by `faena show` and the dashboard. */
  progress(percent: number, note?: string): void
  /** A line kept with the job. Long lines and very many lines are cut. */
  log(line: string): void
  /**
   * Ends the job as completed in a transaction of the handler's own: it is done if and when that commits, together with
   * what else the transaction wrote. `tx` is what `dispatch` takes as `tx`. Rejects with LEASE_LOST where another worker may
   * run the job by now: let the error out, so that the transaction rolls back. What the handler does after the commit is
   * not repeated, whatever becomes of it. With `keepResult`, `result` is kept; what the handler returns later is not.
   */
  complete(tx: unknown, result?: Result): Promise<void>
  /** Gives the job back without spending the attempt, to run again after `delay`. Never returns: it ends the handler by throwing. */
  release(delay?: Duration): never
  /** Fails the job for good, whatever attempts are left. Never returns. */
  fail(reason: string | Error): never
}

export type HandlerFunction<Input, Result> = (context: JobContext<Input, Result>) => Result | Promise<Result>

/** Runs around the handler. It calls `next` once (or not at all), and may throw, release or fail as a handler may. */
export type Middleware = (context: JobContext, next: () => Promise<unknown>) => Promise<unknown>

export interface HandlerOptions {
  middleware?: readonly Middleware[]
  /**
   * Runs the handler outside the worker's own thread, for CPU-heavy work or code that may never return: `'thread'` (a
   * worker_threads thread) or `'process'` (a child process, killed on time-out). `module` is where this handler is
   * exported: pass `import.meta.url`.
   */
  isolate?: { in: 'thread' | 'process'; module: string }
}

/** A definition bound to the code that does the work. */
export interface Handler {
  readonly kind: 'faena.handler'
  readonly job: JobDefinition
  readonly run: HandlerFunction<unknown, unknown>
  readonly middleware: readonly Middleware[]
  readonly isolate: { in: 'thread' | 'process'; module: string } | null
}

export function handle<Input, Parsed, Result>(
  job: JobDefinition<Input, Parsed, Result>,
  run: HandlerFunction<Parsed, Result>,
  options: HandlerOptions = {},
): Handler {
  return Object.freeze({
    kind: 'faena.handler' as const,
    job: job as unknown as JobDefinition,
    run: run as HandlerFunction<unknown, unknown>,
    middleware: options.middleware ?? [],
    isolate: options.isolate ?? null,
  })
}

export function isHandler(value: unknown): value is Handler {
  return typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'faena.handler'
}

export function isJob(value: unknown): value is JobDefinition {
  return typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'faena.job'
}
