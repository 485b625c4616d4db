import { FaenaError, notAllowed } from '../../core/errors.ts'
import type { NewJob, Pushed, PushOptions } from '../../store.ts'
import type { JobRow } from './job-table.ts'
import { holderOf, takeKey } from './keys.ts'
import { dueTime, wholeSecond } from './seconds.ts'
import { type Tables, wakeListeners } from './tables.ts'

/** Checks everything first and writes then, so that a push that throws has stored nothing. */
export function push(tables: Tables, jobs: readonly NewJob[], { pushId, tx, fresh }: PushOptions): Pushed[] {
  refuseTransaction(tx)
  const earlier = pushId && tables.pushes.get(pushId.producer)
  if (pushId && earlier) {
    if (earlier.seq === pushId.seq) return structuredClone(earlier.answer)
    if (pushId.seq < earlier.seq) {
      throw notAllowed(
        'BAD_ARGUMENT',
        'pushId.seq',
        pushId.seq,
        `${earlier.seq} or more: later pushes are stored already`,
      )
    }
  }
  for (const job of jobs) checkJob(tables, job)
  if (!fresh) refuseDuplicates(tables, jobs)
  const answer = jobs.map((job) => pushOne(tables, job))
  if (pushId) tables.pushes.set(pushId.producer, { seq: pushId.seq, at: tables.clock(), answer })
  wakeListeners(tables)
  return structuredClone(answer)
}

export function refuseTransaction(tx: unknown): void {
  if (tx !== undefined) throw noTransactions()
}

export function noTransactions(): FaenaError {
  return new FaenaError('UNSUPPORTED', 'The memory store has no transactions: leave tx out, or use a SQL store')
}

/** Stores one checked job, or answers what its taken key asks for. */
export function pushOne(tables: Tables, job: NewJob): Pushed {
  const lock = job.unique && holderOf(tables, job.unique.key)
  if (job.unique && lock) {
    const holder = tables.jobs.byId(lock.jobId)
    // A job that runs is never altered, and of one that ended within its window there is nothing left to alter.
    if (holder === undefined || holder.reservedAt !== null || job.unique.onTaken === 'skip') {
      return { outcome: 'skipped', uuid: lock.uuid, id: lock.jobId }
    }
    if (job.unique.onTaken === 'replace') {
      replace(tables, holder, lock.uuid, job)
      return { outcome: 'replaced', uuid: lock.uuid, id: holder.id }
    }
    tables.jobs.update(holder, { availableAt: dueTime(tables.clock(), job) })
    return { outcome: 'pushedBack', uuid: lock.uuid, id: holder.id }
  }
  const now = tables.clock()
  const row = tables.jobs.insert({
    queue: job.queue,
    payload: job.payload,
    attempts: 0,
    reservedAt: null,
    availableAt: dueTime(now, job),
    createdAt: wholeSecond(now),
    name: job.name,
    maxAttempts: job.maxAttempts,
    priority: job.priority,
    reservedBy: null,
  })
  if (job.unique) takeKey(tables, row, job.uuid, job.unique)
  return { outcome: 'dispatched', uuid: job.uuid, id: row.id }
}

/** The waiting job keeps its identity, so that whoever waits for its uuid still finds it; all else is the new job's. */
function replace(tables: Tables, holder: JobRow, uuid: string, job: NewJob): void {
  tables.jobs.update(holder, {
    // The uuid stands first in the payload.
    payload: job.payload.replace(job.uuid, uuid),
    queue: job.queue,
    attempts: 0,
    availableAt: dueTime(tables.clock(), job),
    maxAttempts: job.maxAttempts,
    priority: job.priority,
  })
}

export function checkJob({ clock }: Tables, job: NewJob): void {
  dueTime(clock(), job)
  if (job.unique?.until === 'window' && job.unique.forMs === undefined) {
    throw notAllowed('BAD_ARGUMENT', 'unique.forMs', undefined, 'how long the window lasts, in ms')
  }
}

export function refuseDuplicates({ jobs: stored, failed }: Tables, jobs: readonly NewJob[]): void {
  const seen = new Set<string>()
  for (const { uuid } of jobs) {
    if (seen.has(uuid) || stored.byUuid(uuid) || failed.byUuid(uuid)) {
      throw new FaenaError('DUPLICATE_UUID', `A job with uuid ${uuid} is already stored; nothing was stored`)
    }
    seen.add(uuid)
  }
}
