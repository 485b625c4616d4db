import { describe, expect, test } from 'vitest'
import { inputOf, newJob, newJobs } from '../support/jobs.ts'
import { eachStore } from '../support/suite.ts'

eachStore('push', (open) => {
  test('a pushed job is stored as it was given, due at once', async () => {
    await using given = await open()
    const job = newJob({ queue: 'cases', priority: -5, maxAttempts: 7, input: { caseId: 12 } })

    const [pushed] = await given.store.push([job])

    expect(pushed).toEqual({ outcome: 'dispatched', uuid: job.uuid, id: expect.any(Number) })
    const second = Math.floor(given.clock.now() / 1_000) * 1_000
    expect(await given.store.get(job.uuid)).toEqual({
      id: pushed?.id,
      queue: 'cases',
      payload: job.payload,
      attempts: 0,
      maxAttempts: 7,
      name: 'cases.fetch',
      priority: -5,
      reservedAt: null,
      reservedBy: null,
      availableAt: second,
      createdAt: second,
      status: 'due',
    })
  })

  test('answers and ids come in the order of the jobs', async () => {
    await using given = await open()
    const jobs = newJobs(137)

    const pushed = await given.store.push(jobs)

    expect(pushed.map(({ uuid }) => uuid)).toEqual(jobs.map(({ uuid }) => uuid))
    const ids = pushed.map(({ id }) => id as number)
    expect(ids).toEqual([...ids].sort((a, b) => a - b))
    expect(given.raw.jobRows().map(({ id }) => id)).toEqual(ids)
    expect((await given.store.get(ids[99] as number))?.payload).toBe(jobs[99]?.payload)
  })

  test('no jobs are an answer without any', async () => {
    await using given = await open()
    expect(await given.store.push([])).toEqual([])
  })

  test('a payload comes back byte for byte', async () => {
    await using given = await open()
    const text = 'ñandú 🦤 \u2028 \\u0000 "quoted" \\ / \t'
    const large = newJob({ input: { text, more: 'x'.repeat(1_000_000) } })
    const worker = await given.worker()

    await given.store.push([large])

    expect((await given.store.get(large.uuid))?.payload).toBe(large.payload)
    expect((await worker.reserveOne()).payload).toBe(large.payload)
  })

  test('an id is never given twice, even when the table was emptied', async () => {
    await using given = await open()
    const first = await given.job()
    given.raw.deleteAllJobs()

    const second = await given.job()

    expect(second.id).toBeGreaterThan(first.id as number)
  })

  describe('all or nothing', () => {
    test('one job whose uuid is stored already stores none of its push', async () => {
      await using given = await open()
      const known = newJob()
      await given.store.push([known])

      const push = given.store.push([...newJobs(60), newJob({ uuid: known.uuid }), ...newJobs(60)])

      await expect(push).rejects.toMatchObject({ code: 'DUPLICATE_UUID' })
      expect(given.raw.jobRows()).toHaveLength(1)
    })

    test('one uuid twice in a push stores none of it', async () => {
      await using given = await open()
      const job = newJob()

      await expect(given.store.push([job, newJob(), job])).rejects.toMatchObject({ code: 'DUPLICATE_UUID' })

      expect(given.raw.jobRows()).toEqual([])
    })

    test('a uuid that lies in failed_jobs is stored already', async () => {
      await using given = await open()
      const job = newJob()
      given.raw.insertFailed({ uuid: job.uuid, payload: job.payload })

      await expect(given.store.push([job])).rejects.toMatchObject({ code: 'DUPLICATE_UUID' })

      expect(given.raw.jobRows()).toEqual([])
    })

    test('a refused push takes no unique key and leaves no push number behind', async () => {
      await using given = await open()
      const known = newJob()
      await given.store.push([known])
      const pushId = { producer: 'web-1', seq: 1 }
      const wanted = newJob({ unique: { key: 'case:1' } })
      await expect(given.store.push([wanted, known], { pushId })).rejects.toMatchObject({ code: 'DUPLICATE_UUID' })

      const [pushed] = await given.store.push([wanted], { pushId })

      expect(pushed?.outcome).toBe('dispatched')
    })
  })

  describe('a push whose answer was lost', () => {
    test('stores nothing anew when it is repeated, and answers the same', async () => {
      await using given = await open()
      const jobs = [newJob(), newJob({ unique: { key: 'case:1' } }), newJob({ unique: { key: 'case:1' } })]
      const pushId = { producer: 'web-1', seq: 1 }
      const first = await given.store.push(jobs, { pushId })

      const again = await given.store.push(jobs, { pushId })

      expect(again).toEqual(first)
      expect(first.map(({ outcome }) => outcome)).toEqual(['dispatched', 'dispatched', 'skipped'])
      expect(given.raw.jobRows()).toHaveLength(2)
    })

    test.each([1, 2, 3, 60])('of %d jobs answers the ids that it stored them under', async (count) => {
      await using given = await open()
      const jobs = Array.from({ length: count }, () => newJob())
      const pushId = { producer: 'web-1', seq: 1 }
      const first = await given.store.push(jobs, { pushId })
      await given.store.push([newJob(), newJob()])

      expect(await given.store.push(jobs, { pushId })).toEqual(first)
      expect(given.raw.jobRows().map(({ id }) => id)).toEqual(expect.arrayContaining(first.map(({ id }) => id)))
      expect(given.raw.jobRows()).toHaveLength(count + 2)
    })

    test('is not stored again where its job has already run', async () => {
      await using given = await open()
      const job = newJob()
      const pushId = { producer: 'web-1', seq: 1 }
      const first = await given.store.push([job], { pushId })
      const worker = await given.worker()
      await worker.complete(await worker.reserveOne())

      const again = await given.store.push([job], { pushId })

      expect(again).toEqual(first)
      expect(given.raw.jobRows()).toEqual([])
    })

    test('is told apart from the next push and from other producers', async () => {
      await using given = await open()
      await given.store.push([newJob()], { pushId: { producer: 'web-1', seq: 1 } })

      await given.store.push([newJob()], { pushId: { producer: 'web-1', seq: 2 } })
      await given.store.push([newJob()], { pushId: { producer: 'web-2', seq: 2 } })

      expect(given.raw.jobRows()).toHaveLength(3)
    })
  })

  describe('due times', () => {
    test('a delayed job falls due with the first whole second that is not too early', async () => {
      await using given = await open()
      const worker = await given.worker()
      const at = given.clock.now() + 1_500
      const { uuid } = await given.job({ delayMs: 1_500 })

      expect(await given.store.get(uuid)).toMatchObject({
        status: 'delayed',
        availableAt: Math.ceil(at / 1_000) * 1_000,
      })
      given.clock.advance(1_500)
      expect(await worker.reserve()).toEqual([])
      given.clock.advance(Math.ceil(at / 1_000) * 1_000 - at)
      expect(await worker.reserve()).toHaveLength(1)
    })

    test('an instant wins over a delay', async () => {
      await using given = await open()
      const availableAt = Math.ceil(given.clock.now() / 1_000) * 1_000 + 60_000

      const { uuid } = await given.job({ delayMs: 5_000, availableAt })

      expect(await given.store.get(uuid)).toMatchObject({ status: 'delayed', availableAt })
    })

    test('a job whose instant has passed is due at once', async () => {
      await using given = await open()

      const { uuid } = await given.job({ availableAt: given.clock.now() - 60_000 })

      expect((await given.store.get(uuid))?.status).toBe('due')
    })
  })

  test('pushes of two connections at the same moment are all stored', async () => {
    await using given = await open()
    const connections = [given.store, await given.second()]

    const inputs = Array.from({ length: 40 }, (_, at) => at)
    await Promise.all(inputs.map((at) => connections[at % 2]?.push([newJob({ input: at })])))

    const stored = given.raw.jobRows().map((row) => inputOf(row) as number)
    expect(stored.sort((a, b) => a - b)).toEqual(inputs)
  })
})
