import { describe, expect, test } from 'vitest'
import { newJob } from '../support/jobs.ts'
import { LARAVEL_TABLES } from '../support/laravel-mysql.ts'
import { type TestDatabase, testDatabase } from '../support/mysql-database.ts'
import { startWorker } from '../support/worker.ts'

interface Column {
  name: string
  nullable: string
}

async function columns({ rows, name }: TestDatabase, table: string): Promise<Column[]> {
  return rows<Column>(
    `select column_name as name, is_nullable as nullable from information_schema.columns
      where table_schema = ? and table_name = ? order by ordinal_position`,
    [name, table],
  )
}

async function indexes({ rows, name }: TestDatabase, table: string): Promise<string[]> {
  const found = await rows<{ name: string; list: string }>(
    `select index_name as name, group_concat(column_name order by seq_in_index) as list from information_schema.statistics
      where table_schema = ? and table_name = ? group by index_name order by index_name`,
    [name, table],
  )
  return found.map(({ name, list }) => `${name} (${list})`)
}

/** All tables as the server describes them, without what differs between versions of it and from run to run. */
async function dump({ rows, name }: TestDatabase): Promise<string> {
  const tables = await rows<{ name: string }>(
    'select table_name as name from information_schema.tables where table_schema = ? order by table_name',
    [name],
  )
  const statements: string[] = []
  for (const { name } of tables) {
    const [row] = await rows<{ 'Create Table': string }>(`show create table ${name}`)
    const text = row!['Create Table']
      .replace(/ AUTO_INCREMENT=\d+/, '')
      .replace(/\b(bigint|int|smallint|tinyint)\(\d+\)/g, '$1')
      .replace(/current_timestamp\(\)/gi, 'CURRENT_TIMESTAMP')
    statements.push(`${text};`)
  }
  return `${statements.join('\n\n')}\n`
}

const LARAVELS = Object.keys(LARAVEL_TABLES) as (keyof typeof LARAVEL_TABLES)[]

describe.each(LARAVELS)('tables that %s made', (laravel) => {
  test('get columns that may be NULL, at the end, and an index over nothing that changes', async () => {
    await using database = await testDatabase(laravel)
    const before = await columns(database, 'jobs')
    const others = [await columns(database, 'failed_jobs'), await columns(database, 'job_batches')]
    const store = await database.store()

    await store.migrate()

    const after = await columns(database, 'jobs')
    expect(after.slice(0, before.length)).toEqual(before)
    expect(after.slice(before.length)).toEqual(
      ['name', 'max_attempts', 'priority', 'reserved_by'].map((name) => ({ name, nullable: 'YES' })),
    )
    expect([await columns(database, 'failed_jobs'), await columns(database, 'job_batches')]).toEqual(others)
    expect(await indexes(database, 'jobs')).toEqual([
      'faena_jobs_uuid (payload)',
      'jobs_queue_index (queue)',
      'PRIMARY (id)',
    ])
  })

  test('keep their rows, and PHP goes on writing and reserving them', async () => {
    await using database = await testDatabase(laravel)
    const { rows } = database
    const push = `insert into jobs (queue, attempts, reserved_at, available_at, created_at, payload) values ('php', 0, null, 1700000000, 1700000000, '{"uuid":"a","job":"App@fire"}')`
    await rows(push)
    const store = await database.store()
    await store.migrate()

    await rows(push)
    const pop = `select * from jobs where queue = 'php' and ((reserved_at is null and available_at <= 1800000000) or (reserved_at <= 1700000000))
      order by id asc limit 1 for update skip locked`
    const [job] = await rows<{ id: number }>(pop)
    await rows('update jobs set reserved_at = 1800000000, attempts = 1 where id = ?', [job!.id])

    const stored = await rows('select id, attempts, priority, name from jobs order by id')
    expect(stored).toEqual([
      { id: 1, attempts: 1, priority: 0, name: null },
      { id: 2, attempts: 0, priority: 0, name: null },
    ])
  })
})

test('attempts stop at the top of the column, and the job is still the worker’s', async () => {
  await using database = await testDatabase('laravel-8')
  const store = await database.store()
  await store.migrate()
  const { payload } = newJob()
  await database.rows(
    `insert into jobs (queue, payload, attempts, available_at, created_at) values ('default', ?, 255, 1, 1)`,
    [payload],
  )
  const worker = await startWorker(store)

  const job = await worker.reserveOne()

  expect(job.attempts).toBe(255)
  expect((await worker.complete(job)).applied).toEqual([job.id])
})

