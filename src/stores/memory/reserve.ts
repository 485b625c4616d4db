import type { Reservation, ReservedJob, ReserveRequest } from '../../store.ts'
import { crashesOf } from './crashes.ts'
import { hasSingleTry, type JobRow, nameOf } from './job-table.ts'
import { freeKeyOf } from './keys.ts'
import { wholeSecond } from './seconds.ts'
import { liveWorker, type Tables } from './tables.ts'

export function reserve(tables: Tables, request: ReserveRequest): Reservation {
  if (!liveWorker(tables, request.worker)) return { jobs: [], nextDueMs: null, lost: true }
  const now = tables.clock()
  const { taken, nextDueAt } = choose(tables, request, now)
  const jobs = taken.map((row) => hand(tables, row, request.worker, now))
  return { jobs, nextDueMs: nextDueAt === null ? null : Math.max(0, nextDueAt - now), lost: false }
}

/** Which jobs the request gets, in the order they run in, and when the first of those it does not get falls due. */
function choose(tables: Tables, request: ReserveRequest, now: number) {
  const names = new Set(request.names)
  const taken: JobRow[] = []
  let nextDueAt: number | null = null
  let bytes = 0
  let singles = 0
  let full = request.limit <= 0
  for (const queue of new Set(request.queues)) {
    if (tables.queues.get(queue)?.pausedAt != null) continue
    for (const row of tables.jobs.waiting(queue)) {
      if (!mayTake(row, names)) continue
      const size = Buffer.byteLength(row.payload)
      const single = hasSingleTry(row, request.defaultTries)
      const due = row.availableAt <= now
      // Stopping here keeps the order: nothing is taken before a job that has to stay.
      full ||=
        due && ((taken.length > 0 && bytes + size > request.maxBytes) || (single && singles >= request.singleTryLimit))
      if (!due || full) {
        nextDueAt = Math.min(nextDueAt ?? Number.POSITIVE_INFINITY, row.availableAt)
        if (full && nextDueAt <= now) return { taken, nextDueAt }
        continue
      }
      taken.push(row)
      bytes += size
      if (single) singles += 1
      full = taken.length >= request.limit
    }
  }
  return { taken, nextDueAt }
}

/** Names asked for, and corrupt rows, which somebody must fail. Rows of another runtime are left alone. */
function mayTake(row: JobRow, names: ReadonlySet<string>): boolean {
  const name = nameOf(row)
  return name === null ? row.read === undefined : names.has(name)
}

function hand(tables: Tables, row: JobRow, worker: number, now: number): ReservedJob {
  const held = tables.jobs.update(row, {
    attempts: row.attempts + 1,
    reservedAt: wholeSecond(now),
    reservedBy: worker,
  })
  freeKeyOf(tables, held, 'processing')
  return {
    id: held.id,
    queue: held.queue,
    payload: held.payload,
    attempts: held.attempts,
    maxAttempts: held.maxAttempts,
    name: nameOf(held),
    priority: held.priority ?? 0,
    availableAt: held.availableAt,
    createdAt: held.createdAt,
    crashes: crashesOf(tables, held),
  }
}
