import { FaenaError, isFaenaError } from '../../core/errors.ts'
import type { MigrationReport, MigrationStep } from '../../store.ts'
import { raw, sql } from '../sql/sql.ts'
import { type Catalogue, readCatalogue } from './catalogue.ts'
import type { Run } from './connection.ts'
import { type Context, nowMs } from './context.ts'
import { faultOf, sqlState } from './errors.ts'
import { type Change, SCHEMA_VERSION, type SchemaStep, STEPS } from './schema.ts'

/** Any number: two migrations of one database take turns. */
const LOCK = '7283461905'
const LOCK_TIMEOUT = '55P03'
/** How long a change waits for its lock on a table; whoever comes after it has to wait as long. */
const PATIENCE_MS = 1_000
const MOST_TRIES = 60
const MOST_WAIT_MS = 60_000
/** An index of a table of many millions, beside its users. */
const INDEX_MS = 3_600_000

/**
 * Brings the tables up to date. In an empty schema everything is made in one transaction. Tables that others are using are
 * changed beside them: each change looks first whether it is still to be done and locks a table for a moment at most, so a
 * migration that broke off, or that somebody else ran meanwhile, is simply gone on with. A step is noted as done once all
 * of it is there; what it made and was lost since (an index, a function) is made again.
 */
export async function migrate(
  context: Context,
  options: { dryRun?: boolean; onStep?: (step: MigrationStep) => void },
): Promise<MigrationReport> {
  const before = await catalogueOf(context)
  refuseNewer(before.version)
  refuseStrict(context, before)
  const planned = stepsMissing(context, before)
  if (options.dryRun || planned.length === 0) return report(before, planned)
  return alone(context, async () => {
    const found = await catalogueOf(context)
    const missing = stepsMissing(context, found)
    const inUse = found.tables.has(context.names.plain.jobs)
    for (const plan of missing) {
      options.onStep?.(stepOf(plan))
      await (inUse ? changeBesideOthers(context, plan.step) : makeAnew(context, plan))
    }
    return report(found, missing)
  })
}

function catalogueOf({ connection, names }: Context): Promise<Catalogue> {
  return readCatalogue((statement) => connection.query('common', statement), names)
}

/** The first lines of all that a migration would do now. */
export async function missingChanges(context: Context): Promise<string[]> {
  return stepsMissing(context, await catalogueOf(context)).flatMap((plan) => stepOf(plan).sql)
}

interface Plan {
  step: SchemaStep
  /** What is still to be done of it. */
  changes: readonly Change[]
  inUse: boolean
}

function stepsMissing({ names }: Context, catalogue: Catalogue): Plan[] {
  const inUse = catalogue.tables.has(names.plain.jobs)
  return STEPS.map((step) => ({
    step,
    changes: step.changes(names).filter((change) => change.missing(catalogue)),
    inUse,
  })).filter(({ step, changes }) => changes.length > 0 || step.version > catalogue.version)
}

function report(from: Catalogue, plans: readonly Plan[]): MigrationReport {
  return { from: from.version, to: SCHEMA_VERSION, steps: plans.map(stepOf) }
}

function stepOf({ step, changes, inUse }: Plan): MigrationStep {
  const { version, name } = step
  return {
    version,
    name,
    sql: changes.map((change) => (inUse && change.concurrent ? change.concurrent.sql : change.sql)),
  }
}

/**
 * Runs `work` while no other migration does. The lock belongs to a transaction that does nothing else, so it works behind a
 * pooler and ends with its connection. Whoever has to wait asks again and again: a statement that waits would hold a
 * snapshot, and CREATE INDEX CONCURRENTLY waits for all of these.
 */
