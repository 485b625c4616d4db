import { FaenaError } from '../../core/errors.ts'
import type { MigrationReport, MigrationStep } from '../../store.ts'
import { ADDED_METRICS } from '../sql/metrics.ts'
import { ALERT_TABLES } from './alerts-schema.ts'
import type { Connection } from './connection.ts'
import { DESK_TABLES } from './desk-schema.ts'

/**
 * Append-only: a step that was ever released is never altered. `jobs`, `failed_jobs` and `job_batches` are Laravel's, in its
 * order; our columns of `jobs` stand last and may be NULL.
 */
const STEPS: MigrationStep[] = [
  {
    version: 1,
    name: 'tables',
    sql: [
      `create table if not exists jobs (
        id integer primary key autoincrement not null,
        queue varchar not null,
        payload text not null,
        attempts integer not null,
        reserved_at integer,
        available_at integer not null,
        created_at integer not null
      )`,
      `create table if not exists failed_jobs (
        id integer primary key autoincrement not null,
        uuid varchar not null,
        connection text not null,
        queue text not null,
        payload text not null,
        exception text not null,
        failed_at datetime not null default current_timestamp
      )`,
      'create unique index if not exists failed_jobs_uuid_unique on failed_jobs (uuid)',
      `create table if not exists job_batches (
        id varchar primary key not null,
        name varchar not null,
        total_jobs integer not null,
        pending_jobs integer not null,
        failed_jobs integer not null,
        failed_job_ids text not null,
        options text,
        cancelled_at integer,
        created_at integer not null,
        finished_at integer
      )`,
      'alter table jobs add column name text',
      'alter table jobs add column max_attempts integer',
      'alter table jobs add column priority integer',
      'alter table jobs add column reserved_by integer',
      // Reserve reads this one in order and finds a job's name in it without a look at the row.
      'create index faena_jobs_due on jobs (queue, coalesce(priority, 0), available_at, id, name) where reserved_at is null',
      'create index faena_jobs_reserved on jobs (reserved_by) where reserved_at is not null',
      // Payloads begin with {"uuid":"…": the thirty-six characters from the tenth on are the uuid.
      'create index faena_jobs_uuid on jobs (substr(payload, 10, 36))',
      // The few that begin otherwise, which somebody else wrote; each is looked into when a uuid is asked for.
      `create index faena_jobs_odd on jobs (id) where substr(payload, 1, 9) <> '{"uuid":"'`,
      `create table faena_workers (
        id integer primary key autoincrement,
        name text not null,
        host text not null,
        pid integer not null,
        version text not null,
        queues text not null,
        concurrency integer not null,
        default_tries integer not null,
        running integer not null default 0,
        memory_bytes integer not null default 0,
        state text not null default 'running',
        command text,
        started_at integer not null,
        beat_at integer not null,
        lease_until integer not null,
        settled_0 integer not null default 0,
        answer_0 text,
        settled_1 integer not null default 0,
        answer_1 text
      )`,
      'create table faena_queues (name text primary key, paused_at integer, pause_reason text) without rowid',
      `create table faena_schedules (
        key text primary key,
        job text not null,
        queue text not null,
        input text not null,
        cron text,
        zone text,
        every_ms integer,
        missed text not null,
        overlap text not null,
        origin text not null,
        next_at integer,
        paused_at integer,
        last_at integer,
        last_uuid text
      ) without rowid`,
      'create table faena_locks (key text primary key, uuid text not null, job_id integer not null, until text not null, expires_at integer) without rowid',
      'create index faena_locks_job on faena_locks (job_id)',
      `create index faena_locks_processing on faena_locks (job_id) where until = 'processing'`,
      'create table faena_reclaims (job_id integer primary key, uuid text, crashes integer not null, at integer not null)',
      `create table faena_failed (
        uuid text primary key,
        failed_id integer not null,
        name text,
        fingerprint text not null,
        headline text not null,
        surfaced text
      ) without rowid`,
      'create index faena_failed_fingerprint on faena_failed (fingerprint)',
      'create index faena_failed_name on faena_failed (name)',
      `create table faena_runs (
        id integer primary key autoincrement,
        uuid text not null,
        attempt integer not null,
        name text not null,
        queue text not null,
        worker integer not null,
        started_at integer not null,
        ended_at integer,
        outcome text not null,
        headline text,
        progress real,
        note text,
        log text not null,
        result text,
        keep_until integer
      )`,
      'create unique index faena_runs_attempt on faena_runs (uuid, attempt)',
      'create index faena_runs_started on faena_runs (started_at)',
      `create table faena_metrics (
        minute integer not null,
        worker integer not null,
        queue text not null,
        name text not null,
        completed integer not null,
        failed integer not null,
        retried integer not null,
        released integer not null,
        cancelled integer not null,
        wait_ms integer not null,
        run_ms integer not null,
        primary key (minute, worker, queue, name)
      ) without rowid`,
    ],
  },
  { version: 2, name: 'management API', sql: DESK_TABLES },
  {
    version: 3,
    name: 'workers that were lost with a job',
    sql: ['worker_1', 'worker_2', 'worker_3', 'begun_by', 'begun_seq'].map(
      (column) => `alter table faena_reclaims add column ${column} integer`,
    ),
  },
  {
    version: 4,
    name: 'dispatches, starts and histograms',
    sql: ADDED_METRICS.map((column) => `alter table faena_metrics add column ${column} integer not null default 0`),
  },
  { version: 5, name: 'alerts', sql: ALERT_TABLES },
  {
    version: 6,
    name: 'jobs that workers have handlers for',
    sql: ['alter table faena_workers add column job_names text'],
  },
  {
    version: 7,
    name: 'blocks of jobs',
    sql: [
      'alter table jobs add column in_block integer',
      'create table faena_blocks (first_id integer primary key, last_id integer not null, first_uuid text not null, last_uuid text not null)',
      'create index faena_blocks_uuid on faena_blocks (first_uuid)',
      'drop index if exists faena_jobs_uuid',
      'create index faena_jobs_uuid on jobs (substr(payload, 10, 36)) where in_block is null',
      'drop index if exists faena_jobs_odd',
      `create index faena_jobs_odd on jobs (id) where in_block is null and substr(payload, 1, 9) <> '{"uuid":"'`,
    ],
  },
]

