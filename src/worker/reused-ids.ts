import { cancelled } from './aborts.ts'
import type { JobRun } from './job-run.ts'

/**
 * A table that was truncated gives its ids out anew. So the store may hand over a job under an id that a job held here
 * still has: then that older job's row is gone, and what its attempt ends with must not be written, since the store could
 * not tell the two apart.
 *
 * Ids mostly rise, so that what is held need only be looked through where one does not.
 */
export class ReusedIds {
  #highest = 0

  /** Marks every run of `held` whose id came back in `taken`, and tells its handler to abort. */
  look(taken: readonly JobRun[], held: () => Iterable<JobRun>): void {
    let risen = true
    for (const { job } of taken) {
      if (job.id > this.#highest) this.#highest = job.id
      else risen = false
    }
    if (risen) return
    const byId = new Map(taken.map((run) => [run.job.id, run]))
    for (const older of [...held()]) {
      const young = byId.get(older.job.id)
      // Under another lease the store tells them apart: the row names who reserved it.
      if (young === undefined || young === older || young.settler !== older.settler) continue
      older.displaced = true
      older.abort(cancelled(older.name))
      older.settler?.withdraw(older)
    }
  }
}
