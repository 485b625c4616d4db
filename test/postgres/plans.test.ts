import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { createAdmin } from '../../src/client/admin.ts'
import { FETCH } from '../support/jobs.ts'
import { plansOf } from '../support/postgres-plans.ts'
import { givenSchema } from '../support/postgres-schema.ts'
import { startWorker } from '../support/worker.ts'

test('a connection that plans by the statistics of a queue just worked off reads the next jobs in order', async () => {
  await using given = await givenSchema()
  const store = await given.store()
  await store.migrate()
  const fill = (count: number) =>
    given.look.all(`
      insert into ${given.schema}.jobs (queue, payload, attempts, available_at, created_at, name)
      select 'default', repeat('x', 200), 0, 1700000000, 1700000000, '${FETCH}' from generate_series(1, ${count})`)
  fill(50_000)
  given.look.all(`analyze ${given.schema}.jobs`)
  given.look.all(`delete from ${given.schema}.jobs`)
  given.look.all(`analyze ${given.schema}.jobs`)
  fill(50_000)
  const worker = await startWorker(store)
  const session = await given.client()
  const plans = await plansOf(session)

  await session.query(
    `select * from ${given.schema}.faena_reserve_5($1, '{default}', '{${FETCH}}', '{faena@${FETCH}}', 10, 4000000, 10, 3, '{}', null, null, null, null, null)`,
    [worker.id],
  )

  const looks = plans.filter((text) => /Index (Only )?Scan (using|on) faena_jobs_due/.test(text))
  expect(looks.length).toBeGreaterThan(1)
  for (const plan of looks) expect(plan).not.toMatch(/Bitmap|Sort Key/)
})

test('what a worker holds is found by the ids of its ranges alone, however the rows lie', async () => {
  await using given = await givenSchema()
  const { schema, look } = given
  const store = await given.store()
  await store.migrate()
  // As in a table in which new rows have filled the gaps of old ones.
  look.all(`
    insert into ${schema}.jobs (id, queue, payload, attempts, available_at, created_at, name)
    select n, 'default', repeat('x', 1500), 0, 1700000000 + n / 100, 1700000000, '${FETCH}' from generate_series(1, 10000) n order by hashint4(n)`)
  look.all(`analyze ${schema}.jobs`)
  const worker = await startWorker(store)
  look.all(
    `update ${schema}.faena_holds set ranges = array(select 10 * n from generate_series(500, 899) n) where worker = ${worker.id}`,
  )
  look.all(`update ${schema}.jobs set reserved_at = 1700000000, reserved_by = ${worker.id} where id = 5005`)
  const session = await given.client()
  const plans = await plansOf(session)

  await session.query(
    `select * from ${schema}.faena_reserve_5($1, '{default}', '{${FETCH}}', '{faena@${FETCH}}', 2, 4000000, 2, 3, '{}', null, null, null, null, null)`,
    [worker.id],
  )
  const { rows } = await session.query(`select ${schema}.faena_held_2(array[$1::bigint])::text as ids`, [worker.id])

  const [{ ranges }] = look.all(`select ranges::text from ${schema}.faena_holds where worker = ${worker.id}`) as [
    { ranges: string },
  ]
  expect(ranges).toBe('{5000,5010,1,2}')
  expect(rows).toEqual([{ ids: '{5005,1,2}' }])
  const looks = plans.flatMap((plan) => plan.match(/Scan using \S+ on jobs .*\n.*ranges/g) ?? [])
  expect(looks.length).toBe(2)
  for (const scan of looks) expect(scan).toMatch(/jobs_pkey/)
})

