import { ADDED_METRICS } from '../sql/metrics.ts'
import { alertTables } from './alerts-schema.ts'
import type { Catalogue } from './catalogue.ts'
import { deskTables } from './desk-schema.ts'
import { functions } from './functions.ts'
import type { Names } from './names.ts'
import { isOdd } from './payload-functions.ts'

/** One statement of a migration, and whether it is still to be done where the catalogue is as it is. */
export interface Change {
  sql: string
  missing(catalogue: Catalogue): boolean
  /** On a table that is in use already: CREATE INDEX CONCURRENTLY, beside its users and outside of a transaction. */
  concurrent?: { index: string; sql: string }
}

export interface SchemaStep {
  version: number
  name: string
  changes(names: Names): Change[]
}

/** Append-only: a step that was ever released is never altered. */
export const STEPS: readonly SchemaStep[] = [
  { version: 1, name: 'tables', changes: tables },
  { version: 2, name: 'management API', changes: deskTables },
  { version: 3, name: 'workers that were lost with a job', changes: lostWorkers },
  { version: 4, name: 'dispatches, starts and histograms', changes: moreMetrics },
  { version: 5, name: 'alerts', changes: alertTables },
  { version: 6, name: 'jobs that workers have handlers for', changes: handlerNames },
  { version: 7, name: 'lists in place of rows', changes: allFunctions },
  { version: 8, name: 'labels of failures found by an index', changes: allFunctions },
  { version: 9, name: 'outcomes written by look-ups alone', changes: allFunctions },
  { version: 10, name: 'jobs found by their uuid whatever the statistics say', changes: allFunctions },
  { version: 11, name: 'lone jobs with fewer statements', changes: allFunctions },
  { version: 12, name: 'what a worker holds found by look-ups alone', changes: allFunctions },
]

export const SCHEMA_VERSION = STEPS.at(-1)!.version

/**
 * Room for a second version of each row on its own page: a reserve then writes no index at all, since no index holds a
 * column that it changes. Rows come and go by the million, so the table is looked after at numbers, not at shares.
 */
const HOT_TABLE = `with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000,
  autovacuum_vacuum_insert_scale_factor = 0.2, autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 1)`
const SMALL_HOT_TABLE = 'with (fillfactor = 30, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000)'

function tables(names: Names): Change[] {
  const { jobs, failedJobs, plain } = names
  return [
    { sql: `create schema if not exists "${names.schema}"`, missing: ({ schemaExists }) => !schemaExists },
    table(
      names.plainOwn('migrations'),
      `create table ${names.own('migrations')} (version integer primary key, name text not null, applied_at bigint not null)`,
    ),
    ...laravelTables(names),
    ...['name text', 'max_attempts integer', 'priority integer', 'reserved_by bigint'].map((column) =>
      addColumn(jobs, plain.jobs, column),
    ),
    // Laravel before 8 had no uuids.
    addColumn(failedJobs, plain.failedJobs, 'uuid varchar(255)'),
    // In the order of reserve, and of nothing that a reserve changes; the name is there to be looked at without the row.
    index(names, 'jobs_due', jobs, '(queue, coalesce(priority, 0), available_at, id) include (name)'),
    // Payloads begin with {"uuid":"…": the thirty-six characters from the tenth on are the uuid.
    index(names, 'jobs_uuid', jobs, '(substr(payload, 10, 36))'),
    index(names, 'jobs_odd', jobs, `(id) where ${isOdd('payload')}`),
    {
      ...index(names, 'failed_jobs_uuid', failedJobs, '(uuid)'),
      missing: ({ tables: known, indexes }) =>
        known.has(plain.failedJobs) &&
        ![...indexes.values()].some(
          ({ table, first, valid }) => valid && table === plain.failedJobs && first === 'uuid',
        ),
    },
    ...ownTables(names),
    ...allFunctions(names),
  ]
}

/** Those of this version, whichever step made the others. */
function allFunctions(names: Names): Change[] {
  return functions(names).map((sql) => ({
    sql: sql.trim(),
    missing: ({ functions: known }) => !known.has(functionName(sql)),
  }))
}

function laravelTables({ jobs, failedJobs, jobBatches, plain }: Names): Change[] {
  return [
    table(
      plain.jobs,
      `create table ${jobs} (
    id bigserial primary key,
    queue varchar(255) not null,
    payload text not null,
    attempts smallint not null,
    reserved_at integer,
    available_at integer not null,
    created_at integer not null,
    name text,
    max_attempts integer,
    priority integer,
    reserved_by bigint
    ) ${HOT_TABLE}`,
    ),
    table(
      plain.failedJobs,
      `create table ${failedJobs} (
    id bigserial primary key,
    uuid varchar(255) not null constraint "${plain.failedJobs}_uuid_unique" unique,
    connection text not null,
    queue text not null,
    payload text not null,
    exception text not null,
    failed_at timestamp(0) not null default current_timestamp
    )`,
    ),
    table(
      plain.jobBatches,
      `create table ${jobBatches} (
    id varchar(255) primary key,
    name varchar(255) not null,
    total_jobs integer not null,
    pending_jobs integer not null,
    failed_jobs integer not null,
    failed_job_ids text not null,
    options text,
    cancelled_at integer,
    created_at integer not null,
    finished_at integer
    )`,
    ),
  ]
}

