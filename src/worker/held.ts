import { cancelled } from './aborts.ts'
import type { JobRun } from './job-run.ts'

/**
 * The jobs this worker holds, by row id, from their reservation until their outcome stands in the store.
 *
 * A table that was truncated gives its ids out anew. So the store may hand over a job under an id that a job held here
 * still has: then that older job's row is gone, and what its attempt ends with must not be written, since the store could
 * not tell the two apart.
 */
export class HeldJobs {
  readonly #runs = new Map<number, JobRun>()

  take(run: JobRun): void {
    const older = this.#runs.get(run.job.id)
    // Under another lease the store tells them apart: the row names who reserved it.
    if (older !== undefined && older.settler === run.settler) {
      older.displaced = true
      older.abort(cancelled(older.name))
      older.settler?.withdraw(older)
    }
    this.#runs.set(run.job.id, run)
  }

  drop(run: JobRun): void {
    if (this.#runs.get(run.job.id) === run) this.#runs.delete(run.job.id)
  }
}