describe('a dry run', () => {
  test('says the SQL and changes nothing', async () => {
    await using database = await testDatabase('laravel-12')
    const store = await database.store()

    const { steps } = await store.migrate({ dryRun: true })

    expect(steps.flatMap(({ sql }) => sql)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^alter table `.*`\.`jobs` add column name .* null, add column max_attempts/),
        expect.stringMatching(/^create index faena_jobs_uuid on/),
        expect.stringMatching(/^create table `.*`\.`faena_workers`/),
      ]),
    )
    expect(await columns(database, 'jobs')).toHaveLength(7)
    expect((await store.ping()).schemaVersion).toBe(0)
  })
})

describe('a migration that was killed', () => {
  test.each(['laravel-12', undefined] as const)('goes on wherever it stopped (tables of %s)', async (laravel) => {
    await using reference = await testDatabase(laravel)
    const whole = await reference.store()
    const [step] = (await whole.migrate({ dryRun: true })).steps
    await whole.migrate()
    const wanted = await dump(reference)

    for (let done = 0; done <= step!.sql.length; done += 3) {
      await using database = await testDatabase(laravel)
      for (const statement of step!.sql.slice(0, done)) {
        await database.rows(statement.replaceAll(reference.name, database.name))
      }
      const store = await database.store()
      const { steps } = await store.migrate()

      expect(steps[0]?.sql).toHaveLength(step!.sql.length - done)
      expect(await dump(database)).toBe(wanted)
    }
  })

  test('leaves the lock to the next one', async () => {
    await using database = await testDatabase()
    const store = await database.store()
    const killed = await database.connect()
    const lock = `concat('faena:', md5('${database.name}.faena_migrations'))`
    await killed.query(`select get_lock(${lock}, 0)`)

    const migrating = store.migrate()
    await database.rows(`select sleep(0.2)`)
    killed.destroy()

    expect((await migrating).steps.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6])
  })
})

test('a transaction that is open on the table delays the migration, and nobody behind it for long', async () => {
  await using database = await testDatabase('laravel-12')
  const store = await database.store()
  const open = await database.connect()
  await open.query('start transaction')
  await open.query('select count(*) from jobs')
  const waiting = async () =>
    database.rows(`select id from information_schema.processlist where state like 'Waiting for table metadata lock%'`)

  const migrating = store.migrate()
  while ((await waiting()).length === 0);
  // Behind the waiting change, PHP's statement waits too, until the change gives way.
  await database.rows(
    `insert into jobs (queue, payload, attempts, available_at, created_at) values ('php', 'x', 0, 1, 1)`,
  )
  await open.query('commit')

  expect((await migrating).steps.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6])
  expect(await columns(database, 'jobs')).toHaveLength(11)
})

test('several installations live in one database by names of their own', async () => {
  await using database = await testDatabase()
  const one = await database.store()
  const two = await database.store({
    prefix: 'other_',
    jobs: 'other_jobs',
    failedJobs: 'other_failed_jobs',
    jobBatches: 'b',
  })
  await Promise.all([one.migrate(), two.migrate()])

  await two.push([newJob()])

  expect([await one.counts(), (await two.counts())[0]?.due]).toEqual([[], 1])
})

test('a newer schema than this version knows is refused', async () => {
  await using database = await testDatabase()
  const store = await database.store()
  await store.migrate()
  await database.rows(`insert into faena_migrations (version, name, applied_at) values (99, 'later', 1)`)

  await expect(store.migrate()).rejects.toMatchObject({ code: 'MIGRATION_NEEDED' })
})

test('a database without the tables says what to do', async () => {
  await using database = await testDatabase()
  const store = await database.store()

  await expect(store.push([newJob()])).rejects.toMatchObject({
    code: 'MIGRATION_NEEDED',
    message: expect.stringContaining('run faena migrate'),
  })
})

test('the schema is the one that docs/reference/schema.mysql.sql shows', async () => {
  await using database = await testDatabase()
  const store = await database.store()
  await store.migrate()
  const file = new URL('../../docs/reference/schema.mysql.sql', import.meta.url)

  await expect(await dump(database)).toMatchFileSnapshot(file.pathname)
})
