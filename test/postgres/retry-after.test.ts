import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { testClock } from '../support/clock.ts'
import { newJob } from '../support/jobs.ts'
import { LARAVEL_SQL, LARAVEL_TABLES, laravelPayload } from '../support/laravel-postgres.ts'
import { type GivenSchema, givenSchema } from '../support/postgres-schema.ts'
import { startWorker } from '../support/worker.ts'

const LARAVEL = LARAVEL_TABLES['laravel 8 and 12']
const HOUR = 3_600_000

interface Row {
  id: number
  attempts: number
  reserved_at: number | null
  age: number
}

/** What a worker of Laravel's would take now, with a `retry_after` of 90 s. */
function wouldPop({ look, schema }: GivenSchema): number[] {
  return look.all<Row>(LARAVEL_SQL.pop.replaceAll('{}', schema), ['default']).map(({ id }) => id)
}

function reservedFor({ look, schema }: GivenSchema, seconds: number): void {
  look.all(`update ${schema}.jobs set reserved_at = extract(epoch from now())::integer - $1::integer`, [seconds])
}

function rows({ look, schema }: GivenSchema): Row[] {
  return look.all<Row>(
    `select id, attempts, reserved_at, extract(epoch from now())::integer - reserved_at as age from ${schema}.jobs order by id`,
  )
}

test('a running job in a table that Laravel made is renewed in time for retry_after, so PHP leaves it alone', async () => {
  await using given = await givenSchema(LARAVEL)
  const store = await given.store()
  await store.migrate()
  await store.push([newJob()])
  const worker = await startWorker(store, { leaseMs: HOUR })
  const job = await worker.reserveOne()
  reservedFor(given, 95)
  expect(wouldPop(given)).toEqual([job.id])

  reservedFor(given, 20)
  await worker.beat([job])
  expect(rows(given)[0]?.age).toBeGreaterThanOrEqual(20)
  reservedFor(given, 31)
  await worker.beat([job])

  expect(rows(given)[0]?.age).toBeLessThan(20)
  expect(wouldPop(given)).toEqual([])
  expect((await worker.complete(job)).applied).toEqual([job.id])
})

test('in a table of Faena’s own reserved_at says when a job was reserved, unless a retry_after is configured', async () => {
  await using given = await givenSchema()
  const [alone, shared] = [await given.store(), await given.store({ retryAfterMs: 600_000 })]
  await alone.migrate()
  await alone.push([newJob()])
  const worker = await startWorker(alone, { leaseMs: HOUR })
  const job = await worker.reserveOne()
  reservedFor(given, 201)

  await worker.beat([job])
  expect(rows(given)[0]?.age).toBeGreaterThanOrEqual(201)

  const beat = { worker: worker.id, leaseMs: HOUR, running: 1, memoryBytes: 0, state: 'running' as const, held: [job] }
  await shared.heartbeat(beat)
  expect(rows(given)[0]?.age).toBeLessThan(200)
})

test('a job that an application’s transaction has locked holds no heartbeat up', async () => {
  await using given = await givenSchema(LARAVEL)
  const store = await given.store()
  await store.migrate()
  await store.push([newJob(), newJob()])
  const worker = await startWorker(store, { leaseMs: HOUR })
  const jobs = await worker.reserve()
  reservedFor(given, 60)
  const application = await given.client()
  await application.query('begin')
  await application.query(`select 1 from ${given.schema}.jobs where id = $1 for update`, [jobs[0]!.id])

  expect(await worker.beat(jobs)).toEqual({ lost: false, gone: [], command: null })

  const [locked, free] = rows(given)
  expect(locked?.age).toBeGreaterThanOrEqual(60)
  expect(free?.age).toBeLessThan(60)
  await application.query('rollback')
})

test('a worker that lost its lease renews nothing', async () => {
  await using given = await givenSchema(LARAVEL)
  const clock = testClock()
  const store = await given.store({ clock: clock.now })
  await store.migrate()
  await store.push([newJob()])
  const worker = await startWorker(store, { leaseMs: 30_000 })
  const job = await worker.reserveOne()
  const before = rows(given)[0]?.reserved_at
  clock.advance(31_000)

  expect(await worker.beat([job])).toMatchObject({ lost: true })

  expect(rows(given)[0]?.reserved_at).toBe(before)
})

