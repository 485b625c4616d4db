import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Store } from '../../src/store.ts'
import { numberArray, textArray } from '../../src/stores/postgres/client.ts'
import { FETCH, failure } from '../support/jobs.ts'
import { plansOf } from '../support/postgres-plans.ts'
import { type GivenSchema, givenSchema } from '../support/postgres-schema.ts'
import { ended, startWorker, type TestWorker } from '../support/worker.ts'

const MILLION = 1_000_000
/** Pages that ten jobs may cost: descents of three indexes, ten rows, what is written. */
const FEW_PAGES = 400

let given: GivenSchema
let store: Store
let client: pg.Client
let worker: TestWorker

beforeAll(async () => {
  given = await givenSchema()
  store = await given.store()
  await store.migrate()
  client = await given.client()
  await fill('waiting', MILLION, 1_700_000_000)
  await fill('later', MILLION, 1_900_000_000)
  await client.query(`
    insert into ${given.schema}.failed_jobs (uuid, connection, queue, payload, exception, failed_at)
    select lpad(n::text, 36, '0'), 'database', 'default', '{}', 'RuntimeException: no', now() from generate_series(1, 5000000) n`)
  await client.query(`analyze ${given.schema}.jobs, ${given.schema}.failed_jobs`)
  worker = await startWorker(store, { leaseMs: 3_600_000 })
}, 600_000)

afterAll(() => given[Symbol.asyncDispose]())

async function fill(queue: string, count: number, availableAt: number): Promise<void> {
  await client.query(
    `insert into ${given.schema}.jobs (queue, payload, attempts, available_at, created_at, name, max_attempts)
     select $1, '{"uuid":"' || gen_random_uuid() || '","displayName":"${FETCH}","job":"faena@${FETCH}","data":{"caseId":' || n || '}}',
            0, $2, 1700000000, '${FETCH}', 3 from generate_series(1, $3::integer) n`,
    [queue, availableAt, count],
  )
}

/** One reserve as the store makes it, and how many pages the server looked at for it. */
async function pages(
  queues: string[],
  places?: { second: number; id: number }[],
): Promise<{ jobs: number; pages: number }> {
  const known = places
    ? [
        textArray(queues),
        numberArray(queues.map(() => 0)),
        numberArray(places.map(({ second }) => second)),
        numberArray(places.map(({ id }) => id)),
      ]
    : [null, null, null, null]
  const { rows } = await client.query(
    `explain (analyze, buffers, format json)
     select unnest(r.ids) from ${given.schema}.faena_reserve_5($1, $2, $3, '{}', 10, 4000000, 10, 3, '{}', $4, $5, $6, $7, null) r`,
    [worker.id, textArray(queues), textArray([FETCH]), ...known],
  )
  const plan = rows[0]['QUERY PLAN'][0].Plan
  return { jobs: plan['Actual Rows'], pages: plan['Shared Hit Blocks'] + plan['Shared Read Blocks'] }
}

/** Rows of jobs that were changed, and those that looks at the whole table read. */
function tableStatistics(): { updated: number; scanned: number } {
  given.look.all('select pg_stat_clear_snapshot()')
  return given.look.all<{ updated: number; scanned: number }>(
    `select n_tup_upd::float8 as updated, seq_tup_read::float8 as scanned from pg_stat_all_tables where schemaname = $1 and relname = 'jobs'`,
    [given.schema],
  )[0]!
}

