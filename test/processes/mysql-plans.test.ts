import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Store } from '../../src/store.ts'
import { FETCH, newJob, newJobs } from '../support/jobs.ts'
import { type TestDatabase, testDatabase } from '../support/mysql-database.ts'
import { startWorker, type TestWorker } from '../support/worker.ts'

/** Doubled ten times, from a thousand to a million. */
const FIRST = 1_000
const DOUBLINGS = 9

/** In a table of Laravel's, for two seconds after a look, whatever of the last thousand ids has been committed since. */
const READ_AGAIN = { own: 0, 'laravel-12': 1_000 }

/** As many jobs that are due as that are not, the latter of a better priority, in one queue. */
async function fill({ rows }: TestDatabase): Promise<void> {
  const values = Array.from({ length: FIRST }, (_, at) => {
    const payload = newJob({ input: { caseId: at, note: 'x'.repeat(60) } }).payload
    const [priority, delay] = at % 2 === 0 ? [0, -60] : [-5, 86_400]
    return ['default', payload, 0, Math.floor(Date.now() / 1_000) + delay!, 1_700_000_000, FETCH, 3, priority]
  })
  const columns = 'queue, payload, attempts, available_at, created_at, name, max_attempts, priority'
  await rows(`insert into jobs (${columns}) values ?`, [values])
  for (let at = 0; at <= DOUBLINGS; at += 1) await rows(`insert into jobs (${columns}) select ${columns} from jobs`)
}

/** Rows and index entries that the server read for this. */
async function readsOf({ rows }: TestDatabase, call: () => Promise<unknown>): Promise<number> {
  const reads = async () => {
    const counted = await rows<{ Value: string }>(`show global status where variable_name like 'Handler_read%'`)
    return counted.reduce((sum, { Value }) => sum + Number(Value), 0)
  }
  const nothing = await reads()
  const own = (await reads()) - nothing
  const before = await reads()
  await call()
  return (await reads()) - before - own
}

describe.each([
  ['Faena', undefined],
  ['Laravel', 'laravel-12'],
] as const)('a million jobs in tables of %s', (_whose, tables) => {
  let database: TestDatabase
  let store: Store
  let worker: TestWorker

  beforeAll(async () => {
    database = await testDatabase(tables)
    store = await database.store()
    await store.migrate()
    await fill(database)
    worker = await startWorker(store, { leaseMs: 600_000 })
    // In a table of Laravel's, the first look is through all of the queue.
    await worker.complete(...(await worker.reserve({ limit: 1 })))
  }, 300_000)

  afterAll(() => database?.[Symbol.asyncDispose]())

  test('a reservation reads little more than it takes', async () => {
    for (const limit of [1, 100, 100]) {
      let taken = 0
      const reads = await readsOf(database, async () => {
        taken = (await worker.reserve({ limit })).length
      })
      expect(taken).toBe(limit)
      expect(reads).toBeLessThan(100 + limit * 12 + READ_AGAIN[tables ?? 'own'])
    }
  })

  test('so does the look of a worker that has nothing to take', async () => {
    const idle = await startWorker(store, { leaseMs: 600_000 })
    await idle.reserve({ queues: ['empty'] })

    expect(await readsOf(database, () => idle.reserve({ queues: ['empty'] }))).toBeLessThan(100)
  })

  test('so do a push, a settlement, a heartbeat and the end of a worker', async () => {
    const jobs = await worker.reserve({ limit: 100 })
    const held = await worker.reserve({ limit: 20 })

    expect(await readsOf(database, () => store.push(newJobs(100), { fresh: true }))).toBeLessThan(300)
    expect(await readsOf(database, () => worker.beat(jobs))).toBeLessThan(500)
    expect(await readsOf(database, () => worker.complete(...jobs))).toBeLessThan(1_500)
    expect(await readsOf(database, () => store.get(held[0]!.id))).toBeLessThan(100)
    const again = await startWorker(store)
    await again.reserve({ limit: 50 })
    expect(await readsOf(database, () => store.deregister(again.id))).toBeLessThan(1_000)
  })

  test('a dead worker’s jobs are found without a look at the others', async () => {
    const dead = await startWorker(store, { leaseMs: 600_000 })
    expect(await dead.reserve({ limit: 50 })).toHaveLength(50)
    await database.rows('update faena_workers set lease_until = 0 where id = ?', [dead.id])

    let returned = 0
    const reads = await readsOf(database, async () => {
      returned = (await store.reclaim()).returned
    })

    expect(returned).toBe(50)
    expect(reads).toBeLessThan(2_000)
  })

  // In a table that PHP's workers share there is no index to read.
  if (tables !== undefined) return
  test('whether a queue waits too long costs few reads, and then how many do is counted', async () => {
    const [counted] = await store.counts()
    let late: Awaited<ReturnType<Store['overdue']>> = []

    expect(await readsOf(database, async () => (late = await store.overdue(3_600_000)))).toBeLessThan(2_000)
    expect(late).toEqual([])
    expect(await store.overdue(30_000)).toEqual([
      { queue: 'default', count: expect.closeTo(counted!.due, -4), ageMs: expect.any(Number) },
    ])
  })
})

test('a look for metrics to put together reads what came since the last one, not a day of minutes', async () => {
  await using database = await testDatabase()
  const store = await database.store()
  await store.migrate()
  const hour = 3_600_000
  const start = Math.floor((Date.now() - 3 * hour) / 60_000) * 60_000
  const columns = 'minute, worker, queue, name, completed, failed, retried, released, cancelled, wait_ms, run_ms'
  for (let at = 0; at < 22 * 60; at++) {
    const values = Array.from({ length: 30 }, (_, name) => {
      const counts = [1, 0, 0, 0, 0, 0, 0]
      return [start - at * 60_000, 0, 'default', `job ${name}`, ...counts]
    })
    await database.rows(`insert into faena_metrics (${columns}) values ?`, [values])
  }
  const prune = () => store.prune({ runsMs: 24 * hour, metricsMs: 48 * hour }, 1_000)

  expect(await readsOf(database, prune)).toBeGreaterThan(30_000)
  expect(await readsOf(database, prune)).toBeLessThan(500)
})
