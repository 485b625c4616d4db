import type pg from 'pg'
import { describe, expect, test } from 'vitest'
import type { Store } from '../../src/store.ts'
import { apiOn } from '../http/support.ts'
import { newJob } from '../support/jobs.ts'
import { type GivenSchema, givenSchema } from '../support/postgres-schema.ts'
import { missing } from '../support/servers/install.ts'
import { PGBOUNCER, startPgbouncer } from '../support/servers/pgbouncer.ts'

const TIMEOUT_MS = 2_000
const PAGE = { limit: 10 }
/** Whoever asks for the newest rows of all cannot ask for less. */
const NARROWED = { queue: 'default' }

/** A store with one job and one failed job to be read, and connections that are told by their name. */
async function givenStore({ timeoutMs = TIMEOUT_MS, settings = '' } = {}) {
  const given = await givenSchema()
  const url = `${given.url}?application_name=${given.schema}&options=${encodeURIComponent(settings)}`
  const store = await given.store({ url, timeoutMs })
  await store.migrate()
  await store.push([newJob()])
  given.look.all(`insert into ${given.schema}.failed_jobs (uuid, connection, queue, payload, exception)
    values ('${newJob().uuid}', 'database', 'default', '{}', 'Error: no')`)
  return { given, store, [Symbol.asyncDispose]: () => given[Symbol.asyncDispose]() }
}

/** Statements on tables of this schema that the server still works on, or has wait. */
function underWay({ look, schema }: GivenSchema): unknown[] {
  return look.all(`
    select query from pg_stat_activity
     where pid <> pg_backend_pid() and state = 'active' and query like '%${schema}%' and query not like 'lock %'`)
}

/** Keeps the tables from being read, until it rolls back. */
async function locked(given: GivenSchema): Promise<pg.Client> {
  const owner = await given.client()
  await owner.query('begin')
  await owner.query(`lock table ${given.schema}.jobs, ${given.schema}.failed_jobs in access exclusive mode`)
  return owner
}

/** Each look at a row of jobs takes so long. */
function slowed({ look, schema }: GivenSchema, seconds: number): void {
  look.all(`alter table ${schema}.jobs rename to all_jobs`)
  look.all(`create view ${schema}.jobs with (security_barrier) as
    select * from ${schema}.all_jobs where pg_sleep(${seconds}) is not null`)
}

const READS: Record<string, (store: Store) => Promise<unknown>> = {
  'a list of jobs': (store) => store.list(NARROWED, PAGE),
  'a search of jobs': (store) => store.list({ search: 'text' }, PAGE),
  'counts of jobs': (store) => store.counts(),
  'the oldest job': (store) => store.oldestDue(),
  'a search of failed jobs': (store) => store.listFailed({ search: 'text' }, PAGE),
  'a count of failed jobs': (store) => store.countFailed({ queue: 'default' }),
  'groups of failed jobs': (store) => store.failedGroups({ queue: 'default' }, 10),
}