test('what PHP’s workers left reserved is given back after the configured retry_after, its attempts as they are', async () => {
  await using given = await givenSchema(LARAVEL)
  const clock = testClock()
  const store = await given.store({ clock: clock.now, retryAfterMs: 90_000 })
  await store.migrate()
  const second = Math.floor(clock.now() / 1_000)
  for (const age of [91, 89])
    given.look.all(
      `insert into ${given.schema}.jobs (queue, payload, attempts, reserved_at, available_at, created_at) values ('default', $1, 2, $2, 1, 1)`,
      [laravelPayload(randomUUID()), second - age],
    )

  expect(await store.reclaim()).toEqual({ workers: [], returned: 1 })

  expect(rows(given)).toMatchObject([
    { attempts: 2, reserved_at: null },
    { attempts: 2, reserved_at: second - 89 },
  ])
  clock.advance(29_000)
  expect((await store.reclaim()).returned).toBe(0)
  clock.advance(1_000)
  expect((await store.reclaim()).returned).toBe(1)
})

test('jobs of a worker that was registered before there were lists are given back all the same', async () => {
  await using given = await givenSchema()
  const clock = testClock()
  const store = await given.store({ clock: clock.now })
  await store.migrate()
  await store.push([newJob(), newJob(), newJob(), newJob()])
  const [leaving, dying] = [await startWorker(store, { leaseMs: 30_000 }), await startWorker(store, { leaseMs: 1_000 })]
  await leaving.reserve({ limit: 2 })
  await dying.reserve({ limit: 2 })
  given.look.all(`delete from ${given.schema}.faena_holds`)
  clock.advance(1_000)

  expect(await store.reclaim()).toMatchObject({ workers: [dying.id], returned: 2 })
  expect(await store.deregister(leaving.id)).toBe(2)
})

test('jobs far apart in the table are given back as well, and others’ jobs between them are not', async () => {
  await using given = await givenSchema()
  const store = await given.store()
  await store.migrate()
  const [leaving, other] = [await startWorker(store, { leaseMs: HOUR }), await startWorker(store, { leaseMs: HOUR })]
  await store.push([newJob({ queue: 'far' })])
  await store.push(Array.from({ length: 3_000 }, () => newJob()))
  await store.push([newJob({ queue: 'far' }), newJob({ queue: 'far' })])
  const far = await leaving.reserve({ queues: ['far'] })
  const between = await other.reserve({ limit: 100 })
  const near = await leaving.reserve({ limit: 100 })
  expect([far.length, between.length, near.length]).toEqual([3, 100, 100])

  expect(await store.deregister(leaving.id)).toBe(103)

  expect((await other.beat(between)).gone).toEqual([])
  expect(await store.deregister(other.id)).toBe(100)
})

test('a worker’s list keeps to what it holds, however many jobs went through its hands', async () => {
  await using given = await givenSchema()
  const store = await given.store()
  await store.migrate()
  const worker = await startWorker(store, { leaseMs: HOUR })
  await store.push(Array.from({ length: 202 }, () => newJob()))
  const [kept] = await worker.reserve({ limit: 1 })
  for (let count = 0; count < 200; count += 1) await worker.complete(...(await worker.reserve({ limit: 1 })))
  const [last] = await worker.reserve({ limit: 1 })

  const [list] = given.look.all<{ ranges: number[] }>(
    `select ranges from ${given.schema}.faena_holds where worker = $1`,
    [worker.id],
  )

  expect(list?.ranges.length).toBeLessThan(140)
  const names = (id: number) => list?.ranges.some((low, at) => at % 2 === 0 && low <= id && id <= list.ranges[at + 1]!)
  expect([kept, last].map((job) => names(job!.id))).toEqual([true, true])
  expect(await store.deregister(worker.id)).toBe(2)
})
