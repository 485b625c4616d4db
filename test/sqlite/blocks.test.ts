import { expect, test } from 'vitest'
import { uuidv7 } from '../../src/core/uuid.ts'
import type { NewJob, Retention, Store } from '../../src/store.ts'
import { newJobs } from '../support/jobs.ts'
import { startWorker } from '../support/worker.ts'
import { numberOf, testFolder } from './support.ts'

const NOW = Date.UTC(2026, 0, 5)
const HOUR = 3_600_000
const KEEP: Retention = { runsMs: HOUR, metricsMs: HOUR }

/** As `dispatchMany` makes them: their uuids rise. */
function list(count: number, now = NOW): NewJob[] {
  return newJobs(count, () => ({ uuid: uuidv7(now) }))
}

async function found(store: Store, jobs: readonly NewJob[]): Promise<boolean[]> {
  return Promise.all(jobs.map(async ({ uuid, payload }) => (await store.get(uuid))?.payload === payload))
}

test('jobs of a long list stand in blocks instead of an index, and each is found by its uuid, also when others are gone', async () => {
  await using folder = await testFolder()
  const store = await folder.opened()
  const jobs = list(120)
  const pushed = await store.push(jobs, { fresh: true })

  expect(numberOf(folder.database(), 'select count(in_block) from jobs')).toBe(100)
  expect(await found(store, jobs)).not.toContain(false)
  await store.remove({ refs: pushed.slice(0, 49).map(({ uuid }) => uuid) }, { limit: 100, upTo: 1e9 })
  expect(await found(store, jobs)).toEqual(jobs.map((_, at) => at >= 49))
})

test('lists that were made at the same time and stored one after the other are found alike', async () => {
  await using folder = await testFolder()
  const store = await folder.opened()
  const all = list(300)
  const even = all.filter((_, at) => at % 2 === 0)
  const odd = all.filter((_, at) => at % 2 === 1)
  await store.push(odd, { fresh: true })
  await store.push(even, { fresh: true })

  expect(numberOf(folder.database(), 'select count(in_block) from jobs')).toBe(300)
  expect(await found(store, all)).not.toContain(false)
})

test('a list whose uuids do not rise, took long to make, or were given stands in the index', async () => {
  await using folder = await testFolder()
  const store = await folder.opened()
  const fallen = list(50).reverse()
  const slow = [...list(49), ...list(1, NOW + 101)]
  const given = list(50)
  await store.push(fallen, { fresh: true })
  await store.push(slow, { fresh: true })
  await store.push(given)

  expect(numberOf(folder.database(), 'select count(in_block) from jobs')).toBe(0)
  expect(await found(store, [...fallen, ...slow, ...given])).not.toContain(false)
})

test('a uuid that stands in a block is refused when it comes again', async () => {
  await using folder = await testFolder()
  const store = await folder.opened()
  const jobs = list(50)
  await store.push(jobs, { fresh: true })

  await expect(store.push([jobs[31]!])).rejects.toMatchObject({
    code: 'DUPLICATE_UUID',
    message: expect.stringContaining(jobs[31]!.uuid),
  })
})

test('a job of a block that Laravel released, deleting its row and writing another, is found by the new one', async () => {
  await using folder = await testFolder()
  const store = await folder.opened()
  const jobs = list(50)
  await store.push(jobs, { fresh: true })
  const php = folder.database()
  php.prepare('delete from jobs where payload = ?').run(jobs[7]!.payload)
  php
    .prepare('insert into jobs (queue, payload, attempts, available_at, created_at) values (?, ?, 1, 1, 1)')
    .run('default', jobs[7]!.payload)

  expect(await store.get(jobs[7]!.uuid)).toMatchObject({ id: 51, payload: jobs[7]!.payload })
})

test('a list in the application’s own transaction stands in blocks too, and leaves none when that is rolled back', async () => {
  await using folder = await testFolder()
  const store = await folder.opened()
  const tx = folder.database()
  const [first, second] = [list(50), list(50)]
  tx.exec('begin immediate')
  await store.push(first, { fresh: true, tx })
  tx.exec('commit')
  tx.exec('begin immediate')
  await store.push(second, { fresh: true, tx })
  tx.exec('rollback')

  expect(numberOf(tx, 'select count(*) from faena_blocks')).toBe(1)
  expect(await found(store, first)).not.toContain(false)
  expect(await found(store, second)).not.toContain(true)
})

test('a block is pruned when the last of its jobs is gone', async () => {
  await using folder = await testFolder()
  const store = await folder.opened()
  await store.push(list(100), { fresh: true })
  const worker = await startWorker(store)
  await worker.complete(...(await worker.reserve({ limit: 99 })))
  const blocks = () => numberOf(folder.database(), 'select group_concat(first_id) from faena_blocks')

  await store.prune(KEEP, 100)
  expect(blocks()).toBe(51)
  await worker.complete(...(await worker.reserve({ limit: 99 })))
  await store.prune(KEEP, 100)
  expect(blocks()).toBe(0)
})
