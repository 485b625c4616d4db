import { describe, expect, test } from 'vitest'
import { FETCH, inputOf, newJob, newJobs, SYNC } from '../support/jobs.ts'
import { eachStore } from '../support/suite.ts'
import { LEASE, startWorker } from '../support/worker.ts'

eachStore('reserve', (open) => {
  test('a reserved job is the worker’s, its attempt counted in the same step', async () => {
    await using given = await open()
    const { uuid, id } = await given.job({ input: { caseId: 9 }, priority: 3, maxAttempts: 5 })
    const worker = await given.worker()
    const second = Math.floor(given.clock.now() / 1_000) * 1_000

    const [job] = await worker.reserve()

    expect(job).toMatchObject({
      id,
      queue: 'default',
      attempts: 1,
      maxAttempts: 5,
      name: FETCH,
      priority: 3,
      availableAt: second,
      createdAt: second,
      crashes: 0,
    })
    expect(await given.store.get(uuid)).toMatchObject({
      status: 'reserved',
      attempts: 1,
      reservedAt: second,
      reservedBy: worker.id,
    })
    expect(await worker.reserve()).toEqual([])
  })

  describe('order', () => {
    test('queues come in the order the worker names them', async () => {
      await using given = await open()
      await given.job({ queue: 'low', input: 'low', priority: -9 })
      await given.job({ queue: 'high', input: 'high', priority: 9 })
      await given.job({ queue: 'other', input: 'other' })
      const worker = await given.worker()

      const jobs = await worker.reserve({ queues: ['high', 'low'] })

      expect(jobs.map(inputOf)).toEqual(['high', 'low'])
    })

    test('within a queue it is priority, then due time, then id', async () => {
      await using given = await open()
      const wishes = [
        { input: 'f', priority: 5 },
        { input: 'd', delayMs: 5_000 },
        { input: 'c' },
        { input: 'b', priority: -1, delayMs: 5_000 },
        { input: 'a', priority: -1 },
        { input: 'e', delayMs: 5_000 },
      ]
      await given.store.push(wishes.map(newJob))
      given.clock.advance(10_000)
      const worker = await given.worker()

      const jobs = await worker.reserve()

      expect(jobs.map(inputOf)).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
    })

    test('a row without priority stands among those of priority 0', async () => {
      await using given = await open()
      const foreign = newJob({ input: 'none' })
      await given.job({ input: 'after', priority: 1 })
      given.raw.insertJob({ payload: foreign.payload })
      await given.job({ input: 'before', priority: -1 })
      const worker = await given.worker()

      expect((await worker.reserve()).map(inputOf)).toEqual(['before', 'none', 'after'])
    })

    test('a job that is given back keeps its place', async () => {
      await using given = await open()
      await given.store.push([newJob({ input: 1 }), newJob({ input: 2 })])
      const first = await given.worker()
      await first.reserveOne()
      await given.store.deregister(first.id)
      const second = await given.worker()

      expect((await second.reserve()).map(inputOf)).toEqual([1, 2])
    })
  })

  describe('bounds', () => {
    test('no more jobs than asked for', async () => {
      await using given = await open()
      await given.store.push(newJobs(10, (at) => ({ input: at })))
      const worker = await given.worker()

      expect((await worker.reserve({ limit: 3 })).map(inputOf)).toEqual([0, 1, 2])
      expect((await worker.reserve({ limit: 100 })).map(inputOf)).toEqual([3, 4, 5, 6, 7, 8, 9])
    })

    test('payloads are taken up to a number of bytes', async () => {
      await using given = await open()
      const size = newJobs(1, () => ({ input: 'x'.repeat(10_000) }))[0]!.payload.length
      await given.store.push(newJobs(10, () => ({ input: 'x'.repeat(10_000) })))
      const worker = await given.worker()

      const jobs = await worker.reserve({ maxBytes: size * 3 })

      expect(jobs).toHaveLength(3)
      expect(await worker.reserve()).toHaveLength(7)
    })

    test('long payloads among short ones come whole and in order', async () => {
      await using given = await open()
      const jobs = newJobs(24, (at) => ({ input: 'x'.repeat(at % 3 === 0 ? 60_000 : 10) }))
      await given.store.push(jobs)
      const worker = await given.worker()

      const first = await worker.reserve({ limit: 100, maxBytes: 200_000 })
      const rest = await worker.reserve({ limit: 100, maxBytes: 4_000_000 })

      expect(first.length).toBeLessThan(24)
      expect([...first, ...rest].map(({ payload }) => payload)).toEqual(jobs.map(({ payload }) => payload))
    })

    test('a job larger than that is given by itself', async () => {
      await using given = await open()
      await given.store.push([newJob({ input: 'x'.repeat(10_000) }), newJob()])
      const worker = await given.worker()

      expect(await worker.reserve({ maxBytes: 100 })).toHaveLength(1)
      expect(await worker.reserve({ maxBytes: 100 })).toHaveLength(1)
    })

    test('jobs with a single try only up to their own limit', async () => {
      await using given = await open()
      await given.store.push(newJobs(3, () => ({ maxAttempts: 1 })))
      const worker = await given.worker()

      expect(await worker.reserve({ singleTryLimit: 0 })).toEqual([])
      expect(await worker.reserve({ singleTryLimit: 2 })).toHaveLength(2)
      expect(await worker.reserve({ singleTryLimit: 2 })).toHaveLength(1)
    })

    test('a job without max_attempts has the tries that the worker applies', async () => {
      await using given = await open()
      await given.store.push(newJobs(3, () => ({ maxAttempts: null })))
      const worker = await given.worker()

      expect(await worker.reserve({ singleTryLimit: 1, defaultTries: 1 })).toHaveLength(1)
      expect(await worker.reserve({ singleTryLimit: 1, defaultTries: 2 })).toHaveLength(2)
    })
  })

  describe('what waits for later', () => {
    test('the answer says when the next job falls due', async () => {
      await using given = await open()
      await given.job({ delayMs: 90_000 })
      const soonest = await given.job({ delayMs: 30_000 })
      await given.job({ queue: 'other', delayMs: 10_000 })
      const worker = await given.worker()

      const { jobs, nextDueMs, lost } = await worker.ask()

      expect({ jobs, lost }).toEqual({ jobs: [], lost: false })
      const { availableAt } = (await given.store.get(soonest.uuid))!
      expect(nextDueMs).toBe(availableAt - given.clock.now())
    })

    test('nothing waits: no time is given', async () => {
      await using given = await open()
      const worker = await given.worker()

      expect(await worker.ask()).toEqual({ jobs: [], nextDueMs: null, lost: false })
    })

    test('delayed jobs of a better priority do not hold up those that are due', async () => {
      await using given = await open()
      await given.job({ input: 'later', priority: -5, delayMs: 60_000 })
      await given.job({ input: 'now' })
      const worker = await given.worker()

      expect((await worker.reserve()).map(inputOf)).toEqual(['now'])
    })
  })

  describe('names', () => {
    test('jobs of other names stay, and do not stand in the way', async () => {
      await using given = await open()
      await given.store.push(newJobs(150, () => ({ name: 'reports.unknown', priority: -1 })))
      await given.job({ name: SYNC, input: 'mine' })
      const worker = await given.worker()

      const jobs = await worker.reserve({ names: [FETCH, SYNC], limit: 10 })

      expect(jobs.map(inputOf)).toEqual(['mine'])
      expect(
        given.raw.jobRows().filter(({ attempts, reserved_at }) => attempts === 0 && reserved_at === null),
      ).toHaveLength(150)
    })

    test('a worker without names is given none of ours', async () => {
      await using given = await open()
      await given.job()
      const worker = await given.worker()

      expect(await worker.reserve({ names: [] })).toEqual([])
    })

    test('jobs of another runtime are left alone', async () => {
      await using given = await open()
      given.raw.insertJob({ payload: newJob({ name: null }).payload })
      given.raw.insertJob({ payload: '{"job":"App\\\\Legacy@fire","data":[]}' })
      const before = given.raw.jobRows()
      const worker = await given.worker()

      expect(await worker.reserve()).toEqual([])
      expect(given.raw.jobRows()).toEqual(before)
    })

    test('a job that lost our columns is found by its payload', async () => {
      await using given = await open()
      const job = newJob({ name: SYNC, input: 'rewritten' })
      given.raw.insertJob({ payload: job.payload, attempts: 1 })
      given.raw.insertJob({ payload: newJob({ name: 'reports.unknown' }).payload })
      const worker = await given.worker()

      const jobs = await worker.reserve({ names: [SYNC] })

      expect(jobs.map(inputOf)).toEqual(['rewritten'])
      expect(jobs[0]?.attempts).toBe(2)
      expect(await worker.complete(...jobs)).toMatchObject({ applied: [jobs[0]?.id], lost: [] })
    })

    test('a row without uuid is a job like any other', async () => {
      await using given = await open()
      given.raw.insertJob({ payload: `{"job":"faena@${FETCH}","data":{"caseId":4}}` })
      const worker = await given.worker()

      const job = await worker.reserveOne()

      expect(inputOf(job)).toEqual({ caseId: 4 })
      expect((await worker.complete(job)).applied).toEqual([job.id])
      expect(given.raw.jobRows()).toEqual([])
    })

    test('payloads and names with characters that JSON does not have come out as they are', async () => {
      await using given = await open()
      const odd = ['a\u001fb', '\u001f', 'c']
      const pushed = odd.map((name) => newJob({ name }))
      pushed[1]!.payload = `${pushed[1]!.payload}\u001f\u001f`
      await given.store.push(pushed)
      const worker = await given.worker()

      const jobs = await worker.reserve({ names: odd })

      expect(jobs.map(({ name, payload }) => ({ name, payload }))).toEqual(
        pushed.map(({ name, payload }) => ({ name, payload })),
      )
    })

    test.each([
      ['no JSON', 'not json at all'],
      ['a cut-off text', '{"uuid":"7b0c'],
      ['an empty text', ''],
      ['a list', '[1,2]'],
      ['null', 'null'],
      ['an object without job', '{"data":{}}'],
      ['a job that is no text', '{"job":42}'],
    ])('a row that holds %s is given out, to be failed', async (_, payload) => {
      await using given = await open()
      const id = given.raw.insertJob({ payload })
      await given.job({ input: 'behind' })
      const worker = await given.worker()

      const jobs = await worker.reserve()

      expect(jobs.map((job) => job.id)).toContain(id)
      expect(jobs.find((job) => job.id === id)).toMatchObject({ payload, name: null, attempts: 1 })
      expect(jobs).toHaveLength(2)
    })
  })

  describe('pause', () => {
    test('a paused queue gives no jobs and takes new ones', async () => {
      await using given = await open()
      await given.store.pause('default', 'the ERP is down')
      await given.job({ input: 'held' })
      await given.job({ queue: 'other', input: 'free' })
      const worker = await given.worker()
      const queues = ['default', 'other']

      expect((await worker.reserve({ queues })).map(inputOf)).toEqual(['free'])
      await given.store.resume('default')
      expect((await worker.reserve({ queues })).map(inputOf)).toEqual(['held'])
    })

    test('jobs that run when their queue is paused may end', async () => {
      await using given = await open()
      await given.job()
      const worker = await given.worker()
      const job = await worker.reserveOne()
      await given.store.pause('default', null)

      expect((await worker.complete(job)).applied).toEqual([job.id])
    })
  })

  describe('who may reserve', () => {
    test('a worker whose lease has ended is given nothing and told so', async () => {
      await using given = await open()
      await given.job()
      const worker = await given.worker()
      given.clock.advance(LEASE)

      expect(await worker.ask()).toMatchObject({ jobs: [], lost: true })
      expect(given.raw.jobRows()[0]?.attempts).toBe(0)
    })

    test('so is one that deregistered', async () => {
      await using given = await open()
      await given.job()
      const worker = await given.worker()
      await given.store.deregister(worker.id)

      expect(await worker.ask()).toMatchObject({ jobs: [], lost: true })
    })
  })

  test('two workers never hold one job: 100 jobs, 8 workers', async () => {
    await using given = await open()
    await given.store.push(newJobs(100))
    const connections = [given.store, await given.second()]
    const workers = await Promise.all(Array.from({ length: 8 }, (_, at) => startWorker(connections[at % 2]!)))
    const held = new Map<number, number>()

    await Promise.all(
      workers.map(async (worker) => {
        for (;;) {
          const jobs = await worker.reserve({ limit: 3 })
          if (jobs.length === 0) return
          for (const { id } of jobs) {
            expect(held.has(id)).toBe(false)
            held.set(id, worker.id)
          }
        }
      }),
    )

    expect(held.size).toBe(100)
    const rows = given.raw.jobRows()
    expect(rows.map(({ id, reserved_by }) => [id, reserved_by])).toEqual(rows.map(({ id }) => [id, held.get(id)]))
    expect(rows.every(({ attempts }) => attempts === 1)).toBe(true)
  })
})