test('outcomes are written by one look-up each, also where the tables were empty when their statistics were taken', async () => {
  await using given = await givenSchema()
  const store = await given.store()
  await store.migrate()
  const { schema, look } = given
  const fill = (count: number) => {
    look.all(`
      insert into ${schema}.jobs (queue, payload, attempts, available_at, created_at, name)
      select 'default', repeat('x', 200), 1, 1700000000, 1700000000, '${FETCH}' from generate_series(1, ${count})`)
    look.all(`
      insert into ${schema}.failed_jobs (uuid, connection, queue, payload, exception)
      select gen_random_uuid(), 'database', 'default', '{}', 'Error' from generate_series(1, ${count})`)
  }
  const tables = ['jobs', 'failed_jobs'].map((name) => `${schema}.${name}`)
  fill(200)
  for (const table of tables) look.all(`analyze ${table}`)
  for (const table of tables) look.all(`delete from ${table}`)
  for (const table of tables) look.all(`analyze ${table}`)
  const worker = await startWorker(store)
  const session = await given.client()
  const plans = await plansOf(session)
  const written = async (kinds: readonly string[]) => {
    const ids = (await session.query(`select id::int from ${schema}.jobs order by id limit ${kinds.length}`)).rows
    const given = ids.map(({ id }) => id)
    await session.query(`update ${schema}.jobs set reserved_by = $1 where id = any($2)`, [worker.id, given])
    const failed = given.filter((_, at) => kinds[at] === 'failed')
    const each = (value: string) => failed.map(() => value)
    plans.length = 0
    const { rows } = await session.query(
      `select ${schema}.faena_write_outcomes_3($1, $2, $3, $4, $5, '{}', $6, $7, $8, $9, $8, $8, $8, $8, 'database', 'UTC', null) as lost`,
      [
        ...[worker.id, given, given.map(() => 1), kinds, given.map(() => 1_000), failed],
        ...[failed.map(() => randomUUID()), each('{}'), each('Error')],
      ],
    )
    expect(rows).toEqual([{ lost: [] }])
  }

  fill(200)
  await written(['failed', 'retry', 'completed'])
  fill(2_000)
  await written(Array.from({ length: 90 }, (_, at) => ['failed', 'retry', 'released', 'completed'][at % 4]!))

  const scans = plans.flatMap(
    (plan) => plan.match(/Scan (?:Backward )?(?:using \S+ )?on (?:failed_)?jobs.*(?:\n\s+.*){0,2}/g) ?? [],
  )
  expect(scans.length).toBeGreaterThan(5)
  for (const scan of scans) expect(scan).toMatch(/(Index|TID|Recheck) Cond/)
})

test('a large group of failed jobs is gone through label by label, not anew for each chunk', async () => {
  await using given = await givenSchema()
  const { schema, look } = given
  const store = await given.store()
  await store.migrate()
  look.all(`
    insert into ${schema}.failed_jobs (uuid, connection, queue, payload, exception)
    select gen_random_uuid(), 'database', 'default', repeat('x', 200), 'Error' from generate_series(1, 60000)`)
  look.all(`
    insert into ${schema}.faena_failed (uuid, failed_id, fingerprint, headline)
    select uuid, id, 'kind ' || id / 10000, 'Error' from ${schema}.failed_jobs`)
  for (const table of ['failed_jobs', 'faena_failed']) look.all(`analyze ${schema}.${table}`)
  const read = () => {
    const [row] = look.all(
      `select idx_scan::int as scans, idx_tup_read::int as labels from pg_stat_user_indexes
        where schemaname = '${schema}' and indexrelname = 'faena_failed_by_fingerprint'`,
    )
    return row as { scans: number; labels: number }
  }
  const before = read()

  const removed = await createAdmin({ store }).removeFailed({ fingerprint: 'kind 1' }, { chunk: 500 })
  await store.close()

  expect(removed).toMatchObject({ changed: 10_000, complete: true })
  await expect.poll(() => read().scans - before.scans, { timeout: 10_000 }).toBeGreaterThan(10)
  expect(read().labels - before.labels).toBeLessThan(40_000)
})

test('jobs are found by some uuids without a look at the others, however they lie', async () => {
  await using given = await givenSchema()
  const { schema, look } = given
  const store = await given.store()
  await store.migrate()
  const uuidOf = (id: number) => `00000000-0000-7000-8000-${String(id).padStart(12, '0')}`
  look.all(`
    insert into ${schema}.jobs (id, queue, payload, attempts, available_at, created_at)
    select n, 'default', '{"uuid":"00000000-0000-7000-8000-' || lpad(n::text, 12, '0') || '","data":null}', 0, 1700000000, 1700000000
      from generate_series(1, 20000) n order by hashint4(n)`)
  look.all(`update ${schema}.jobs set payload = ' ' || payload where id = 7`)
  look.all(`analyze ${schema}.jobs`)
  const session = await given.client()
  const plans = await plansOf(session)
  const uuids = Array.from({ length: 20 }, (_, at) => uuidOf(at + 1))

  const { rows } = await session.query(`select id::int from ${schema}.faena_jobs_of_uuids_1($1) order by id`, [uuids])

  expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1))
  expect(plans.join('\n')).toMatch(/faena_jobs_uuid/)
  expect(plans.join('\n')).toMatch(/faena_jobs_odd/)
  expect(plans.join('\n')).not.toMatch(/Seq Scan/)
})
