import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { newJob, newJobs } from '../support/jobs.ts'
import { LARAVEL_SQL, LARAVEL_TABLES, laravelPayload } from '../support/laravel-postgres.ts'
import { dumpSchema } from '../support/postgres-dump.ts'
import { type GivenSchema, givenSchema } from '../support/postgres-schema.ts'
import { startWorker } from '../support/worker.ts'

const OURS = ['name', 'max_attempts', 'priority', 'reserved_by']

interface Column {
  name: string
  type: string
  nullable: boolean
  default: string | null
}

function columns({ look, schema }: GivenSchema, table: string): Column[] {
  return look.all<Column>(
    `select column_name as name, data_type as type, is_nullable = 'YES' as nullable, column_default as default
       from information_schema.columns where table_schema = $1 and table_name = $2 order by ordinal_position`,
    [schema, table],
  )
}

function laravel({ look, schema }: GivenSchema, statement: keyof typeof LARAVEL_SQL, ...values: unknown[]) {
  return look.all<{ id: number; attempts: number }>(LARAVEL_SQL[statement].replaceAll('{}', schema), values)
}

describe.each(Object.entries(LARAVEL_TABLES))('tables of %s', (version, tables) => {
  test('get nullable columns at their end and nothing else, and keep their rows', async () => {
    await using given = await givenSchema(tables)
    const uuid = randomUUID()
    const [pushed] = laravel(given, 'push', 'default', laravelPayload(uuid))
    const before = { jobs: columns(given, 'jobs'), failed: columns(given, 'failed_jobs') }
    const store = await given.store()

    await store.migrate()

    const [jobs, failed] = [columns(given, 'jobs'), columns(given, 'failed_jobs')]
    expect(jobs.slice(0, before.jobs.length)).toEqual(before.jobs)
    expect(jobs.slice(before.jobs.length).map(({ name }) => name)).toEqual(OURS)
    expect(failed.slice(0, before.failed.length)).toEqual(before.failed)
    expect(failed.slice(before.failed.length).map(({ name }) => name)).toEqual(version === 'laravel 7' ? ['uuid'] : [])
    const added = [...jobs.slice(before.jobs.length), ...failed.slice(before.failed.length)]
    expect(added.filter((column) => !column.nullable || column.default !== null)).toEqual([])
    expect(await store.get(pushed!.id)).toMatchObject({ payload: laravelPayload(uuid), name: null, priority: 0 })
    expect(await store.get(uuid)).toMatchObject({ id: pushed!.id })
  })

  test('work as before for Laravel, and for us beside it', async () => {
    await using given = await givenSchema(tables)
    const store = await given.store()
    await store.migrate()
    const php = laravelPayload(randomUUID())
    laravel(given, 'push', 'default', php)
    const [ours] = await store.push([newJob()])
    const worker = await startWorker(store)

    const [mine] = await worker.reserve()
    const [theirs] = laravel(given, 'pop', 'default')
    laravel(given, 'reserve', theirs!.id, theirs!.attempts + 1)

    expect(mine?.id).toBe(ours?.id)
    expect(await store.get(theirs!.id)).toMatchObject({ payload: php, status: 'reserved', reservedBy: null })
    expect((await worker.fail(mine!)).applied).toEqual([mine?.id])
    laravel(given, 'delete', theirs!.id)
    expect(await store.counts()).toEqual([])
    expect(await store.countFailed()).toBe(1)
    expect(await store.retry({}, { limit: 10, upTo: 1_000 })).toMatchObject({ changed: 1 })
  })
})

test('a dry run names the statements and changes nothing', async () => {
  await using given = await givenSchema(LARAVEL_TABLES['laravel 8 and 12'])
  const before = dumpSchema(given.look, given.schema)
  const store = await given.store()

  const { steps } = await store.migrate({ dryRun: true })

  expect(dumpSchema(given.look, given.schema)).toBe(before)
  const statements = steps.flatMap(({ sql }) => sql)
  const onTheirs = statements.filter(
    (sql) => /^(alter table|create .*index)/.test(sql) && / "\w+"\."(jobs|failed_jobs|job_batches)"/.test(sql),
  )
  expect(onTheirs.map((sql) => sql.replaceAll(given.schema, 'public'))).toEqual([
    ...['name text', 'max_attempts integer', 'priority integer', 'reserved_by bigint'].map(
      (column) => `alter table "public"."jobs" add column ${column}`,
    ),
    expect.stringMatching(/^create index concurrently "faena_jobs_due"/),
    expect.stringMatching(/^create index concurrently "faena_jobs_uuid"/),
    expect.stringMatching(/^create index concurrently "faena_jobs_odd"/),
    expect.stringMatching(/^create index concurrently "faena_failed_jobs_at"/),
  ])
})

