import { expect, test } from 'vitest'
import { testClock } from '../support/clock.ts'
import { newJob } from '../support/jobs.ts'
import { type TestDatabase, testDatabase } from '../support/mysql-database.ts'
import { startWorker } from '../support/worker.ts'

const HOUR = 3_600_000
const PHP = '{"uuid":"9bfb13f8-b122-4c9a-904f-f422dc7b5cef","job":"Illuminate\\\\Queue\\\\CallQueuedHandler@call"}'

async function reservedFor({ connection }: TestDatabase, seconds: number): Promise<void> {
  await connection.query('update jobs set reserved_at = unix_timestamp() - ?', [seconds])
}

async function age({ rows }: TestDatabase): Promise<number> {
  const [row] = await rows<{ age: number }>('select unix_timestamp() - reserved_at as age from jobs')
  return Number(row!.age)
}

async function leftByPhp({ connection }: TestDatabase, reservedAt: number): Promise<void> {
  await connection.query(
    "insert into jobs (queue, payload, attempts, reserved_at, available_at, created_at) values ('default', ?, 2, ?, 1, 1)",
    [PHP, reservedAt],
  )
}

test('in a table of Faena’s own reserved_at says when a job was reserved, unless a retry_after is configured', async () => {
  await using database = await testDatabase()
  const [alone, shared] = [await database.store(), await database.store({ retryAfterMs: 600_000 })]
  await alone.migrate()
  await alone.push([newJob()])
  const worker = await startWorker(alone, { leaseMs: HOUR })
  const job = await worker.reserveOne()
  await reservedFor(database, 201)

  await worker.beat([job])
  expect(await age(database)).toBeGreaterThanOrEqual(201)

  const beat = { worker: worker.id, leaseMs: HOUR, running: 1, memoryBytes: 0, state: 'running' as const, held: [job] }
  await shared.heartbeat(beat)
  expect(await age(database)).toBeLessThan(200)
})

test.each([undefined, 'laravel-12'] as const)(
  'what PHP’s workers left reserved is given back after the configured retry_after, its attempts as they are (tables of %s)',
  async (tables) => {
    await using database = await testDatabase(tables)
    const clock = testClock()
    const [silent, told] = [
      await database.store({ clock: clock.now }),
      await database.store({ clock: clock.now, retryAfterMs: 90_000 }),
    ]
    await silent.migrate()
    const second = Math.floor(clock.now() / 1_000)
    for (const seconds of [90, 89]) await leftByPhp(database, second - seconds)

    expect((await silent.reclaim()).returned).toBe(0)
    expect((await told.reclaim()).returned).toBe(1)

    expect(await database.rows('select attempts, reserved_at from jobs order by id')).toEqual([
      { attempts: 2, reserved_at: null },
      { attempts: 2, reserved_at: second - 89 },
    ])
  },
)

test('what a PHP worker took from one of ours is given back once both are gone', async () => {
  await using database = await testDatabase('laravel-12')
  const store = await database.store({ retryAfterMs: 90_000 })
  await store.migrate()
  await store.push([newJob()])
  const worker = await startWorker(store)
  const job = await worker.reserveOne()
  await database.connection.query('update jobs set attempts = attempts + 1, reserved_at = unix_timestamp() - 100')
  expect((await worker.complete(job)).lost).toEqual([job.id])
  // With the next reservation it is no longer among what the worker is known to hold.
  await store.push([newJob()])
  await worker.complete(await worker.reserveOne())
  expect(await store.deregister(worker.id)).toBe(0)

  expect((await store.reclaim()).returned).toBe(1)

  expect(await database.rows('select attempts, reserved_at, reserved_by from jobs')).toEqual([
    { attempts: 2, reserved_at: null, reserved_by: null },
  ])
})

test('what a PHP worker is taking back at this moment is left to it', async () => {
  await using database = await testDatabase('laravel-12')
  const store = await database.store({ retryAfterMs: 90_000 })
  await store.migrate()
  for (let jobs = 0; jobs < 2; jobs += 1) await leftByPhp(database, 1)
  const php = await database.connect()
  await php.beginTransaction()
  await php.query('select * from jobs where id = 1 for update')

  expect((await store.reclaim()).returned).toBe(1)

  expect(await database.rows('select id, reserved_at from jobs order by id')).toEqual([
    { id: 1, reserved_at: 1 },
    { id: 2, reserved_at: null },
  ])
  await php.rollback()
})

test('jobs of Faena’s own workers are never taken for PHP’s', async () => {
  await using database = await testDatabase('laravel-12')
  const store = await database.store({ retryAfterMs: 90_000 })
  await store.migrate()
  await store.push([newJob()])
  const worker = await startWorker(store, { leaseMs: HOUR })
  const job = await worker.reserveOne()
  await reservedFor(database, 500)

  expect((await store.reclaim()).returned).toBe(0)

  expect((await worker.complete(job)).applied).toEqual([job.id])
})
