import { CRASH_LIMIT, CRASH_PATIENCE_MS, crashesAfter } from '../../core/failure.ts'
import type { Reclaimed } from '../../store.ts'
import { type Crashes, crashKey } from './crashes.ts'
import { returnJob } from './ending.ts'
import { hasSingleTry, type JobRow } from './job-table.ts'
import { dueTime } from './seconds.ts'
import { liveWorker, type Tables, type WorkerRow, wakeListeners } from './tables.ts'

export function reclaim(tables: Tables): Reclaimed {
  const reclaimed: Reclaimed = { workers: [], returned: 0 }
  let calmMs = Number.POSITIVE_INFINITY
  for (const worker of tables.workers.values()) {
    if (!worker.reclaimed) calmMs = Math.min(calmMs, worker.leaseUntil - tables.clock())
    if (worker.reclaimed || worker.leaseUntil > tables.clock()) continue
    worker.reclaimed = true
    reclaimed.workers.push(worker.id)
    for (const row of tables.jobs.heldBy(worker.id)) {
      reclaimJob(tables, row, worker)
      reclaimed.returned += 1
    }
  }
  if (reclaimed.returned > 0) wakeListeners(tables)
  return calmMs > 0 && Number.isFinite(calmMs) ? { ...reclaimed, calmMs } : reclaimed
}

/** A job with a single try was never taken ahead: it had begun, so its attempt stays spent. */
function reclaimJob(tables: Tables, row: JobRow, worker: WorkerRow): void {
  const known: Crashes = tables.crashes.get(crashKey(row)) ?? { count: 0, workers: new Set(), begun: null }
  const counted = crashesAfter(known.count, hasBegun(known, worker))
  const decided = counted > known.count && counted === CRASH_LIMIT
  if (counted > known.count) known.workers.add(worker.id)
  known.count = counted
  tables.crashes.set(crashKey(row), known)
  const later = decided ? dueTime(tables.clock(), { delayMs: CRASH_PATIENCE_MS }) : 0
  returnJob(tables, row, !hasSingleTry(row, worker.defaultTries), Math.max(row.availableAt, later))
}

/** Once the worker has settled anything since, what it had begun has ended. */
function hasBegun({ begun }: Crashes, worker: WorkerRow): boolean {
  return begun?.worker === worker.id && begun.seq === lastSeq(worker)
}

/** Notes that a suspect begins, alone in its worker. */
export function begin(tables: Tables, worker: number, { id, attempts }: { id: number; attempts: number }): boolean {
  const live = liveWorker(tables, worker)
  const row = tables.jobs.byId(id)
  if (live === undefined || row?.reservedBy !== worker || row.attempts !== attempts) return false
  const crashes = tables.crashes.get(crashKey(row))
  if (crashes) crashes.begun = { worker, seq: lastSeq(live) }
  return true
}

/** The worker was not lost after all. */
export function forgiveCrashes(tables: Tables, worker: number): void {
  for (const crashes of tables.crashes.values()) if (crashes.workers.delete(worker)) crashes.count -= 1
}

function lastSeq({ settled }: WorkerRow): number {
  return settled.get(0)?.seq ?? 0
}
