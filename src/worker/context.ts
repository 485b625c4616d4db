import { type Duration, milliseconds } from '../core/duration.ts'
import { FaenaError } from '../core/errors.ts'
import type { JobContext } from '../core/handler.ts'
import { FailSignal, ReleaseSignal } from '../core/outcome.ts'
import type { JobRun } from './job-run.ts'

const NO_TAGS: readonly string[] = []

/**
 * What a handler is given. Its functions are getters, so that `({ log, progress }) => …` works and an attempt that uses
 * neither makes neither.
 */
export class Context implements JobContext {
  readonly input: unknown
  readonly uuid: string
  readonly id: number
  readonly name: string
  readonly queue: string
  readonly tags: readonly string[]
  readonly attempt: number
  readonly maxAttempts: number
  readonly #run: JobRun

  constructor(run: JobRun, input: unknown) {
    this.#run = run
    this.input = input
    this.uuid = run.uuid
    this.id = run.job.id
    this.name = run.name
    this.queue = run.job.queue
    this.tags = run.payload?.faena.tags ?? NO_TAGS
    this.attempt = run.job.attempts
    const policy = run.policy
    this.maxAttempts = policy === null || policy.retryUntil !== null ? 0 : policy.maxTries
  }

  get schedule(): { key: string; at: number } | null {
    return this.#run.payload?.faena.schedule ?? null
  }

  get signal(): AbortSignal {
    return this.#run.signal
  }

  get progress(): (percent: number, note?: string) => void {
    const run = this.#run
    return (percent, note) => run.notes.setProgress(percent, note)
  }

  get log(): (line: string) => void {
    const run = this.#run
    return (line) => run.log(line)
  }

  get complete(): (tx: unknown, result?: unknown) => Promise<void> {
    const run = this.#run
    return async (tx, result) => {
      if (run.isolated) throw noStoreHere(run.name)
      // Run inline, the job is stored nowhere: there is nothing to end.
      if (run.settler !== null) await run.settler.complete(run, tx, result)
    }
  }

  get release(): (delay?: Duration) => never {
    const run = this.#run
    return (delay = 0) => {
      run.wish = new ReleaseSignal(milliseconds(delay, 'delay'))
      throw run.wish
    }
  }

  get fail(): (reason: string | Error) => never {
    const run = this.#run
    return (reason) => {
      run.wish = new FailSignal(reason)
      throw run.wish
    }
  }
}

function noStoreHere(name: string): FaenaError {
  return new FaenaError(
    'UNSUPPORTED',
    `Job ${name} runs in a thread or process of its own, where there is no store to complete it in; leave isolate out, or complete(tx)`,
  )
}