async function alone<T>({ connection }: Context, work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + MOST_WAIT_MS
  let done: { result: T } | undefined
  while (performance.now() < deadline) {
    try {
      await connection.transaction(
        'common',
        async (run) => {
          // Without parameters: one with would keep its snapshot until the next statement, and the indexes wait for that.
          const [row] = await run(raw(`select pg_try_advisory_xact_lock(${LOCK}) as locked`))
          if (row?.locked) done = { result: await work() }
        },
        { idleMs: INDEX_MS },
      )
    } catch (error) {
      // Only the lock was lost: all that was done is done.
      if (!done) throw error
    }
    if (done) return done.result
    await pause(100)
  }
  throw new FaenaError(
    'MIGRATION_FAILED',
    'Another migration of this database has been running for a minute; try again when it is done',
  )
}

async function makeAnew(context: Context, { step, changes }: Plan): Promise<void> {
  await context.connection.transaction('common', async (run) => {
    for (const change of changes) await run(raw(change.sql)).catch((cause) => failed(step, change, cause))
    await note(context, run, step)
  })
}

async function changeBesideOthers(context: Context, step: SchemaStep): Promise<void> {
  for (const change of step.changes(context.names)) {
    // Read anew each time: what was made a moment ago, by us or by somebody else, is there.
    const catalogue = await catalogueOf(context)
    if (!change.missing(catalogue)) continue
    const make = () => (change.concurrent ? makeIndex(context, change.concurrent, catalogue) : makeOne(context, change))
    await patiently(make).catch((cause) => failed(step, change, cause))
  }
  await context.connection.transaction('common', (run) => note(context, run, step))
}

async function makeOne({ connection }: Context, change: Change): Promise<void> {
  await connection.transaction(
    'common',
    async (run) => {
      await run(raw(`set local lock_timeout = ${PATIENCE_MS}`))
      await run(raw(change.sql))
    },
    { tries: 1 },
  )
}

async function makeIndex(
  { connection, names }: Context,
  made: { index: string; sql: string },
  catalogue: Catalogue,
): Promise<void> {
  const run: Run = (statement) => connection.query('common', statement, { timeoutMs: INDEX_MS })
  if (catalogue.indexes.has(made.index))
    await run(raw(`drop index concurrently if exists "${names.schema}"."${made.index}"`))
  await run(raw(made.sql))
}

async function note(context: Context, run: Run, step: SchemaStep): Promise<void> {
  await run(sql`
    insert into ${raw(context.names.own('migrations'))} (version, name, applied_at)
    values (${step.version}, ${step.name}, ${nowMs(context)}) on conflict do nothing`)
}

/** Tries again when a lock was not to be had in time, after a pause that lets through those who waited behind us. */
async function patiently(work: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      const state = sqlState((error as { cause?: unknown }).cause ?? error)
      if (tries >= MOST_TRIES || state !== LOCK_TIMEOUT) throw error
      await pause(200 + 800 * Math.random())
    }
  }
}

function failed(step: SchemaStep, change: Change, cause: unknown): never {
  if (faultOf(cause) === 'unavailable' || isFaenaError(cause, 'STORE_UNAVAILABLE')) throw cause
  const first = change.sql.trim().split('\n')[0]
  throw new FaenaError(
    'MIGRATION_FAILED',
    `Migration ${step.version} (${step.name}) failed at: ${first} — ${String(cause)}`,
    { cause },
  )
}

function refuseNewer(version: number): void {
  if (version <= SCHEMA_VERSION) return
  throw new FaenaError(
    'MIGRATION_NEEDED',
    `The database is at schema version ${version}, this Faena knows ${SCHEMA_VERSION}: update the faena package`,
  )
}

/** Columns of our names that somebody else made; one that has to be given a value would refuse nearly every row of ours. */
function refuseStrict({ names }: Context, { tables }: Catalogue): void {
  const strict = ['name', 'max_attempts', 'priority', 'reserved_by'].find((column) =>
    tables.get(names.plain.jobs)?.get(column),
  )
  if (strict === undefined) return
  throw new FaenaError(
    'MIGRATION_FAILED',
    `The table jobs has a column ${strict} of its own that may not be NULL; Faena keeps its ${strict} there and leaves it NULL in most rows. Rename that column, or let it be NULL.`,
  )
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
