import { describe, expect, test } from 'vitest'
import { failure, newJob } from '../support/jobs.ts'
import { ended, startWorker } from '../support/worker.ts'
import { testFolder } from './support.ts'

describe('payloads', () => {
  test('of 64 MiB come back as they were pushed', async () => {
    await using folder = await testFolder()
    const store = await folder.opened()
    const job = newJob({ input: 'ñ'.repeat(32 * 1024 * 1024) })

    await store.push([job])
    const reserved = await (await startWorker(store)).reserveOne({ maxBytes: 1 })

    expect(reserved.payload === job.payload).toBe(true)
  })

  test('and exceptions keep a NUL; half a surrogate pair becomes the replacement sign and breaks nothing', async () => {
    await using folder = await testFolder()
    const store = await folder.opened()
    const job = newJob({ input: 'a\0b\ud800c' })
    await store.push([job])
    const worker = await startWorker(store)
    const reserved = await worker.reserveOne()
    expect(reserved.payload).toBe(job.payload)

    const failed = { kind: 'failed' as const, failure: { ...failure(reserved), exception: 'Error: a\0b\ud800c' } }
    expect((await worker.settle([ended(reserved, failed)])).applied).toEqual([reserved.id])

    expect(await store.getFailed(job.uuid)).toMatchObject({ exception: 'Error: a\0b\ufffdc', payload: job.payload })
  })
})

describe('numbers', () => {
  test('of rows up to 2^53 - 1 are told exactly', async () => {
    await using folder = await testFolder()
    const store = await folder.opened()
    const before = Number.MAX_SAFE_INTEGER - 3
    folder.database().exec(`insert into sqlite_sequence (name, seq) values ('jobs', ${before})`)
    const pushed = await store.push([newJob(), newJob(), newJob()])
    expect(pushed.map(({ id }) => id)).toEqual([before + 1, before + 2, before + 3])

    const worker = await startWorker(store)
    const jobs = await worker.reserve()
    expect((await worker.complete(...jobs)).applied).toEqual(pushed.map(({ id }) => id))
  })

  test('of attempts end where the column does, and the job can still be settled', async () => {
    await using folder = await testFolder()
    const store = await folder.opened()
    await store.push([newJob({ maxAttempts: 0 })])
    folder.database().exec('update jobs set attempts = 65535')
    const worker = await startWorker(store)

    const job = await worker.reserveOne()

    expect(job.attempts).toBe(65_535)
    expect((await worker.beat([job])).gone).toEqual([])
    expect((await worker.complete(job)).applied).toEqual([job.id])
  })

  test('of priorities may be as small as a column takes', async () => {
    await using folder = await testFolder()
    const store = await folder.opened()
    await store.push([newJob(), newJob({ priority: -2_147_483_648 })])

    expect((await (await startWorker(store)).reserve()).map(({ priority }) => priority)).toEqual([-2_147_483_648, 0])
  })

  test('of times beyond what other stores hold are refused, and in a settlement refuse that row alone', async () => {
    await using folder = await testFolder()
    const store = await folder.opened()
    const never = Number.POSITIVE_INFINITY
    await expect(store.push([newJob({ delayMs: never })])).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
    await expect(store.push([newJob({ availableAt: Number.NaN })])).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
    await store.push([newJob(), newJob()])
    const worker = await startWorker(store)
    const [first, second] = await worker.reserve()

    const settled = await worker.settle([
      ended(first!, { kind: 'retry', delayMs: never }),
      ended(second!, { kind: 'completed' }),
    ])

    expect(settled).toMatchObject({ applied: [second!.id], lost: [], refused: [{ id: first!.id }] })
  })
})

describe('what a worker asks for', () => {
  test('may name a queue twice: its jobs are given once', async () => {
    await using folder = await testFolder()
    const store = await folder.opened()
    await store.push([newJob(), newJob()])

    const jobs = await (await startWorker(store)).reserve({ queues: ['default', 'default'] })

    expect(jobs.map(({ id }) => id)).toEqual([1, 2])
  })

  test('is answered though somebody wrote times that are none: a date as text, the largest number there is', async () => {
    await using folder = await testFolder()
    const store = await folder.opened()
    await store.push([newJob(), newJob(), newJob()])
    const worker = await startWorker(store)
    folder.database().exec(`
      update jobs set available_at = '2026-01-05 11:00:00' where id = 1;
      update jobs set available_at = 9223372036854775807 where id = 2`)

    expect(await worker.ask()).toMatchObject({ jobs: [{ id: 3 }], nextDueMs: null })
    expect(await worker.ask()).toEqual({ jobs: [], nextDueMs: null, lost: false })
  })

  test('leaves a paused queue out of that time too', async () => {
    await using folder = await testFolder()
    const store = await folder.opened()
    await store.push([newJob({ delayMs: 60_000 })])
    await store.pause('default', null)

    expect(await (await startWorker(store)).ask()).toMatchObject({ nextDueMs: null })
  })
})

describe('what a producer asks for', () => {
  test('a window without an end is refused: its key would never be free again', async () => {
    await using folder = await testFolder()
    const store = await folder.opened()

    const pushing = store.push([newJob({ unique: { key: 'k', until: 'window' } })])

    await expect(pushing).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
    expect(await store.counts()).toEqual([])
  })

  test('a push under a number that is past is refused, not taken for a later one', async () => {
    await using folder = await testFolder()
    const store = await folder.opened()
    await store.push([newJob()], { pushId: { producer: 'p', seq: 2 } })

    const pushing = store.push([newJob()], { pushId: { producer: 'p', seq: 1 } })

    await expect(pushing).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
  })
})
