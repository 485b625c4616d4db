import { describe, expect, test } from 'vitest'
import type { Store } from '../../src/store.ts'
import { Connection } from '../../src/stores/postgres/connection.ts'
import type { Context } from '../../src/stores/postgres/context.ts'
import { oldSnapshots } from '../../src/stores/postgres/diagnosis.ts'
import { ownSource } from '../../src/stores/postgres/source.ts'
import { postgresStore } from '../../src/stores/postgres/store.ts'
import { newJobs } from '../support/jobs.ts'
import { type GivenSchema, givenSchema } from '../support/postgres-schema.ts'
import { startPostgres } from '../support/servers/postgres.ts'

async function risks(store: Store): Promise<{ topic: string; level: string; text: string; remedy?: string }[]> {
  return (await store.diagnose()).filter(({ level }) => level !== 'ok')
}

describe('doctor', () => {
  test('has nothing to say against tables as we make them on a server as it comes', async () => {
    await using given = await givenSchema()
    const store = await given.store()
    await store.migrate()

    expect(await risks(store)).toEqual([])
  })

  test('names what is missing, and what to do', async () => {
    await using given = await givenSchema()
    const store = await given.store()

    expect(await risks(store)).toMatchObject([
      { topic: 'schema', level: 'problem', remedy: expect.stringContaining('migrate') },
    ])
  })

  test('finds settings that could lose jobs', { timeout: 60_000 }, async () => {
    const server = await startPostgres({
      fsync: 'off',
      full_page_writes: 'off',
      synchronous_commit: 'off',
      autovacuum: 'off',
      default_transaction_isolation: 'repeatable read',
    })
    const store = postgresStore({ url: server.url })
    await store.open()
    await store.migrate()

    const found = await risks(store)

    expect(found.map(({ topic, level }) => `${topic} ${level}`).sort()).toEqual([
      'autovacuum problem',
      'durability problem',
      'durability problem',
      'durability warning',
      'isolation warning',
    ])
    expect(found.every(({ remedy }) => remedy)).toBe(true)
    await store.close()
    await server.stop()
  })

  test('says how long what a vanished client had locked stays so, and what would change that', async () => {
    await using given = await givenSchema()
    const store = await given.store()

    expect(await store.diagnose()).toContainEqual({
      level: 'ok',
      topic: 'lost clients',
      text: expect.stringMatching(/^tcp_user_timeout is 0 and tcp_keepalives_idle \d+ s: /),
      remedy: expect.stringContaining("tcp_user_timeout = '30s'"),
    })
  })

  test.each<[string, (schema: string) => string]>([
    ['payload', (schema) => `alter table ${schema}.jobs alter column payload type json using payload::json`],
    ['autovacuum', (schema) => `alter table ${schema}.jobs set (autovacuum_enabled = off)`],
  ])('finds tables whose form is wrong: %s', async (topic, sql) => {
    await using given = await givenSchema()
    const store = await given.store()
    await store.migrate()
    if (topic === 'payload') {
      for (const index of ['uuid', 'odd']) given.look.all(`drop index ${given.schema}.faena_jobs_${index}`)
    }
    given.look.all(sql(given.schema))

    expect((await risks(store)).map((finding) => finding.topic)).toContain(topic)
  })

  test('finds an index that somebody else’s maintenance left behind', async () => {
    await using given = await givenSchema()
    const store = await given.store()
    await store.migrate()
    given.look.all(`create index left_ccnew on ${given.schema}.jobs (created_at)`)
    given.look.all(`update pg_index set indisvalid = false where indexrelid = '${given.schema}.left_ccnew'::regclass`)

    expect(await risks(store)).toMatchObject([
      { topic: 'invalid index', remedy: expect.stringContaining('left_ccnew') },
    ])
  })

  test('finds deleted rows that pile up, and updates that write every index', async () => {
    await using given = await givenSchema()
    const store = await given.store()
    await store.migrate()
    given.look.all(`alter table ${given.schema}.jobs set (autovacuum_enabled = off, fillfactor = 100)`)
    given.look.all(`create index bad on ${given.schema}.jobs (reserved_at)`)
    for (let count = 0; count < 3; count += 1) await store.push(newJobs(4_000), { fresh: true })
    const client = await given.client()
    await client.query(`update ${given.schema}.jobs set reserved_at = 1`)
    await client.query(`delete from ${given.schema}.jobs`)
    // The server's statistics are told what a connection did when it ends, at the latest.
    await client.end()

    await expect
      .poll(async () => (await risks(store)).map(({ topic }) => topic).sort(), { timeout: 20_000, interval: 500 })
      .toEqual(['autovacuum', 'bloat', 'fillfactor'])
  })

  test('finds who holds an old snapshot', async () => {
    await using given = await givenSchema()
    const holder = await given.client()
    await holder.query(`set application_name = 'the nightly report'`)
    await holder.query('begin isolation level repeatable read')
    await holder.query('select 1')

    const found = await oldSnapshots(contextOf(given), 0)

    expect(found.find(({ text }) => text.includes('the nightly report'))).toMatchObject({
      level: 'warning',
      remedy: expect.stringContaining('pg_terminate_backend'),
    })
    expect(
      (await oldSnapshots(contextOf(given), 300)).filter(({ text }) => text.includes('the nightly report')),
    ).toEqual([])
    await holder.query('rollback')
  })
})

function contextOf({ url }: GivenSchema): Context {
  return { connection: new Connection(ownSource({ connectionString: url }, 5_000), 5_000) } as Context
}

describe('open refuses', () => {
  test('a zone that the server does not know', async () => {
    await using given = await givenSchema()

    await expect(given.store({ timezone: 'Mars/Olympus' })).rejects.toMatchObject({ code: 'BAD_CONFIGURATION' })
  })

  test('a database that cannot hold every text', async () => {
    await using given = await givenSchema()
    const admin = await given.client()
    await admin.query(`create database ${given.schema}_latin encoding 'LATIN1' locale 'C' template template0`)
    const url = new URL(given.url)
    url.pathname = `/${given.schema}_latin`

    await expect(postgresStore({ url: url.href }).open()).rejects.toMatchObject({ code: 'STORE_UNSAFE' })
    await admin.query(`drop database ${given.schema}_latin with (force)`)
  })

  test('names that would not be names', () => {
    for (const names of [{ schema: 'a b' }, { prefix: 'x"; drop table' }, { jobs: '' }, { prefix: 'p'.repeat(31) }]) {
      expect(() => postgresStore({ url: 'postgres://localhost/x', ...names })).toThrow(/allowed/)
    }
  })

  test('more than one place to connect to, or none', () => {
    expect(() => postgresStore({})).toThrow(/exactly one of url, config and pool/)
    expect(() => postgresStore({ url: 'postgres://localhost/x', config: {} })).toThrow(/exactly one/)
  })
})

test('a call on tables that were never migrated says to migrate', async () => {
  await using given = await givenSchema()
  const store = await given.store()

  for (const call of [() => store.push(newJobs(1)), () => store.counts(), () => store.reclaim()]) {
    await expect(call()).rejects.toMatchObject({ code: 'MIGRATION_NEEDED' })
  }
  expect((await store.ping()).schemaVersion).toBe(0)
})
