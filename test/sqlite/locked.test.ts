import { describe, expect, test } from 'vitest'
import { Connection } from '../../src/stores/sqlite/connection.ts'
import { newJob, newJobs } from '../support/jobs.ts'
import { startWorker } from '../support/worker.ts'
import { numberOf, testFolder, turn } from './support.ts'

describe('a file that another writer holds', () => {
  test('is waited for without holding up the event loop: a transaction of this very process can end', async () => {
    await using folder = await testFolder()
    const store = await folder.opened()
    const application = folder.database()
    application.exec('begin immediate')

    const pushed = store.push([newJob()])
    await turn()
    application.exec('commit')

    expect(await pushed).toMatchObject([{ outcome: 'dispatched' }])
  })

  test('is waited for no longer than the time-out, and nothing is stored then', async () => {
    await using folder = await testFolder()
    const store = await folder.opened({ timeoutMs: 30 })
    const application = folder.database()
    application.exec('begin immediate')

    await expect(store.push([newJob()])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', inDoubt: false })
    application.exec('commit')

    expect(numberOf(application, 'select count(*) from jobs')).toBe(0)
    expect(await store.push([newJob()])).toMatchObject([{ outcome: 'dispatched' }])
  })

  test('keeps nobody from reading', async () => {
    await using folder = await testFolder()
    const store = await folder.opened()
    const job = newJob()
    await store.push([job])
    folder.database().exec('begin immediate')

    expect(await store.get(job.uuid)).toBeDefined()
    const worker = store.reserve({
      worker: 1,
      queues: ['default'],
      names: [],
      limit: 1,
      maxBytes: 1,
      singleTryLimit: 1,
      defaultTries: 3,
    })
    expect(await worker).toMatchObject({ lost: true })
  })

  test('is waited for by a store that is being closed, so that what was begun is stored', async () => {
    await using folder = await testFolder()
    const store = await folder.opened()
    const application = folder.database()
    application.exec('begin immediate')

    const pushed = store.push([newJob()])
    const closed = store.close()
    await expect(store.push([newJob()])).rejects.toMatchObject({ code: 'STORE_CLOSED' })
    application.exec('commit')

    expect(await pushed).toMatchObject([{ outcome: 'dispatched' }])
    await closed
    expect(numberOf(application, 'select count(*) from jobs')).toBe(1)
  })
})

describe('a transaction of the store', () => {
  test('is not left open where the disk is full, and what fits is stored again afterwards', async () => {
    await using folder = await testFolder()
    const connection = new Connection(folder.file, 1_000)
    await connection.open()
    connection.database.exec('create table notes (text); pragma max_page_count = 8')
    const fill = () => connection.run('insert into notes values (?)', 'x'.repeat(100_000))

    await expect(connection.write('full', fill)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', inDoubt: false })

    expect(connection.database.isTransaction).toBe(false)
    await connection.write('full', () => connection.run('insert into notes values (1)'))
    expect(numberOf(folder.database(), 'select count(*) from notes')).toBe(1)
    await connection.close()
  })

  test('is over when it wakes a worker of its own process, which reserves at once', async () => {
    await using folder = await testFolder()
    const clock = { now: Date.now() }
    const store = await folder.opened({ clock: () => clock.now })
    await store.push(newJobs(2))
    const dead = await startWorker(store, { leaseMs: 1_000 })
    await dead.reserve({ limit: 1 })
    const leaving = await startWorker(store, { leaseMs: 60_000 })
    await leaving.reserve({ limit: 1 })
    const worker = await startWorker(store, { leaseMs: 60_000 })
    clock.now += 2_000
    const taken: Promise<unknown[]>[] = []
    const end = store.listen?.(() => taken.push(worker.reserve()))

    await store.reclaim()
    await store.deregister(leaving.id)
    end?.()

    expect((await Promise.all(taken)).flat()).toHaveLength(2)
  })
})