describe('a read that takes too long', () => {
  test('is ended on the server, whatever is read, and works again afterwards', { timeout: 60_000 }, async () => {
    await using here = await givenStore()
    for (const [what, read] of Object.entries(READS)) {
      const owner = await locked(here.given)

      await expect(read(here.store), what).rejects.toMatchObject({ code: 'READ_TIMED_OUT', inDoubt: false })

      await expect.poll(() => underWay(here.given)).toEqual([])
      await owner.query('rollback')
      await read(here.store)
    }
  })

  test('is ended while it works, is not tried again, and leaves its connection as it was', async () => {
    await using here = await givenStore({ timeoutMs: 2_000 })
    const { given, store } = here
    const pids = () =>
      given.look.all(`select pid from pg_stat_activity where application_name = '${given.schema}' order by pid`)
    slowed(given, 30)
    // Each look of the server at the view is counted, also one that is undone.
    given.look.all(`create sequence ${given.schema}.looks`)
    given.look.all(`create or replace view ${given.schema}.jobs with (security_barrier) as
      select * from ${given.schema}.all_jobs where nextval('${given.schema}.looks') > 0 and pg_sleep(30) is not null`)
    const before = pids()

    await expect(store.list({ search: 'text' }, PAGE)).rejects.toMatchObject({ code: 'READ_TIMED_OUT' })

    expect(given.look.all(`select last_value::int as looks from ${given.schema}.looks`)).toEqual([{ looks: 1 }])
    await expect.poll(() => underWay(given)).toEqual([])
    expect(pids()).toEqual(before)
    expect((await store.ping()).server).toContain('PostgreSQL')
  })

  test('is ended sooner where the server is set to', async () => {
    await using here = await givenStore({ timeoutMs: 60_000, settings: '-c statement_timeout=900' })
    slowed(here.given, 30)
    const started = performance.now()

    await expect(here.store.list(NARROWED, PAGE)).rejects.toMatchObject({ code: 'READ_TIMED_OUT' })

    expect(performance.now() - started).toBeLessThan(10_000)
  })

  test('is ended in a bulk action too, and the action is undone', async () => {
    await using here = await givenStore({ timeoutMs: 5_000, settings: '-c statement_timeout=900' })
    const { given, store } = here
    const all = { limit: 10, upTo: 100 }
    const owner = await locked(given)

    await expect(store.removeFailed({}, all)).rejects.toMatchObject({ code: 'READ_TIMED_OUT', inDoubt: false })

    await expect.poll(() => underWay(given)).toEqual([])
    await owner.query('rollback')
    expect(await store.removeFailed({}, all)).toMatchObject({ changed: 1 })
  })

  test('says so to a client of the API, without an invitation to ask again', { timeout: 60_000 }, async () => {
    await using here = await givenStore()
    await using api = await apiOn({ store: here.store, close: async () => {} })
    const owner = await locked(here.given)

    const answer = await api.get('status')

    expect(answer.statusCode).toBe(503)
    expect(answer.json()).toMatchObject({ success: false, code: 'READ_TIMED_OUT', status: 503 })
    expect(answer.headers).not.toHaveProperty('retry-after')
    // Nothing less could be asked for: whoever asks again may have an answer.
    const one = await api.get('jobs/1')
    expect(one.json()).toMatchObject({ code: 'STORE_UNAVAILABLE', status: 503 })
    expect(one.headers).toHaveProperty('retry-after')
    await expect.poll(() => underWay(here.given)).toEqual([])
    await owner.query('rollback')
    expect((await api.get('jobs')).statusCode).toBe(200)
  })
})

test('texts are looked for as they are, whatever quotes and backslashes they hold', async () => {
  await using here = await givenStore({ timeoutMs: 5_000 })
  const { given, store } = here
  const options = encodeURIComponent('-c standard_conforming_strings=off -c backslash_quote=off')
  const stores = [store, await given.store({ url: `${given.url}?options=${options}` })]
  const odd = ["it's", "'", '\\', "\\'", "''; select 1; --", '$1', "E'\\x27'", '%_!', 'ñ €', "'||'"]
  for (const queue of odd) await store.push([{ ...newJob(), queue }])

  for (const reader of stores) {
    for (const queue of odd) {
      expect((await reader.list({ queue }, PAGE)).rows.map((row) => row.queue)).toEqual([queue])
    }
    expect((await reader.counts()).map((each) => each.queue).sort()).toEqual([...odd, 'default'].sort())
  }
})

const reason = missing(PGBOUNCER)

test.skipIf(reason !== undefined && !process.env.CI)(
  `behind PgBouncer in transaction mode a read is ended too, and nothing is left of its limit${reason ? ` (${reason})` : ''}`,
  { timeout: 60_000 },
  async () => {
    await using here = await givenStore()
    const { given } = here
    const bouncer = await startPgbouncer(given.url)
    try {
      const store = await given.store({ url: bouncer.url, timeoutMs: TIMEOUT_MS })
      const owner = await locked(given)

      await expect(store.list(NARROWED, PAGE)).rejects.toMatchObject({ code: 'READ_TIMED_OUT' })

      await expect.poll(() => underWay(given)).toEqual([])
      await owner.query('rollback')
      expect((await store.list({}, PAGE)).rows).toHaveLength(1)
      const next = await given.client({ url: bouncer.url })
      expect((await next.query('show statement_timeout')).rows).toEqual([{ statement_timeout: '0' }])
      await store.close()
      await next.end()
    } finally {
      await bouncer.stop()
    }
  },
)
