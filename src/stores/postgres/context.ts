import type { WallClock } from '../../core/wallclock.ts'
import type { RetryAfter } from '../sql/retry-after.ts'
import { raw, type Sql, sql } from '../sql/sql.ts'
import type { Calls } from './calls.ts'
import type { Connection } from './connection.ts'
import type { Names } from './names.ts'
import type { ScanFloors } from './scan-floor.ts'

/** What the parts of the PostgreSQL store share. */
export interface Context {
  readonly connection: Connection
  readonly names: Names
  readonly calls: Calls
  readonly wallClock: WallClock
  /** Written to failed_jobs.connection; Laravel's name of its connection where PHP shares the tables. */
  readonly connectionName: string
  readonly retryAfter: RetryAfter
  /** Unix ms, in place of the server's clock; for tests. */
  readonly clock: (() => number) | undefined
  readonly floors: ScanFloors
  /** Jobs may be due: tells this process at once, and other processes soon. */
  readonly wake: () => void
  /** Runs a push and tells of it; one that is given a channel tells other processes itself, in its transaction. */
  readonly waking: <T>(push: (channel: string | null) => Promise<T>) => Promise<T>
}

/** Unix ms by the server's clock as a piece of SQL; the same throughout one statement, and no time zone in it. */
export function nowMs({ clock }: Context): Sql {
  return clock ? sql`${clock()}::bigint` : raw('floor(extract(epoch from statement_timestamp()) * 1000)::bigint')
}

/**
 * In a list of columns: the commit does not wait for the disk. For what a crash of the server may undo without harm, a
 * second's history or the renewal of a lease; what others wait for is written all the sooner.
 */
export const UNHURRIED = raw(`set_config('synchronous_commit', 'off', true) as unhurried`)

/** The time given to our functions: null has them look at the server's clock. */
export function givenMs({ clock }: Context): number | null {
  return clock ? clock() : null
}

/** An instant in whole seconds: `failed_at` in the configured zone. */
export function wallTime({ wallClock }: Context, ms: Sql): Sql {
  return sql`(to_timestamp(${ms} / 1000) at time zone ${wallClock.zone}::text)::timestamp(0)`
}
