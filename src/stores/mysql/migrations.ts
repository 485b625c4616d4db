import { setTimeout as delay } from 'node:timers/promises'
import { FaenaError } from '../../core/errors.ts'
import type { MigrationReport, MigrationStep } from '../../store.ts'
import { ADDED_METRICS } from '../sql/metrics.ts'
import { type Sql, sql } from '../sql/sql.ts'
import { alertTables } from './alerts-schema.ts'
import { deskTables } from './desk-schema.ts'
import { errorNumber, faultOf, translated } from './errors.ts'
import type { Names } from './names.ts'
import { ADDED_COLUMNS, CRASH_COLUMNS, TABLES, UUID_INDEX } from './schema.ts'
import { Session } from './session.ts'
import { columnsOf } from './shape.ts'
import type { Source } from './source.ts'
import { textOf } from './text.ts'

/** What is in the database now, by plain names in lower case. */
export interface Catalogue {
  tables: ReadonlySet<string>
  /** Of the table of jobs. */
  columns: ReadonlySet<string>
  /** Columns of faena_reclaims. */
  reclaims: ReadonlySet<string>
  /** Columns of faena_metrics. */
  metrics: ReadonlySet<string>
  /** Columns of faena_workers. */
  workers: ReadonlySet<string>
  indexes: ReadonlySet<string>
  /** Of all tables, as `table.index`, and as `table(column)` for the first column of each. */
  allIndexes: ReadonlySet<string>
}

interface Step {
  version: number
  name: string
  /** What is still missing. A step that stopped half-way, or that others did by hand, is asked again and says less. */
  missing(names: Names, catalogue: Catalogue): string[]
}

/** Append-only: a step that was ever released is never altered. */
const STEPS: readonly Step[] = [
  { version: 1, name: 'tables', missing: firstTables },
  { version: 2, name: 'management API', missing: deskTables },
  { version: 3, name: 'workers that were lost with a job', missing: lostWorkers },
  { version: 4, name: 'dispatches, starts and histograms', missing: moreMetrics },
  { version: 5, name: 'alerts', missing: alertTables },
  { version: 6, name: 'jobs that workers have handlers for', missing: handlerNames },
]

export const SCHEMA_VERSION = STEPS.at(-1)!.version

/** A waiting change of a table holds up everybody behind it, so it waits for moments only, and often. */
const LOCK_SECONDS = 2
const LOCK_TRIES = 30
const MIGRATOR_SECONDS = 300

function firstTables(names: Names, { tables, columns, indexes }: Catalogue): string[] {
  const place = (name: keyof typeof TABLES) => names[name].text[0]!
  const statements: string[] = []
  for (const [name, body] of Object.entries(TABLES) as [keyof typeof TABLES, string][]) {
    if (!tables.has(names.plain[name].toLowerCase())) statements.push(`create table ${place(name)} ${body}`)
  }
  if (!tables.has(names.plain.jobs.toLowerCase())) return statements
  const added = Object.entries(ADDED_COLUMNS).filter(([column]) => !columns.has(column))
  if (added.length > 0) {
    const list = added.map(([column, type]) => `add column ${column} ${type}`).join(', ')
    statements.push(`alter table ${place('jobs')} ${list}`)
  }
  if (!indexes.has(UUID_INDEX.name)) {
    statements.push(`create index ${UUID_INDEX.name} on ${place('jobs')} (${UUID_INDEX.columns})`)
  }
  return statements
}

function moreMetrics(names: Names, { metrics }: Catalogue): string[] {
  const added = ADDED_METRICS.filter((column) => !metrics.has(column))
  const list = added.map((column) => `add column ${column} bigint not null default 0`).join(', ')
  return added.length === 0 ? [] : [`alter table ${names.metrics.text[0]} ${list}`]
}

function handlerNames(names: Names, { workers }: Catalogue): string[] {
  return workers.has('job_names') ? [] : [`alter table ${names.workers.text[0]} add column job_names mediumtext null`]
}

function lostWorkers(names: Names, { reclaims }: Catalogue): string[] {
  const added = Object.entries(CRASH_COLUMNS).filter(([column]) => !reclaims.has(column))
  const list = added.map(([column, type]) => `add column ${column} ${type}`).join(', ')
  return added.length === 0 ? [] : [`alter table ${names.reclaims.text[0]} ${list}`]
}

/** The tables' version; 0 where there are none. */
export function versionOf(names: Names): Sql {
  return sql`select coalesce(max(version), 0) as version from ${names.migrations}`
}

/**
 * Applies what is missing. MySQL commits each change of a table by itself, so nothing here counts on a transaction: what
 * is missing is read from the catalogue, and a run that was killed is simply repeated. One migrator at a time, by a lock
 * that ends with its connection.
 */
