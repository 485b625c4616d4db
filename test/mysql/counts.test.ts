import { expect, test } from 'vitest'
import { newJob, newJobs } from '../support/jobs.ts'
import { type TestDatabase, testDatabase } from '../support/mysql-database.ts'
import { startWorker } from '../support/worker.ts'

const COLUMNS = 'queue, payload, attempts, available_at, created_at, name, max_attempts, priority'

/** 25,600 jobs that are due, by doubling: more than are simply read through. */
async function fill({ rows }: TestDatabase): Promise<void> {
  const values = Array.from({ length: 100 }, (_, at) => {
    const queue = at % 10 === 0 ? 'mails' : 'default'
    return [queue, newJob().payload, 0, 1_700_000_000, 1_700_000_000, 'cases.fetch', 3, at % 2]
  })
  await rows(`insert into jobs (${COLUMNS}) values ?`, [values])
  for (let at = 0; at < 8; at++) await rows(`insert into jobs (${COLUMNS}) select ${COLUMNS} from jobs`)
}

/** What the table says, read row by row. */
async function counted({ rows }: TestDatabase) {
  const all = await rows<{ queue: string; due: string; later: string; held: string }>(`
    select queue, sum(reserved_at is null and available_at <= unix_timestamp()) as due,
      sum(reserved_at is null and available_at > unix_timestamp()) as later, sum(reserved_at is not null) as held
    from jobs group by queue order by queue`)
  return all.map(({ queue, due, later, held }) => ({
    ...{ queue, due: Number(due), delayed: Number(later), reserved: Number(held) },
  }))
}

test('the counts of a large table are those of its rows, whether none, few or many of them are delayed', {
  timeout: 60_000,
}, async () => {
  await using database = await testDatabase()
  const store = await database.store()
  await store.migrate()
  await fill(database)
  expect(await store.counts()).toEqual(await counted(database))

  const worker = await startWorker(store, { leaseMs: 600_000 })
  expect(await worker.reserve({ limit: 100 })).toHaveLength(100)
  const later = { delayMs: 3_600_000 }
  await store.push(newJobs(7, () => ({ queue: 'reports', ...later })))
  await store.push(newJobs(5, () => ({ priority: 3, ...later })))
  await store.push(newJobs(4, () => later))
  await store.push(newJobs(3, () => ({ queue: 'mails', ...later })))
  const undefinedPriority = `insert into jobs (queue, payload, attempts, available_at, created_at) values ('default', '{}', 0, ?, 1)`
  for (const at of [1, 4_000_000_000, 4_000_000_000]) await database.rows(undefinedPriority, [at])
  await database.rows('update jobs set available_at = unix_timestamp() + 999 where reserved_at is not null limit 10')
  const few = await store.counts()
  expect(few.map(({ queue, delayed, reserved }) => [queue, delayed, reserved])).toEqual([
    ['default', 11, 100],
    ['mails', 3, 0],
    ['reports', 7, 0],
  ])
  expect(few).toEqual(await counted(database))

  await database.rows(
    "update jobs set available_at = unix_timestamp() + 999, priority = 0 where queue = 'default' and id % 100 > 0",
  )
  const many = await store.counts()
  expect(many[0]!.delayed).toBeGreaterThan(20_000)
  expect(many).toEqual(await counted(database))
})
