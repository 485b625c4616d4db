import { describe, expect, test } from 'vitest'
import { newJob } from '../support/jobs.ts'
import { testDatabase } from '../support/mysql-database.ts'
import { startWorker } from '../support/worker.ts'

describe.each([
  ['Faena', undefined],
  ['Laravel 8', 'laravel-8'],
  ['Laravel 13', 'laravel-13'],
] as const)('tables of %s that were truncated', (_, tables) => {
  async function given() {
    const database = await testDatabase(tables)
    const store = await database.store()
    await store.migrate()
    return { database, store, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() }
  }

  test('give ids out again: a key of a job that went is free, and no other job is replaced', async () => {
    await using here = await given()
    const { database, store } = here
    const unique = { key: 'cases.fetch:case:1', onTaken: 'replace' as const }
    await store.push([newJob({ unique })])
    await database.rows('truncate table jobs')
    const stranger = newJob({ input: { caseId: 2 } })
    await store.push([stranger])

    const [pushed] = await store.push([newJob({ unique })])

    expect(pushed).toMatchObject({ outcome: 'dispatched', id: 2 })
    expect((await store.get(1))?.payload).toBe(stranger.payload)
  })

  test('give the key back in a transaction of the application too', async () => {
    await using here = await given()
    const { database, store } = here
    const unique = { key: 'cases.fetch:case:1' }
    await store.push([newJob({ unique })])
    await database.rows('truncate table jobs')
    await store.push([newJob()])
    const tx = await database.connect({ charset: 'latin1' })
    await tx.beginTransaction()

    const [pushed] = await store.push([newJob({ unique })], { tx })
    await tx.commit()

    expect(pushed).toMatchObject({ outcome: 'dispatched', id: 2 })
  })

  test('blame no job for the crashes of one that had its id', async () => {
    await using here = await given()
    const { database, store } = here
    const crash = async () => {
      const worker = await startWorker(store)
      const { crashes } = await worker.reserveOne()
      await database.rows('update faena_workers set lease_until = 0')
      await store.reclaim()
      return crashes
    }
    await store.push([newJob()])
    expect([await crash(), await crash()]).toEqual([0, 1])
    await database.rows('truncate table jobs')
    await store.push([newJob()])

    expect([await crash(), await crash()]).toEqual([0, 1])
    expect(await store.countFailed()).toBe(0)
  })

  test('leave nothing beside them: what was kept of jobs that went is pruned, though others have their ids', async () => {
    await using here = await given()
    const { database, store } = here
    await store.push([newJob({ unique: { key: 'cases.fetch:case:1' } })])
    await (await startWorker(store)).reserveOne()
    await database.rows('update faena_workers set lease_until = 0')
    await store.reclaim()
    await database.rows('truncate table jobs')
    await store.push([newJob({ unique: { key: 'cases.fetch:case:2' } })])

    expect(await store.prune({ runsMs: 60_000, metricsMs: 60_000 }, 100)).toBe(2)

    expect(await database.rows('select `key` from faena_locks')).toEqual([{ key: 'cases.fetch:case:2' }])
    expect(await database.rows('select * from faena_reclaims')).toEqual([])
  })
})
