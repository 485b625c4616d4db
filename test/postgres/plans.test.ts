import { expect, test } from 'vitest'
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
    `select * from ${given.schema}.faena_reserve_2($1, '{default}', '{${FETCH}}', 10, 4000000, 10, 3, '{}', null, null, null, null, null)`,
    [worker.id],
  )

  const looks = plans.filter((text) => /Index (Only )?Scan (using|on) faena_jobs_due/.test(text))
  expect(looks.length).toBeGreaterThan(1)
  for (const plan of looks) expect(plan).not.toMatch(/Bitmap|Sort Key/)
})
