import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import type { Store } from '../../src/store.ts'
import { type Installation, installation } from '../cli/support.ts'
import { testDatabase } from '../support/mysql-database.ts'
import { givenSchema } from '../support/postgres-schema.ts'

/** Bulk retries over HTTP whose server is killed on the way, on each kind of database. */

const FAILED = 3_000

interface Place {
  faena: Installation
  store: Store
  /** Runs this where the tables are. */
  run(sql: string): Promise<unknown>
  /** How many jobs wait, and how many uuids they have. */
  jobs(): Promise<{ jobs: number; uuids: number }>
}

const PLACES: [kind: string, place: () => Promise<Place>][] = [
  ['SQLite', onSqlite],
  ['PostgreSQL', onPostgres],
  ['MariaDB', onMariadb],
]

async function onSqlite(): Promise<Place> {
  const faena = installation()
  const store = await faena.store()
  const database = new DatabaseSync(join(faena.folder, 'faena.db'), { timeout: 10_000 })
  onTestFinished(() => database.close())
  const jobs = `select count(*) as jobs, count(distinct json_extract(payload, '$.uuid')) as uuids from jobs`
  return {
    ...{ faena, store },
    run: async (sql) => database.exec(sql),
    jobs: async () => ({ ...(database.prepare(jobs).get() as { jobs: number; uuids: number }) }),
  }
}

async function onPostgres(): Promise<Place> {
  const given = await givenSchema()
  onTestFinished(() => given[Symbol.asyncDispose]())
  const faena = installation({ DATABASE_URL: `${given.url}?schema=${given.schema}` })
  const store = await given.store()
  await store.migrate()
  const client = await given.client()
  await client.query(`set search_path to ${given.schema}`)
  const jobs = `select count(*)::int as jobs, count(distinct payload::json ->> 'uuid')::int as uuids from jobs`
  return {
    ...{ faena, store },
    run: (sql) => client.query(sql),
    jobs: async () => (await client.query<{ jobs: number; uuids: number }>(jobs)).rows[0]!,
  }
}

async function onMariadb(): Promise<Place> {
  const given = await testDatabase()
  onTestFinished(() => given[Symbol.asyncDispose]())
  const faena = installation({ DATABASE_URL: given.url })
  const store = await given.store()
  await store.migrate()
  const jobs = `select count(*) as jobs, count(distinct json_value(payload, '$.uuid')) as uuids from jobs`
  return {
    ...{ faena, store },
    run: (sql) => given.connection.query(sql),
    jobs: async () => (await given.rows<{ jobs: number; uuids: number }>(jobs))[0]!,
  }
}

/** Failed jobs, half of them in each of two queues. */
async function fail({ run }: Place): Promise<void> {
  const rows = Array.from({ length: FAILED }, (_, at) => {
    const uuid = `${randomBytes(4).toString('hex')}-0000-7000-8000-${at.toString(16).padStart(12, '0')}`
    const payload = JSON.stringify({ uuid, displayName: 'x', job: 'faena@x', data: {} })
    return `('${uuid}', 'database', '${at % 2 === 0 ? 'even' : 'odd'}', '${payload}', 'Error: away')`
  })
  await run(`insert into failed_jobs (uuid, connection, queue, payload, exception) values ${rows.join(', ')}`)
}

async function serving(faena: Installation) {
  const running = faena.begin('serve')
  await running.prints(/http:\/\/\S+\/api\/v1\/queue/)
  return { running, address: /http:\/\/\S+\/api\/v1\/queue/.exec(running.printed())![0] }
}

test.each(PLACES)(
  'on %s bulk retries, waited for or not, outlive the server that began them: the next one carries them on, each job once',
  async (_kind, open) => {
    const place = await open()
    const { faena, store } = place
    await fail(place)
    const { stdout } = await faena.faena('token', '--role', 'operator')
    const first = await serving(faena)
    const authorization = `Bearer ${stdout.trim()}`
    const retry = (queue: string, headers: Record<string, string>) =>
      fetch(`${first.address}/retry-all-failed`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ queue, rate_per_second: 500 }),
      })
    expect((await retry('odd', { prefer: 'respond-async' })).status).toBe(202)
    const waitedFor = retry('even', {}).catch((error) => error)
    const look = async (address: string) => {
      const answer = await fetch(`${address}/operations`, { headers: { authorization } })
      const { data } = (await answer.json()) as { data: { operations: { state: string; changed: number }[] } }
      return data.operations
    }
    const begun = async () => (await look(first.address)).filter(({ changed }) => changed > 0).length
    await expect.poll(begun, { timeout: 30_000 }).toBe(2)
    first.running.child.kill('SIGKILL')
    await first.running.ended
    expect(await waitedFor).toBeInstanceOf(TypeError)
    expect(await store.countFailed()).toBeGreaterThan(0)

    const second = await serving(faena)
    const states = async () => (await look(second.address)).map(({ state }) => state)
    // The leases of the one that died end first.
    await expect.poll(states, { timeout: 120_000, interval: 250 }).toEqual(['done', 'done'])
    expect(await store.countFailed()).toBe(0)
    expect(await place.jobs()).toEqual({ jobs: FAILED, uuids: FAILED })
    // No connection of it is left where its tables are taken away.
    second.running.child.kill('SIGTERM')
    await second.running.ended
  },
)
