import { notAllowed } from '../../core/errors.ts'
import type { WallClock } from '../../core/wallclock.ts'
import type { RetryAfter } from '../sql/retry-after.ts'
import type { SqlRow } from '../sql/rows.ts'
import type { Sql } from '../sql/sql.ts'
import type { Connection } from './connection.ts'

/** What the parts of the SQLite store share. */
export interface Context {
  readonly connection: Connection
  /** A read that may have to look at every row of a table: elsewhere where that takes long, and never under the write lock. */
  readonly scan: (statement: Sql) => Promise<SqlRow[]>
  /** Unix ms: SQLite has no clock of its own, its process's is the database's. */
  readonly now: () => number
  readonly wallClock: WallClock
  /** Written to failed_jobs.connection; Laravel's name of its connection where PHP shares the file. */
  readonly connectionName: string
  readonly retryAfter: RetryAfter
  /** Tells this process's listeners that jobs may be due. Only between transactions: a listener may reserve at once. */
  readonly wake: () => void
}

/** The whole second not before `ms`: a job is never early. */
export function secondFrom(ms: number): number {
  return Math.ceil(ms / 1_000)
}

export function secondOf(ms: number): number {
  return Math.floor(ms / 1_000)
}

/** The largest second an unsigned 32-bit column holds: where Laravel's tables end, every store ends. */
export const LAST_SECOND = 4_294_967_295

/**
 * When a new or returning job falls due, in whole seconds. One that may run at once is due now, not at the next second.
 * Throws BAD_ARGUMENT for what other stores' columns cannot hold.
 */
export function dueSecond(now: number, delayMs = 0, availableAt?: number): number {
  const second =
    availableAt !== undefined ? secondFrom(availableAt) : delayMs > 0 ? secondFrom(now + delayMs) : secondOf(now)
  if (second >= 0 && second <= LAST_SECOND) return second
  throw notAllowed(
    'BAD_ARGUMENT',
    'availableAt',
    second * 1_000,
    `0 to ${LAST_SECOND * 1_000} (unix ms, the year 2106)`,
  )
}

/** Whether the row `j` can be the job of this uuid: it has it at its beginning, or begins in another way altogether. */
export function isJobOf(uuid: string): string {
  return `(substr(j.payload, 10, 36) = ${uuid} or substr(j.payload, 1, 9) <> '{"uuid":"')`
}

/** Ids as a JSON array for `json_each(?)`: one value for any number of them. */
export function idList(ids: readonly number[]): string {
  return `[${ids.join(',')}]`
}
