import { FaenaError } from '../core/errors.ts'
import type { NewJob, Pushed } from '../store.ts'
import type { Ended } from './wait.ts'

/** Runs the job of a payload here and now. Resolves to its handler's result, or rejects with its handler's error. */
export type SyncRunner = (payload: string, queue: string) => Promise<unknown>

const KEPT_RESULTS = 1_000

/**
 * The `sync` connection (Laravel's): a dispatch runs the job and resolves when it is done. Nothing is stored: a delay is
 * not waited for, a unique key holds nobody off, a failed attempt is not retried but rejects the dispatch with the
 * handler's own error.
 */
export class SyncConnection {
  readonly #run: SyncRunner
  readonly #results = new Map<string, unknown>()

  constructor(run: SyncRunner) {
    this.#run = run
  }

  async push(job: NewJob): Promise<Pushed> {
    const result = await this.#run(job.payload, job.queue)
    this.#results.set(job.uuid, result)
    if (this.#results.size > KEPT_RESULTS) this.#results.delete(this.#results.keys().next().value!)
    return { outcome: 'dispatched', uuid: job.uuid, id: null }
  }

  /** In order, one after another; the first error ends it. */
  async pushAll(jobs: readonly NewJob[]): Promise<Pushed[]> {
    const answers: Pushed[] = []
    for (const job of jobs) answers.push(await this.push(job))
    return answers
  }

  /** Whatever was dispatched has ended; the results of the last thousand jobs are still known. */
  ended(uuid: string): Ended {
    if (this.#results.has(uuid)) return { status: 'completed', result: this.#results.get(uuid) }
    throw new FaenaError('NOT_FOUND', `Job ${uuid} did not complete on this sync connection, or long ago`)
  }
}