export async function migrate(
  source: Source,
  names: Names,
  timeoutMs: number,
  options: { dryRun?: boolean; onStep?: (step: MigrationStep) => void },
): Promise<MigrationReport> {
  let session: Session | undefined
  try {
    session = await Session.connect(source.config, timeoutMs)
    await session.run([`set session lock_wait_timeout = ${LOCK_SECONDS}`], timeoutMs)
    if (!options.dryRun) await lockOut(session, names)
    return await migrateAlone(session, names, options)
  } catch (error) {
    throw translated(error, source.shown, false)
  } finally {
    await session?.end()
  }
}

async function migrateAlone(
  session: Session,
  names: Names,
  { dryRun, onStep }: { dryRun?: boolean; onStep?: (step: MigrationStep) => void },
): Promise<MigrationReport> {
  const from = await installed(session, names)
  if (from > SCHEMA_VERSION) {
    throw new FaenaError(
      'MIGRATION_NEEDED',
      `The database is at schema version ${from}, this Faena knows ${SCHEMA_VERSION}: update the faena package`,
    )
  }
  const steps: MigrationStep[] = []
  for (const { version, name, missing } of STEPS.filter((step) => step.version > from)) {
    const step = { version, name, sql: missing(names, await catalogueOf(session, names)) }
    steps.push(step)
    if (dryRun) continue
    onStep?.(step)
    await apply(session, names, step)
  }
  return { from, to: SCHEMA_VERSION, steps }
}

async function apply(session: Session, names: Names, step: MigrationStep): Promise<void> {
  const number = sql`(${step.version}, ${step.name}, unix_timestamp() * 1000)`
  const statements = [
    `create table if not exists ${names.migrations.text[0]} (version int not null primary key, name varchar(191) not null, applied_at bigint not null) engine=InnoDB`,
    ...step.sql,
    textOf(sql`insert ignore into ${names.migrations} (version, name, applied_at) values ${number}`),
  ]
  for (const statement of statements) {
    try {
      await patiently(session, statement)
    } catch (cause) {
      if (faultOf(cause) === 'unavailable') throw cause
      const text = `Migration ${step.version} (${step.name}) failed at: ${statement.split('\n')[0]}: ${(cause as Error).message}`
      const advice =
        faultOf(cause) === 'repeat'
          ? '; look for a transaction that was left open on the table, then run faena migrate again'
          : ''
      throw new FaenaError('MIGRATION_FAILED', `${text}${advice}`, { cause })
    }
  }
}

async function patiently(session: Session, statement: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await session.run([statement], 0)
      return
    } catch (error) {
      if (faultOf(error) !== 'repeat' || tries === LOCK_TRIES) throw error
      await delay(200 + 800 * Math.random())
    }
  }
}

async function lockOut(session: Session, names: Names): Promise<void> {
  // Names of locks are the server's, not the database's, and at most 64 characters long.
  const name = sql`concat('faena:', md5(${`${names.schema}.${names.plain.migrations}`}))`
  const [answer] = await session.run([textOf(sql`select get_lock(${name}, ${MIGRATOR_SECONDS}) as taken`)], 0)
  if (Number(answer?.rows[0]?.taken) === 1) return
  throw new FaenaError(
    'MIGRATION_FAILED',
    `Another migration of ${names.schema} has been running for ${MIGRATOR_SECONDS} s; wait for its end`,
  )
}

async function installed(session: Session, names: Names): Promise<number> {
  try {
    const [answer] = await session.run([textOf(versionOf(names))], 0)
    return Number(answer?.rows[0]?.version ?? 0)
  } catch (error) {
    if (errorNumber(error) === 1_146) return 0
    throw error
  }
}

async function catalogueOf(session: Session, names: Names): Promise<Catalogue> {
  const { schema, plain } = names
  const [tables, columns, indexes, all, reclaims, metrics, workers] = await session.run(
    [
      sql`select table_name as name from information_schema.tables where table_schema = ${schema}`,
      columnsOf(schema, plain.jobs),
      sql`select distinct index_name as name from information_schema.statistics where table_schema = ${schema} and table_name = ${plain.jobs}`,
      sql`select concat(table_name, '.', index_name) as name from information_schema.statistics where table_schema = ${schema}
          union select concat(table_name, '(', column_name, ')') from information_schema.statistics
           where table_schema = ${schema} and seq_in_index = 1`,
      columnsOf(schema, plain.reclaims),
      columnsOf(schema, plain.metrics),
      columnsOf(schema, plain.workers),
    ].map((statement) => textOf(statement)),
    0,
  )
  const setOf = (answer: typeof tables) => new Set(answer?.rows.map(({ name }) => String(name).toLowerCase()))
  const rest = { allIndexes: setOf(all), reclaims: setOf(reclaims), metrics: setOf(metrics), workers: setOf(workers) }
  return { tables: setOf(tables), columns: setOf(columns), indexes: setOf(indexes), ...rest }
}
