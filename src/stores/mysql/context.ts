import type { WallClock } from '../../core/wallclock.ts'
import type { RetryAfter } from '../sql/retry-after.ts'
import { raw, type Sql, sql } from '../sql/sql.ts'
import type { Connection } from './connection.ts'
import type { Held } from './held.ts'
import type { Names } from './names.ts'
import type { Polling } from './polling.ts'
import type { Shape } from './shape.ts'
import type { Views } from './views.ts'

/** What the parts of the MySQL store share. */
export interface Context {
  readonly connection: Connection
  readonly names: Names
  readonly wallClock: WallClock
  /** Written to failed_jobs.connection; Laravel's name of its connection where PHP shares the tables. */
  readonly connectionName: string
  /** Laravel's `retry_after`, where its workers share the table. */
  readonly retryAfter: RetryAfter
  /** Unix ms, in place of the server's clock; for tests. */
  readonly clock: (() => number) | undefined
  /** What the tables look like: ours, or made by Laravel. Read once, and anew after a migration. */
  readonly shape: Shape
  /** Where each worker's reserve looks. */
  readonly views: Views
  /** What workers of this process hold, as far as it is known here. */
  readonly held: Held
  /** When workers look that nobody wakes. */
  readonly polling: Polling
  /** Jobs may be due: tells this process. */
  readonly wake: () => void
}

/**
 * Unix ms by the server's clock as a piece of SQL, the same throughout one statement. From UTC on both sides: a session's
 * time zone, and the hour that a clock change repeats, have no part in it.
 */
export function nowMs({ clock }: Context): Sql {
  return clock ? sql`${clock()}` : raw(`(timestampdiff(microsecond, '1970-01-01', utc_timestamp(3)) div 1000)`)
}

export function nowSecond({ clock }: Context): Sql {
  return clock ? sql`${Math.floor(clock() / 1_000)}` : raw('unix_timestamp()')
}

/** The last second a Laravel table can hold. */
const LAST_SECOND = 4_294_967_295

/**
 * When a new or returning job falls due, in whole seconds, never early. One that may run at once is due now, not at the
 * next second.
 */
export function dueSecond(context: Context, delayMs: number | undefined, availableAt?: number): Sql {
  if (availableAt !== undefined) return sql`${Math.max(0, Math.ceil(availableAt / 1_000))}`
  if (!delayMs || delayMs <= 0) return nowSecond(context)
  return sql`least((${nowMs(context)} + ${Math.ceil(delayMs) + 999}) div 1000, ${LAST_SECOND})`
}
