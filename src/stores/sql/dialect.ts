import { raw, type Sql, sql } from './sql.ts'

/** The tables by their own names: quoted, with schema and prefix where these are configured. Each made once per store. */
export interface Tables {
  readonly jobs: Sql
  readonly failedJobs: Sql
  readonly workers: Sql
  readonly queues: Sql
  readonly schedules: Sql
  readonly failed: Sql
  readonly failedFields: Sql
  readonly runs: Sql
  readonly metrics: Sql
}

/**
 * Where the SQL databases differ in what the shared reads say. Data and small functions that give SQL; none of them knows
 * of a connection. `j` is the alias of jobs, `f` that of failed_jobs.
 */
export interface Dialect {
  readonly tables: Tables
  /** The column `key`, a reserved word in MySQL. */
  readonly key: Sql
  /** The uuid that a job's payload begins with: the very expression (or column) that is indexed. */
  readonly jobUuid: Sql
  /** Matches jobs of these uuids, where `jobUuid in (…)` would not find its index. */
  jobUuidIn?(uuids: readonly string[]): Sql
  /** Matches any of the values, however many: for a database that limits the placeholders of a statement. */
  oneOf?(column: Sql, values: readonly unknown[]): Sql
  /** The text as it is compared by each of its letters, where the column's own rules mind no case. */
  exactly?(text: Sql): Sql
  /** When a job `j` was made, in seconds, wide enough to be compared with any time; default: the column as it is. */
  readonly createdAt?: Sql
  /** Matches jobs that are reserved, where `reserved_at is not null` would look at all jobs. */
  readonly reserved?: Sql
  /** Matches literal text somewhere in the column, minding the case: where `like` would not. */
  contains?(column: Sql, text: string): Sql
  /** Matches a LIKE pattern in which `!` is the escape sign; `like` minds the case of letters, `likeAnyCase` does not. */
  like(column: Sql, pattern: string): Sql
  likeAnyCase(column: Sql, pattern: string): Sql
  /** A piece of `failed_at` as `YYYY-MM-DD HH:MM:SS`, whatever the session is set to. */
  wallText(column: Sql): Sql
  /** A select of one column `queue`: the names of all queues that hold jobs, without a look at every job. */
  readonly queuesWithJobs: Sql
  /** A select of `queue, created_at, available_at` of the oldest job that is due at `second` in queues that are not paused. */
  oldestDue(second: number): Sql
  /** A condition that always holds while a look at many rows may go on, where the database has no other way to end one. */
  mayGoOn?(id: Sql): Sql
  /**
   * A select of `fingerprint, first, last` of up to so many kinds of failures, the latter two being their smallest and largest
   * `failed_id`, by jumping from one to the next in the index.
   */
  failureKinds(most: number): Sql
}

/** `failureKinds` where the database does not jump by itself. */
export function jumpingKinds(failed: Sql, most: number): Sql {
  return sql`
    with recursive kinds(fingerprint, nth) as (
      select (select min(l.fingerprint) from ${failed} l), 1
      union all
      select (select min(l.fingerprint) from ${failed} l where l.fingerprint > kinds.fingerprint), nth + 1
        from kinds where kinds.fingerprint is not null and nth < ${most}
    )
    select fingerprint, (select min(l.failed_id) from ${failed} l where l.fingerprint = kinds.fingerprint) as first,
           (select max(l.failed_id) from ${failed} l where l.fingerprint = kinds.fingerprint) as last
      from kinds where fingerprint is not null`
}

/** SQLite's. Also what the others begin from where they say the same. */
export const SQLITE: Dialect = {
  tables: {
    jobs: raw('jobs'),
    failedJobs: raw('failed_jobs'),
    workers: raw('faena_workers'),
    queues: raw('faena_queues'),
    schedules: raw('faena_schedules'),
    failed: raw('faena_failed'),
    failedFields: raw('faena_failed_fields'),
    runs: raw('faena_runs'),
    metrics: raw('faena_metrics'),
  },
  key: raw('key'),
  jobUuid: raw('substr(j.payload, 10, 36)'),
  like: (column, pattern) => sql`${column} like ${pattern} escape '!'`,
  likeAnyCase: (column, pattern) => sql`lower(${column}) like lower(${pattern}) escape '!'`,
  wallText: (column) => column,
  /** By jumping from one to the next in the index: a million jobs of one queue cost two steps. */
  queuesWithJobs: raw(`
    with recursive names(queue) as (
      select min(queue) from jobs where reserved_at is null
      union all
      select (select min(queue) from jobs where reserved_at is null and queue > names.queue) from names where names.queue is not null
    )
    select queue from names where queue is not null
    union select distinct queue from jobs where reserved_at is not null`),
  oldestDue: (second) => sql`
    select queue, created_at, available_at from jobs
     where reserved_at is null and available_at <= ${second}
       and queue not in (select name from faena_queues where paused_at is not null)
     order by available_at, id limit 1`,
  failureKinds: (most) => jumpingKinds(raw('faena_failed'), most),
}
