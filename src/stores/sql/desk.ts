import type { NewJob } from '../../store.ts'
import type { SqlRow } from './rows.ts'
import type { Sql } from './sql.ts'

/** The tables of what the management API keeps, by their own names. */
export interface DeskTables {
  readonly failedFields: Sql
  readonly operations: Sql
  readonly audit: Sql
  readonly users: Sql
  readonly sessions: Sql
  readonly revocations: Sql
  readonly idempotency: Sql
  readonly alerts: Sql
  readonly watches: Sql
  readonly jobs: Sql
  readonly failedJobs: Sql
  readonly failed: Sql
  readonly queues: Sql
}

/**
 * What the records of the management API need of a database. They are written by people, a few a second at most, so unlike
 * the hot path they are written down once for all SQL databases, in words that these have in common.
 */
export interface Desk {
  readonly tables: DeskTables
  /** The column `key`, a reserved word in MySQL. */
  readonly key: Sql
  all(statement: Sql): Promise<SqlRow[]>
  /** As `all`, for a look through a whole table. */
  scan(statement: Sql): Promise<SqlRow[]>
  /** One statement, committed when it resolves. Answers how many rows it changed. */
  run(statement: Sql): Promise<number>
  /** An insert of one row; answers its id. */
  insert(statement: Sql): Promise<number>
  /** An insert that changes nothing where the table has a row of this key already. `body`: `table (…) values (…)`. */
  insertNew(body: Sql): Sql
  /**
   * An insert of `(id, …, expires_at) values (…)` that, where the table has a row of this id already, changes nothing of it but
   * an earlier end.
   */
  insertOrExtend(table: Sql, row: Sql): Sql
  /**
   * In one transaction: `guard`, and where that changed a row the other statements, and the jobs pushed. False, and nothing
   * written, where it changed none.
   */
  together(guard: Sql, statements: readonly Sql[], jobs: readonly NewJob[]): Promise<boolean>
  /** Unix ms by the database's clock, as a piece of SQL. */
  now(): Sql
}
