import { CRASH_LIMIT, crashError, crashesAfter, failureOf } from '../../core/failure.ts'
import type { FailedJob, Reclaimed } from '../../store.ts'
import { crashesOf, crashKey } from './crashes.ts'
import { failJob, returnJob } from './ending.ts'
import { hasSingleTry, type JobRow, nameOf } from './job-table.ts'
import { type Tables, type WorkerRow, wakeListeners } from './tables.ts'

export function reclaim(tables: Tables): Reclaimed {
  const reclaimed: Reclaimed = { workers: [], returned: 0, failed: [] }
  for (const worker of tables.workers.values()) {
    if (worker.reclaimed || worker.leaseUntil > tables.clock()) continue
    worker.reclaimed = true
    reclaimed.workers.push(worker.id)
    const held = tables.jobs.heldBy(worker.id)
    for (const row of held) {
      const failed = reclaimJob(tables, row, worker, held.length === 1)
      if (failed) reclaimed.failed.push(failed)
      else reclaimed.returned += 1
    }
  }
  if (reclaimed.returned > 0) wakeListeners(tables)
  return reclaimed
}

/** Gives the job back, or fails it: for its crashes, or since with a single try it was never taken ahead and so had begun. */
function reclaimJob(tables: Tables, row: JobRow, worker: WorkerRow, alone: boolean): FailedJob | undefined {
  const name = nameOf(row)
  const crashes = crashesAfter(crashesOf(tables, row), alone)
  const singleTry = hasSingleTry(row, worker.defaultTries)
  if (singleTry || crashes >= CRASH_LIMIT) {
    const error = crashError(name ?? 'of no name', crashes, singleTry)
    return failJob(tables, row, failureOf({ payload: row.payload, name }, error))
  }
  tables.crashes.set(crashKey(row), crashes)
  returnJob(tables, row, true)
  return undefined
}
