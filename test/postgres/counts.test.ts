import pg from 'pg'
import { expect, test } from 'vitest'
import { FETCH, newJobs } from '../support/jobs.ts'
import { plansOf } from '../support/postgres-plans.ts'
import { givenSchema } from '../support/postgres-schema.ts'
import { startWorker } from '../support/worker.ts'

test('the counts of a large table are those of its rows, in the index or, once many have changed, in the table', {
  timeout: 60_000,
}, async () => {
  await using given = await givenSchema()
  const { look, schema, url } = given
  const store = await given.store()
  await store.migrate()
  // The server counts what a connection did when that ends, or some time after.
  const apart = async (text: string) => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query(text)
    await client.end()
  }
  const stat = (name: 'n_dead_tup' | 'n_ins_since_vacuum') =>
    Number(
      look.all<{ amount: number }>(
        `select ${name} as amount from pg_stat_all_tables where relid = '${schema}.jobs'::regclass`,
      )[0]!.amount,
    )
  look.all(`alter table ${schema}.jobs set (autovacuum_enabled = false)`)
  await apart(`
    insert into ${schema}.jobs (queue, payload, attempts, available_at, created_at, name)
    select case when n % 10 = 0 then 'mails' else 'default' end, '{}', 0, 1700000000, 1700000000, '${FETCH}'
      from generate_series(1, 40000) n`)
  await expect.poll(() => stat('n_ins_since_vacuum')).toBe(40_000)
  await apart(`vacuum analyze ${schema}.jobs`)
  await expect.poll(() => stat('n_ins_since_vacuum')).toBe(0)
  await store.push(newJobs(5, () => ({ queue: 'reports', delayMs: 3_600_000 })))
  const worker = await startWorker(store)
  expect(await worker.reserve({ limit: 100 })).toHaveLength(100)
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  const client = await pool.connect()
  const plans = await plansOf(client)
  client.release()
  const reader = await given.store({ url: undefined, pool })
  // All queues at once, not one after the other.
  const readWhole = () => plans.splice(0).some((plan) => /Group Key: .*queue\s+->\s+Seq Scan on jobs/.test(plan))

  expect(await reader.counts()).toEqual([
    { queue: 'default', due: 35_900, delayed: 0, reserved: 100 },
    { queue: 'mails', due: 4_000, delayed: 0, reserved: 0 },
    { queue: 'reports', due: 0, delayed: 5, reserved: 0 },
  ])
  expect(readWhole()).toBe(false)

  await apart(`delete from ${schema}.jobs where id between 20001 and 35000 and queue = 'default'`)
  await expect.poll(() => stat('n_dead_tup')).toBeGreaterThan(13_000)
  expect(await reader.counts()).toEqual([
    { queue: 'default', due: 22_400, delayed: 0, reserved: 100 },
    { queue: 'mails', due: 4_000, delayed: 0, reserved: 0 },
    { queue: 'reports', due: 0, delayed: 5, reserved: 0 },
  ])
  expect(readWhole()).toBe(true)
  await pool.end()
})