/** How long one process waits while another migrates: an index on a large table is not made in seconds. */
const PATIENCE_MS = 2 * 60_000

export const SCHEMA_VERSION = STEPS.at(-1)!.version

export function schemaVersion(connection: Connection): number {
  const table = connection.get(`select 1 from sqlite_schema where type = 'table' and name = 'faena_migrations'`)
  if (!table) return 0
  return Number(connection.get('select coalesce(max(version), 0) as version from faena_migrations')?.version ?? 0)
}

/**
 * Applies what is missing in one transaction: SQLite's DDL is transactional, so a crash leaves the old tables whole, and a
 * second caller waits for the write lock and then finds nothing left to do.
 */
export async function migrate(
  connection: Connection,
  now: () => number,
  options: { dryRun?: boolean; onStep?: (step: MigrationStep) => void },
): Promise<MigrationReport> {
  const missing = (from: number) =>
    STEPS.filter(({ version }) => version > from).map((step) => pending(connection, step))
  const before = await connection.read(() => schemaVersion(connection))
  if (before > SCHEMA_VERSION) {
    throw new FaenaError(
      'MIGRATION_NEEDED',
      `The database is at schema version ${before}, this Faena knows ${SCHEMA_VERSION}: update the faena package`,
    )
  }
  if (options.dryRun || before === SCHEMA_VERSION) return { from: before, to: SCHEMA_VERSION, steps: missing(before) }
  return connection.write(
    'full',
    () => {
      connection.database.exec(
        'create table if not exists faena_migrations (version integer primary key, name text not null, applied_at integer not null)',
      )
      const from = schemaVersion(connection)
      const steps = missing(from)
      for (const step of steps) {
        options.onStep?.(step)
        apply(connection, step, now())
      }
      return { from, to: SCHEMA_VERSION, steps }
    },
    { timeoutMs: PATIENCE_MS },
  )
}

/** What would be done where there is no file yet. */
export function fromNothing(): MigrationReport {
  return { from: 0, to: SCHEMA_VERSION, steps: STEPS }
}

/** The step without the columns that an earlier installation, or the owner of the tables, has added already. */
function pending(connection: Connection, step: MigrationStep): MigrationStep {
  const columns = new Map(
    connection.all('select name, "notnull" from pragma_table_info(?)', 'jobs').map((row) => [row.name, row.notnull]),
  )
  const added = (sql: string) => /^alter table jobs add column (\w+)/.exec(sql)?.[1]
  const strict = step.sql.map(added).find((column) => columns.get(column) === 1)
  if (strict !== undefined) {
    throw new FaenaError(
      'MIGRATION_FAILED',
      `The table jobs has a column ${strict} of its own that may not be NULL; Faena keeps its ${strict} there and leaves it NULL in most rows. Rename that column, or let it be NULL.`,
    )
  }
  return { ...step, sql: step.sql.filter((sql) => !columns.has(added(sql))) }
}

function apply(connection: Connection, step: MigrationStep, now: number): void {
  for (const sql of step.sql) {
    try {
      connection.database.exec(sql)
    } catch (cause) {
      throw new FaenaError(
        'MIGRATION_FAILED',
        `Migration ${step.version} (${step.name}) failed at: ${sql.trim().split('\n')[0]}`,
        { cause },
      )
    }
  }
  connection.run(
    'insert into faena_migrations (version, name, applied_at) values (?, ?, ?)',
    step.version,
    step.name,
    now,
  )
}
