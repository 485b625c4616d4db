import type { UniqueKey } from '../../store.ts'
import type { JobRow } from './job-table.ts'
import type { Lock, Tables } from './tables.ts'

/**
 * Who holds the key. Free again is a key that expired, and one whose job's row vanished without an ending (somebody
 * emptied the table); but a `window` key is held whatever becomes of its job.
 */
export function holderOf(tables: Tables, key: string): Lock | undefined {
  const lock = tables.locks.get(key)
  return lock === undefined || isFree(tables, lock) ? undefined : lock
}

export function isFree({ jobs, clock }: Tables, lock: Lock): boolean {
  if (lock.expiresAt !== null && lock.expiresAt <= clock()) return true
  return lock.until !== 'window' && jobs.byId(lock.jobId) === undefined
}

/** Gives a free key to the job. */
export function takeKey(tables: Tables, row: JobRow, uuid: string, unique: Omit<UniqueKey, 'onTaken'>): void {
  const { key, until, forMs } = unique
  dropKey(tables, key)
  const expiresAt = forMs === undefined ? null : tables.clock() + forMs
  tables.locks.set(key, { key, uuid, jobId: row.id, until, expiresAt })
  tables.keyOf.set(row.id, key)
}

/** Frees the key of a job that ended, or (`'processing'`) that a worker takes up. */
export function freeKeyOf(tables: Tables, row: JobRow, moment: 'ended' | 'processing'): void {
  const lock = lockOf(tables, row)
  if (lock === undefined || lock.until === 'window') return
  if (moment === 'ended' || lock.until === 'processing') dropKey(tables, lock.key)
}

export function dropKey({ locks, keyOf }: Tables, key: string): void {
  const lock = locks.get(key)
  if (lock === undefined) return
  locks.delete(key)
  if (keyOf.get(lock.jobId) === key) keyOf.delete(lock.jobId)
}

function lockOf({ locks, keyOf }: Tables, row: JobRow): Lock | undefined {
  const key = keyOf.get(row.id)
  return key === undefined ? undefined : locks.get(key)
}