test('a migration that broke off anywhere is gone on with', { timeout: 120_000 }, async () => {
  await using whole = await givenSchema(LARAVEL_TABLES['laravel 8 and 12'])
  await (await whole.store()).migrate()
  const expected = dumpSchema(whole.look, whole.schema)
  await using planned = await givenSchema(LARAVEL_TABLES['laravel 8 and 12'])
  const { steps } = await (await planned.store()).migrate({ dryRun: true })
  const statements = steps.flatMap(({ sql }) => sql)

  for (let done = 0; done <= statements.length; done += 7) {
    await using given = await givenSchema(LARAVEL_TABLES['laravel 8 and 12'])
    for (const sql of statements.slice(0, done)) given.look.all(sql.replaceAll(planned.schema, given.schema))

    const report = await (await given.store()).migrate()

    expect(report.from, `after ${done} statements`).toBe(0)
    expect(dumpSchema(given.look, given.schema), `after ${done} statements`).toBe(expected)
  }
})

test('an index whose making broke off is made anew, and one that was dropped too', async () => {
  await using given = await givenSchema(LARAVEL_TABLES['laravel 8 and 12'])
  const store = await given.store()
  await store.migrate()
  const whole = dumpSchema(given.look, given.schema)
  given.look.all(`drop index ${given.schema}.faena_jobs_uuid`)
  given.look.all(`update pg_index set indisvalid = false where indexrelid = '${given.schema}.faena_jobs_due'::regclass`)
  expect((await store.diagnose()).filter(({ level }) => level === 'problem').map(({ topic }) => topic)).toContain(
    'schema',
  )

  const { steps } = await store.migrate()

  expect(steps.flatMap(({ sql }) => sql)).toHaveLength(2)
  expect(dumpSchema(given.look, given.schema)).toBe(whole)
})

test('Laravel’s workers go on while the tables are migrated, and every job is run once', {
  timeout: 60_000,
}, async () => {
  await using given = await givenSchema(LARAVEL_TABLES['laravel 8 and 12'])
  for (let count = 0; count < 400; count += 1) laravel(given, 'push', 'default', laravelPayload(randomUUID()))
  const run: number[] = []
  const migrated = new AbortController()
  const workers = [await given.client(), await given.client()].map(async (client) => {
    const ask = (statement: keyof typeof LARAVEL_SQL, ...values: unknown[]) =>
      client.query(LARAVEL_SQL[statement].replaceAll('{}', given.schema), values)
    for (;;) {
      await client.query('begin')
      const [job] = (await ask('pop', 'default')).rows
      if (job) await ask('reserve', job.id, job.attempts + 1)
      await client.query('commit')
      if (!job && migrated.signal.aborted) return
      if (!job) {
        await new Promise((resolve) => setTimeout(resolve, 5))
        continue
      }
      run.push(Number(job.id))
      await client.query('begin')
      await ask('find', job.id)
      await ask('delete', job.id)
      await client.query('commit')
      if (!migrated.signal.aborted) await ask('push', 'default', laravelPayload(randomUUID()))
    }
  })
  const store = await given.store()

  await store.migrate()
  migrated.abort()
  await Promise.all(workers)

  expect(new Set(run).size).toBe(run.length)
  expect(run.length).toBeGreaterThanOrEqual(400)
  expect(await store.counts()).toEqual([])
})

test('a long transaction on the table holds the migration up, and nobody else', { timeout: 60_000 }, async () => {
  await using given = await givenSchema(LARAVEL_TABLES['laravel 8 and 12'])
  const store = await given.store()
  const reader = await given.client()
  await reader.query('begin')
  await reader.query(`select count(*) from ${given.schema}.jobs`)

  const migrating = store.migrate()
  const waits: number[] = []
  for (let count = 0; count < 10; count += 1) {
    const started = performance.now()
    laravel(given, 'push', 'default', laravelPayload(randomUUID()))
    waits.push(performance.now() - started)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  await reader.query('commit')
  await migrating

  expect(Math.max(...waits)).toBeLessThan(4_000)
  expect(columns(given, 'jobs').map(({ name }) => name)).toEqual(expect.arrayContaining(OURS))
})

test('two migrations at the same moment make everything once', async () => {
  await using given = await givenSchema(LARAVEL_TABLES['laravel 8 and 12'])
  const stores = [await given.store(), await given.store(), await given.store()]

  const reports = await Promise.all(stores.map((store) => store.migrate()))

  expect(reports.filter(({ from, to }) => from < to)).toHaveLength(1)
})

test('tables may lie in a schema and under names of one’s own', async () => {
  await using given = await givenSchema()
  const names = { jobs: 'work', failedJobs: 'work_failed', jobBatches: 'work_batches', prefix: 'queue_' }
  const store = await given.store(names)
  await store.migrate()

  const [pushed] = await store.push(newJobs(1))
  const worker = await startWorker(store)
  await worker.fail(await worker.reserveOne())

  expect(await store.getFailed(pushed!.uuid)).toBeDefined()
  const tables = given.look.all<{ name: string }>('select tablename as name from pg_tables where schemaname = $1', [
    given.schema,
  ])
  const others = tables.filter(({ name }) => !name.startsWith('queue_') && !name.startsWith('work'))
  expect(others).toEqual([])
})