function ownTables(names: Names): Change[] {
  const own = (name: string, columns: string, options = '') =>
    table(names.plainOwn(name), `create table ${names.own(name)} (${columns}) ${options}`.trim())
  const ownIndex = (name: string, on: string, columns: string) => plainIndex(names, name, names.own(on), columns)
  return [
    own(
      'workers',
      `
      id bigserial primary key,
      name text not null,
      host text not null,
      pid integer not null,
      version text not null,
      queues text not null,
      concurrency integer not null,
      default_tries integer not null,
      running integer not null default 0,
      memory_bytes bigint not null default 0,
      state text not null default 'running',
      command text,
      started_at bigint not null,
      beat_at bigint not null,
      lease_until bigint not null,
      settled_0 bigint not null default 0,
      answer_0 text,
      settled_1 bigint not null default 0,
      answer_1 text
    `,
      SMALL_HOT_TABLE,
    ),
    own(
      'holds',
      "worker bigint primary key, ranges bigint[] not null default '{}', kept integer not null default 0",
      SMALL_HOT_TABLE,
    ),
    own(
      'producers',
      `
      producer text primary key,
      seq bigint not null,
      ids bigint[] not null,
      outcomes text[],
      uuids text[],
      at bigint not null
    `,
      SMALL_HOT_TABLE,
    ),
    own('queues', 'name text primary key, paused_at bigint, pause_reason text'),
    own(
      'schedules',
      `
      key text primary key,
      job text not null,
      queue text not null,
      input text not null,
      cron text,
      zone text,
      every_ms bigint,
      missed text not null,
      overlap text not null,
      origin text not null,
      next_at bigint,
      paused_at bigint,
      last_at bigint,
      last_uuid text
    `,
    ),
    own(
      'locks',
      `
      key text primary key,
      uuid text not null,
      job_id bigint not null,
      until text not null,
      expires_at bigint
    `,
    ),
    ownIndex('locks_job', 'locks', '(job_id)'),
    ownIndex('locks_processing', 'locks', "(job_id) where until = 'processing'"),
    own('reclaims', 'job_id bigint primary key, uuid text, crashes integer not null, at bigint not null'),
    own(
      'failed',
      `
      uuid text primary key,
      failed_id bigint not null,
      name text,
      fingerprint text not null,
      headline text not null,
      surfaced text
    `,
    ),
    own(
      'runs',
      `
      id bigserial primary key,
      uuid text not null,
      attempt integer not null,
      name text not null,
      queue text not null,
      worker bigint not null,
      started_at bigint not null,
      ended_at bigint,
      outcome text not null,
      headline text,
      progress double precision,
      note text,
      log text not null,
      result text,
      keep_until bigint
    `,
    ),
    ownIndex('runs_attempt', 'runs', '(uuid, attempt)'),
    ownIndex('runs_started', 'runs', '(started_at)'),
    own(
      'metrics',
      `
      minute bigint not null,
      worker bigint not null,
      queue text not null,
      name text not null,
      completed bigint not null,
      failed bigint not null,
      retried bigint not null,
      released bigint not null,
      cancelled bigint not null,
      wait_ms bigint not null,
      run_ms bigint not null,
      primary key (minute, worker, queue, name)
    `,
    ),
  ]
}

function lostWorkers(names: Names): Change[] {
  const plain = names.plainOwn('reclaims')
  return ['worker_1', 'worker_2', 'worker_3', 'begun_by', 'begun_seq'].map((column) => ({
    sql: `alter table ${names.own('reclaims')} add column ${column} bigint`,
    missing: ({ tables: known }) => !known.get(plain)?.has(column),
  }))
}

function handlerNames(names: Names): Change[] {
  const plain = names.plainOwn('workers')
  return [
    {
      sql: `alter table ${names.own('workers')} add column job_names text`,
      missing: ({ tables: known }) => !known.get(plain)?.has('job_names'),
    },
  ]
}

/** A default that is a constant changes the catalogue only. */
function moreMetrics(names: Names): Change[] {
  const plain = names.plainOwn('metrics')
  return ADDED_METRICS.map((column) => ({
    sql: `alter table ${names.own('metrics')} add column ${column} bigint not null default 0`,
    missing: ({ tables: known }) => !known.get(plain)?.has(column),
  }))
}

function table(name: string, sql: string): Change {
  return {
    sql: sql.replace(/\n\s+/g, '\n  ').replace(/\n\s+\)/g, '\n)'),
    missing: ({ tables: known }) => !known.has(name),
  }
}

/** Nullable and without default: a change of the catalogue only, however large the table is. */
function addColumn(jobs: string, plain: string, column: string): Change {
  const name = column.split(' ')[0]!
  return {
    sql: `alter table ${jobs} add column ${column}`,
    missing: ({ tables: known }) => known.has(plain) && !known.get(plain)!.has(name),
  }
}

/** A half-made one is dropped first. */
function index(names: Names, name: string, on: string, columns: string): Change {
  const plain = names.plainOwn(name)
  return {
    sql: `create index "${plain}" on ${on} ${columns}`,
    missing: ({ indexes }) => !indexes.get(plain)?.valid,
    concurrent: { index: plain, sql: `create index concurrently "${plain}" on ${on} ${columns}` },
  }
}

function plainIndex(names: Names, name: string, on: string, columns: string): Change {
  const plain = names.plainOwn(name)
  const unique = name === 'runs_attempt' ? 'unique ' : ''
  return { sql: `create ${unique}index "${plain}" on ${on} ${columns}`, missing: ({ indexes }) => !indexes.has(plain) }
}

/** `"public"."faena_push_1"` in the text of a function → `faena_push_1`. */
function functionName(sql: string): string {
  return /^\s*create or replace function "[^"]+"\."([^"]+)"/.exec(sql)![1]!
}