describe('with a million jobs waiting', () => {
  test('a reserve reads the index in order and sorts nothing', async () => {
    const session = await given.client()
    const told = await plansOf(session)

    await session.query(
      `select * from ${given.schema}.faena_reserve_5($1, '{waiting}', '{${FETCH}}', '{faena@${FETCH}}', 10, 4000000, 10, 3, '{}', null, null, null, null, null)`,
      [worker.id],
    )

    const plans = told.filter((text) => text.includes(`"${given.schema}"."jobs"`))
    const [due] = plans.filter((text) => text.includes('skip locked') && text.includes('LockRows'))
    expect(due).toMatch(/Index Scan using faena_jobs_due on jobs/)
    expect(due).not.toMatch(/Sort|Bitmap/)
    expect(plans.filter((text) => text.includes('Seq Scan on jobs'))).toEqual([])
  })

  test('ten of them cost as few pages as ten of a few', async () => {
    const first = await pages(['waiting'])
    const second = await pages(['waiting'])

    expect([first.jobs, second.jobs]).toEqual([10, 10])
    expect(second.pages).toBeLessThan(FEW_PAGES)
  })

  test('so it is behind a queue with a million that are not due', async () => {
    const found = await pages(['later', 'waiting'])

    expect(found.jobs).toBe(10)
    expect(found.pages).toBeLessThan(FEW_PAGES)
  })

  test('what waits for later is told without a look at it', async () => {
    const idle = await pages(['later'])

    expect(idle.jobs).toBe(0)
    expect(idle.pages).toBeLessThan(FEW_PAGES)
    expect((await worker.ask({ queues: ['later'] })).nextDueMs).toBeGreaterThan(0)
  })

  test('a job fails among five million failed ones, and is found by its uuid', async () => {
    const job = await worker.reserveOne({ queues: ['waiting'] })
    const why = failure(job)

    expect((await worker.settle([ended(job, { kind: 'failed', failure: why })])).applied).toEqual([job.id])

    expect((await store.getFailed(why.uuid))?.uuid).toBe(why.uuid)
    expect(await store.oldestDue()).toMatchObject({ queue: 'waiting' })
    expect((await store.queues()).map(({ queue }) => queue)).toEqual(['default', 'later', 'waiting'])
  })

  test('what a worker holds at its end is found without a look at the table', async () => {
    const before = tableStatistics()
    const leaving = await startWorker(store, { leaseMs: 3_600_000 })
    expect(await leaving.reserve({ queues: ['waiting'], limit: 1_000 })).toHaveLength(1_000)
    const dying = await startWorker(store, { leaseMs: 1 })
    await client.query(`update ${given.schema}.faena_workers set lease_until = lease_until + 3600000 where id = $1`, [
      dying.id,
    ])
    expect(await dying.reserve({ queues: ['waiting'], limit: 1_000 })).toHaveLength(1_000)
    await client.query(`update ${given.schema}.faena_workers set lease_until = 0 where id = $1`, [dying.id])

    expect(await store.deregister(leaving.id)).toBe(1_000)
    expect(await store.reclaim()).toMatchObject({ workers: [dying.id], returned: 1_000 })

    // What the tests before did may still be missing in `before`: far less than the last of these four thousand.
    await expect
      .poll(() => tableStatistics().updated, { timeout: 30_000, interval: 200 })
      .toBeGreaterThanOrEqual(before.updated + 4_000)
    expect(tableStatistics().scanned).toBe(before.scanned)
  })

  test('nearly all of what a reserve writes stays on its page', async () => {
    const jobs = await worker.reserve({ queues: ['waiting'], limit: 1_000 })
    expect(jobs).toHaveLength(1_000)
    await given.look.all('select pg_stat_clear_snapshot()')

    await expect
      .poll(
        () =>
          given.look.all<{ share: number }>(
            `select n_tup_hot_upd::float8 / greatest(n_tup_upd, 1) as share from pg_stat_all_tables where schemaname = $1 and relname = 'jobs'`,
            [given.schema],
          )[0]?.share,
        { timeout: 30_000, interval: 500 },
      )
      .toBeGreaterThan(0.95)
  })
})

test('Laravel’s own index on the queue leads no plan astray', { timeout: 60_000 }, async () => {
  await client.query(`create index jobs_queue_index on ${given.schema}.jobs (queue)`)
  await client.query(`analyze ${given.schema}.jobs`)
  // The server process hears of the new index before its next call, and makes its plans anew, which is no part of a look.
  await pages(['waiting'])
  const [waiting, both, idle] = [await pages(['waiting']), await pages(['later', 'waiting']), await pages(['later'])]
  await client.query(`drop index ${given.schema}.jobs_queue_index`)

  expect([waiting.jobs, both.jobs, idle.jobs]).toEqual([10, 10, 0])
  for (const look of [waiting, both, idle]) expect(look.pages).toBeLessThan(FEW_PAGES)
})

describe('while somebody holds an old snapshot', () => {
  test('a look from the last place passes by nothing of what was deleted since', { timeout: 120_000 }, async () => {
    const old = await given.client()
    await old.query('begin isolation level repeatable read')
    await old.query(`select 1 from ${given.schema}.faena_queues`)
    let last = { second: 0, id: 0 }
    for (let count = 0; count < 30_000; count += 1_000) {
      const jobs = await worker.reserve({ queues: ['waiting'], limit: 1_000 })
      await worker.settle(jobs.map((job) => ({ ...ended(job, { kind: 'completed' }), unique: false })))
      last = { second: jobs.at(-1)!.availableAt / 1_000, id: jobs.at(-1)!.id }
    }

    const fromTheBeginning = await pages(['waiting'])
    const fromThere = await pages(['waiting'], [last])
    await fill('urgent', 5, 1_700_000_000)
    await client.query(`
      with stored as (
        insert into ${given.schema}.jobs (queue, payload, attempts, available_at, created_at, name, priority)
        select 'urgent', '{}', 0, 1700000000, 1700000000, '${FETCH}', 10 from generate_series(1, 30000) returning id
      ) select count(*) from stored`)
    await client.query(`delete from ${given.schema}.jobs where queue = 'urgent' and priority = 10`)
    const besideAnother = await pages(['urgent'], [{ second: 0, id: 0 }])
    await old.query('rollback')

    expect([fromTheBeginning.jobs, fromThere.jobs, besideAnother.jobs]).toEqual([10, 10, 5])
    expect(besideAnother.pages).toBeLessThan(FEW_PAGES)
    expect(fromTheBeginning.pages).toBeGreaterThan(1_000)
    expect(fromThere.pages).toBeLessThan(FEW_PAGES)
  })
})
