import type { FaenaError } from '../core/errors.ts'
import type { Handler, Middleware } from '../core/handler.ts'
import type { FailSignal, Outcome, Policy, ReleaseSignal } from '../core/outcome.ts'
import type { ReadPayload } from '../core/payload.ts'
import { uuidv7 } from '../core/uuid.ts'
import type { JobOutcome, ReservedJob } from '../store.ts'
import { wallTime } from './clock.ts'
import { Notes } from './notes.ts'
import type { Settler } from './settler.ts'

/** A handler with all the middleware around it: the worker's, then its own. */
export interface BoundHandler {
  handler: Handler
  middleware: readonly Middleware[]
}

/**
 * One attempt of one job, from its reservation until its outcome is written. Everything that knows about the attempt
 * keeps it here, so that a job costs one object and no closures.
 */
export class JobRun {
  readonly job: ReservedJob
  /** Who writes its outcome, under the worker id it was reserved by; null where there is no store (`sync`). */
  readonly settler: Settler | null

  payload: ReadPayload | null = null
  bound: BoundHandler | null = null
  policy: Policy | null = null
  outcome: Outcome | null = null
  /** What the handler returned. */
  result: unknown = undefined
  /** All attempts were spent before this one, which was therefore none. */
  spentBefore = false
  /** The outcome with its texts, made once: a repeated settle must say the same. */
  written: JobOutcome | null = null
  /** How often the store refused the row as it was. */
  mends = 0

  slot = -1
  /** Steady ms. */
  startedAt = 0
  endedAt = 0
  /** Steady ms: when it is told to abort, and after that when it is given up. */
  deadline = Number.POSITIVE_INFINITY
  /** Its timeout is over and the grace has begun. */
  overdue = false
  /** The worker no longer waits for it: its attempt was settled, given back or lost while the handler still ran. */
  abandoned = false
  /** Another job was handed over under its row id: its own row is gone, and its outcome must not be written. */
  displaced = false
  /** Why it was told to abort. */
  aborted: FaenaError | null = null
  /** What the handler asked for by release() or fail(): it counts even where the handler swallowed the throw. */
  wish: ReleaseSignal | FailSignal | null = null
  /** Its handler called `complete(tx)`: the job may have been ended by a commit that only the store knows of. */
  joined = false
  /** The completion that stands in the handler's transaction. */
  completion: JobOutcome | null = null
  /** What the handler threw although its transaction was committed. */
  thrown: unknown = undefined
  /** It runs in a thread or process of its own, which has no store. */
  isolated = false
  /** Told of each line that the handler logs, where somebody listens. */
  onLine: ((run: JobRun, line: string) => void) | null = null
  /** Ends a handler that runs in a thread or process of its own. */
  kill: (() => void) | null = null

  #uuid: string | null = null
  #controller: AbortController | null = null
  #notes: Notes | null = null

  constructor(job: ReservedJob, settler: Settler | null) {
    this.job = job
    this.settler = settler
  }

  /** The job's own uuid; for a row without one, an id for this attempt alone. */
  get uuid(): string {
    if (this.payload?.uuid) return this.payload.uuid
    this.#uuid ??= uuidv7()
    return this.#uuid
  }

  get name(): string {
    return this.payload?.name ?? this.job.name ?? this.payload?.displayName ?? 'corrupt payload'
  }

  /** Made only for handlers that look at it. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController()
      if (this.aborted !== null) this.#controller.abort(this.aborted)
    }
    return this.#controller.signal
  }

  /** Only the first reason counts. */
  abort(reason: FaenaError): void {
    if (this.aborted !== null) return
    this.aborted = reason
    this.#controller?.abort(reason)
  }

  get notes(): Notes {
    this.#notes ??= new Notes()
    return this.#notes
  }

  /** A line of the handler's: kept with the attempt, and told to whoever listens. */
  log(line: string): void {
    const kept = this.notes.addLine(line)
    if (kept !== undefined) this.onLine?.(this, kept)
  }

  /** Log and progress, where the handler wrote any. */
  get notesSoFar(): Notes | null {
    return this.#notes
  }

  get runMs(): number {
    return this.endedAt - this.startedAt
  }
}

/** From when the job could first have run (its exact dispatch, or its due time if that is later) to its start. */
export function waitedMs(run: JobRun): number {
  const startedAt = wallTime(run.startedAt)
  const at: unknown = run.payload?.faena.at
  const since = typeof at === 'number' ? Math.max(at, run.job.availableAt) : run.job.availableAt
  return since > startedAt ? 0 : startedAt - since
}
