import type { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { Labeller } from '../../src/client/labeller.ts'
import type { Store } from '../../src/store.ts'
import type { Harness } from '../support/harness.ts'
import { newJob } from '../support/jobs.ts'
import { failedColumns } from '../support/raw.ts'
import { openSqlite } from '../support/sqlite-harness.ts'

const MANY = 8_500

/** Failed jobs of another runtime, written in one transaction. Answers the ids of the first and the last. */
async function insertMany(given: Harness, count: number): Promise<{ first: number; last: number }> {
  const { tx, commit } = await given.begin!()
  const rows = Array.from({ length: count }, () => {
    const { uuid, payload } = newJob({ name: null })
    return failedColumns({ uuid, payload })
  })
  const columns = Object.keys(rows[0]!)
  const places = columns.map(() => '?').join(', ')
  const insert = (tx as DatabaseSync).prepare(`insert into failed_jobs (${columns.join(', ')}) values (${places})`)
  const ids = rows.map((row) => Number(insert.run(...Object.values(row)).lastInsertRowid))
  await commit()
  return { first: ids[0]!, last: ids.at(-1)! }
}

test('many failed jobs of another runtime are labelled from the newest down, in looks of bounded length', async () => {
  const given = await openSqlite()
  try {
    const { first, last } = await insertMany(given, MANY)
    const looks: (number | null)[] = []
    const store: Store = {
      ...given.store,
      async unlabelled(...which) {
        const look = await given.store.unlabelled(...which)
        looks.push(look.next)
        return look
      },
    }
    const labeller = new Labeller(store, [])

    await labeller.catchUp(60_000)
    expect((await given.store.getFailed(last))?.name).toBe('App\\Jobs\\SyncOrder')

    await labeller.catchUp()
    expect((await given.store.getFailed(first))?.name).toBe('App\\Jobs\\SyncOrder')
    const down = looks.filter((next) => next !== null)
    expect(down).toEqual(down.toSorted((one, other) => other - one))
    expect(down.length).toBeGreaterThan(MANY / 4_000)

    let [left, looked]: [number, number] = [0, 0]
    for (let below: number | null | undefined; below !== null; looked++) {
      const { jobs, next } = await given.store.unlabelled(10, 0, below)
      left += jobs.length
      below = next
    }
    expect([left, looked]).toEqual([0, 3])
  } finally {
    await given.close()
  }
})

test('who asks while all are gone through waits for the new ones only', async () => {
  const given = await openSqlite()
  try {
    await insertMany(given, 5_000)
    const [held, reached] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const store: Store = {
      ...given.store,
      // A look for older ones that does not end.
      async unlabelled(limit, above = 0, below = Number.MAX_SAFE_INTEGER) {
        if (below < 2_500) {
          reached.resolve()
          await held.promise
        }
        return given.store.unlabelled(limit, above, below)
      },
    }
    const labeller = new Labeller(store, [])
    const all = labeller.catchUp()
    await reached.promise
    const { last: id } = await insertMany(given, 1)

    // Within half a second the last look still counts.
    await expect
      .poll(async () => {
        await labeller.catchUp(60_000)
        return (await given.store.getFailed(id))?.name
      })
      .toBe('App\\Jobs\\SyncOrder')

    held.resolve()
    await all
  } finally {
    await given.close()
  }
})
