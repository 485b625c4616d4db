import { describe, expect, test } from 'vitest'
import type { Store } from '../../src/store.ts'
import { apiOn } from '../http/support.ts'
import { newJob } from '../support/jobs.ts'
import { type TestDatabase, testDatabase } from '../support/mysql-database.ts'

const TIMEOUT_MS = 1_000
const PAGE = { limit: 10 }
/** Whoever asks for the newest rows of all cannot ask for less. */
const NARROWED = { queue: 'default' }

async function givenStore(timeoutMs = TIMEOUT_MS) {
  const database = await testDatabase()
  const store = await database.store({ timeoutMs })
  await store.migrate()
  await store.push([newJob()])
  await database.connection.query(
    `insert into failed_jobs (uuid, connection, queue, payload, exception) values (?, 'database', 'default', '{}', 'Error: no')`,
    [newJob().uuid],
  )
  return { database, store, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() }
}

/** Each look at a row of jobs and of failed jobs takes so long. */
async function slowed({ connection }: TestDatabase, seconds: number): Promise<void> {
  for (const table of ['jobs', 'failed_jobs', 'faena_audit']) {
    await connection.query(`rename table ${table} to all_${table}`)
    await connection.query(`create view ${table} as select * from all_${table} where sleep(${seconds}) = 0`)
  }
}

/** Rows are found as ever, and each payload takes so long to be read. */
async function slowedPayloads(database: TestDatabase, seconds: number): Promise<void> {
  await database.connection.query('rename table jobs to all_jobs')
  const rows = await database.rows(
    `select column_name as name from information_schema.columns
     where table_schema = ? and table_name = 'all_jobs' order by ordinal_position`,
    [database.name],
  )
  const names = (rows as { name: string }[]).map(({ name }) => name)
  const columns = names.map((name) => (name === 'payload' ? `if(sleep(${seconds}) = 0, payload, '') as payload` : name))
  await database.connection.query(`create view jobs as select ${columns.join(', ')} from all_jobs`)
}

/** Statements that the server still works on in this database. */
function underWay(database: TestDatabase): Promise<unknown[]> {
  return database.rows(
    `select info from information_schema.processlist where db = ? and info is not null and id <> connection_id()`,
    [database.name],
  )
}

const READS: Record<string, (store: Store) => Promise<unknown>> = {
  'a list of jobs': (store) => store.list(NARROWED, PAGE),
  'a search of jobs': (store) => store.list({ search: 'faena' }, PAGE),
  'a search of failed jobs': (store) => store.listFailed({ search: 'Error' }, PAGE),
}

describe('a read that takes too long', () => {
  test('is ended on the server, whatever is read, and not tried again', { timeout: 30_000 }, async () => {
    await using here = await givenStore()
    await slowed(here.database, 30)

    for (const [what, read] of Object.entries(READS)) {
      const started = performance.now()
      await expect(read(here.store), what).rejects.toMatchObject({ code: 'READ_TIMED_OUT', inDoubt: false })

      // A second try would take nine tenths of that time again.
      expect(performance.now() - started).toBeLessThan(1.7 * TIMEOUT_MS)
      await expect.poll(() => underWay(here.database)).toEqual([])
    }
    expect((await here.store.ping()).latencyMs).toBeLessThan(1_000)
  })

  test('is ended where somebody keeps a table locked, within its usual time', { timeout: 30_000 }, async () => {
    await using here = await givenStore(5_000)
    const owner = await here.database.connect()
    await owner.query('lock tables jobs write')
    const started = performance.now()

    await expect(here.store.list(NARROWED, PAGE)).rejects.toMatchObject({ code: 'READ_TIMED_OUT', inDoubt: false })

    expect(performance.now() - started).toBeLessThan(6_000)
    await owner.query('unlock tables')
    expect((await here.store.list({}, PAGE)).rows).toHaveLength(1)
  })

  test('of one job by its id is not said to be too much', { timeout: 30_000 }, async () => {
    await using here = await givenStore()
    await slowed(here.database, 30)

    await expect(here.store.get(1)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', inDoubt: false })

    await expect.poll(() => underWay(here.database)).toEqual([])
  })

  test('is a 503 to a client of the API', { timeout: 30_000 }, async () => {
    await using here = await givenStore()
    await using api = await apiOn({ store: here.store, close: async () => {} })
    await slowed(here.database, 30)

    for (const path of ['jobs', 'failed', 'jobs/1']) {
      const answer = await api.get(path)
      expect(answer.json(), path).toMatchObject({ success: false, code: 'STORE_UNAVAILABLE', status: 503 })
      expect(answer.statusCode).toBe(503)
    }
    await expect.poll(() => underWay(here.database)).toEqual([])
  })

  test('says so to a client of the API who could ask for less, without an invitation to ask again', async () => {
    await using here = await givenStore()
    await using api = await apiOn({ store: here.store, close: async () => {} })
    await slowedPayloads(here.database, 30)

    const answer = await api.get('jobs?queue=default')

    expect(answer.json()).toMatchObject({ success: false, code: 'READ_TIMED_OUT', status: 503 })
    expect(answer.headers).not.toHaveProperty('retry-after')
    await expect.poll(() => underWay(here.database)).toEqual([])
  })

  test('is ended sooner where the server is set to for this user', { timeout: 30_000 }, async () => {
    await using here = await givenStore(20_000)
    const { connection, name, url } = here.database
    await slowed(here.database, 60)
    await connection.query(`create user ${name} identified by 'secret' with max_statement_time 0.5`)
    await connection.query(`grant all on ${name}.* to ${name}`)
    const limited = new URL(url)
    Object.assign(limited, { username: name, password: 'secret' })
    const store = await here.database.store({ url: limited.href, timeoutMs: 20_000 })
    const started = performance.now()

    await expect(store.list(NARROWED, PAGE)).rejects.toMatchObject({ code: 'READ_TIMED_OUT' })

    expect(performance.now() - started).toBeLessThan(10_000)
    await connection.query(`drop user ${name}`)
  })
})
