import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { createQueue } from '../../src/client/queue.ts'
import { sqliteStore } from '../../src/stores/sqlite/store.ts'
import { fetchCase } from './jobs.ts'

test("a job dispatched in the application's transaction exists if and when that commits", async () => {
  await using given = await open()
  const { queue, database, count } = given

  database.exec('begin immediate')
  const { outcome } = await queue.dispatch(fetchCase, { caseId: 1 }, { tx: database })
  const before = await count()
  database.exec('commit')

  expect(outcome).toBe('dispatched')
  expect(before).toBe(0)
  expect(await count()).toBe(1)
})

test('a transaction that is rolled back takes its jobs with it, however many', async () => {
  await using given = await open()
  const { queue, database, count } = given
  const inputs = Array.from({ length: 6_000 }, (_, caseId) => ({ caseId }))

  database.exec('begin immediate')
  expect(await queue.dispatchMany(fetchCase, inputs, { tx: database })).toHaveLength(6_000)
  database.exec('rollback')

  expect(await count()).toBe(0)
})

test('a dispatch beside an open transaction waits for its end and does not freeze it', async () => {
  await using given = await open()
  const { queue, database, count } = given

  database.exec('begin immediate')
  const beside = queue.dispatch(fetchCase, { caseId: 1 })
  await queue.dispatch(fetchCase, { caseId: 2 }, { tx: database })
  await new Promise((resolve) => setImmediate(resolve))
  database.exec('commit')

  expect((await beside).outcome).toBe('dispatched')
  expect(await count()).toBe(2)
})

test('a transaction that is none is refused before anything is stored', async () => {
  await using given = await open()
  const { queue, database, count } = given

  await expect(queue.dispatch(fetchCase, { caseId: 1 }, { tx: database })).rejects.toMatchObject({
    code: 'BAD_ARGUMENT',
  })
  await expect(queue.dispatch(fetchCase, { caseId: 1 }, { tx: {} })).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })

  expect(await count()).toBe(0)
})

async function open() {
  const folder = await mkdtemp(join(tmpdir(), 'faena-'))
  const path = join(folder, 'faena.db')
  const store = sqliteStore({ path })
  await store.open()
  const queue = createQueue({ store })
  const database = new DatabaseSync(path)
  return {
    queue,
    database,
    count: async () => (await store.counts()).reduce((sum, { due }) => sum + due, 0),
    [Symbol.asyncDispose]: async () => {
      database.close()
      await queue.close()
      await store.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
