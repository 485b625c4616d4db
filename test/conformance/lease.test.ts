import { describe, expect, test } from 'vitest'
import { CRASH_PATIENCE_MS } from '../../src/core/failure.ts'
import { newJob, newJobs } from '../support/jobs.ts'
import { eachStore, type Given } from '../support/suite.ts'
import { ended, LEASE } from '../support/worker.ts'

/** A worker takes `limit` jobs and is never heard of again. */
async function crash(given: Given, limit: number) {
  const worker = await given.worker()
  const jobs = await worker.reserve({ limit })
  given.clock.advance(LEASE)
  return { jobs, ...(await given.reclaimAll()) }
}

eachStore('lease and reclaim', (open) => {
  describe('a worker', () => {
    test('has an id that is never given again', async () => {
      await using given = await open()
      const first = await given.worker()
      await given.store.deregister(first.id)

      expect((await given.worker()).id).toBeGreaterThan(first.id)
    })

    test('keeps what it holds for as long as it beats', async () => {
      await using given = await open()
      await given.job()
      const worker = await given.worker()
      const job = await worker.reserveOne()
      for (let beats = 0; beats < 5; beats += 1) {
        given.clock.advance(LEASE - 1)
        expect(await worker.beat([job])).toEqual({ lost: false, gone: [], command: null })
        expect(await given.reclaimAll()).toEqual({ workers: [], returned: 0 })
      }

      expect((await worker.complete(job)).applied).toEqual([job.id])
    })

    test('is told that its lease has ended, and cannot renew it', async () => {
      await using given = await open()
      const worker = await given.worker()
      given.clock.advance(LEASE)

      expect((await worker.beat()).lost).toBe(true)
      expect((await worker.beat()).lost).toBe(true)
      expect(await given.store.workers()).toEqual([])
    })

    test('is told the same once it was reclaimed or deregistered', async () => {
      await using given = await open()
      const [reclaimed, deregistered] = [await given.worker(), await given.worker({ leaseMs: LEASE * 10 })]
      given.clock.advance(LEASE)
      await given.reclaimAll()
      await given.store.deregister(deregistered.id)

      expect((await reclaimed.beat()).lost).toBe(true)
      expect((await deregistered.beat()).lost).toBe(true)
    })

    test('is told which of its jobs are not its own any more', async () => {
      await using given = await open()
      await given.store.push(newJobs(3))
      const worker = await given.worker()
      const [removed, vanished, kept] = await worker.reserve()
      await given.store.remove({ refs: [removed!.id] }, { limit: 1, upTo: 1_000 })
      given.raw.deleteJob(vanished!.id)

      const { gone } = await worker.beat([removed!, vanished!, kept!])

      expect(gone).toEqual([removed?.id, vanished?.id])
    })

    test('is not told of a later attempt as if it were the one it holds', async () => {
      await using given = await open()
      await given.job()
      const worker = await given.worker()
      const job = await worker.reserveOne()

      const { gone } = await worker.beat([{ ...job, attempts: job.attempts + 1 }])

      expect(gone).toEqual([job.id])
    })
  })

  describe('deregister', () => {
    test('gives everything back with its attempt and counts no crash', async () => {
      await using given = await open()
      await given.store.push(newJobs(3))
      const worker = await given.worker()
      await worker.complete(await worker.reserveOne())
      await worker.reserve()

      expect(await given.store.deregister(worker.id)).toBe(2)

      expect(await given.store.deregister(worker.id)).toBe(0)
      expect(given.raw.jobRows().map(({ attempts, reserved_at }) => [attempts, reserved_at])).toEqual([
        [0, null],
        [0, null],
      ])
      const next = await given.worker()
      expect((await next.reserve()).map(({ attempts, crashes }) => [attempts, crashes])).toEqual([
        [1, 0],
        [1, 0],
      ])
    })

    test('leaves a job with a single try to be run', async () => {
      await using given = await open()
      await given.job({ maxAttempts: 1 })
      const worker = await given.worker()
      await worker.reserveOne()

      await given.store.deregister(worker.id)

      expect(await given.reclaimAll()).toEqual({ workers: [], returned: 0 })
      expect(given.raw.jobRows()[0]).toMatchObject({ attempts: 0, reserved_at: null })
    })
  })

  describe('reclaim', () => {
    test('returns what its worker took again and settled by an attempt of before', async () => {
      await using given = await open()
      await given.job()
      const worker = await given.worker()
      const before = await worker.reserveOne()
      await worker.settle([ended(before, { kind: 'retry', delayMs: 0 })])
      const [again] = await worker.reserve()
      expect((await worker.complete(before)).lost).toEqual([before.id])
      await given.job({ queue: 'other' })
      await worker.reserve({ queues: ['other'] })
      given.clock.advance(LEASE)

      expect(await given.reclaimAll()).toEqual({ workers: [worker.id], returned: 2 })

      const next = await given.worker()
      expect(await next.reserve()).toMatchObject([{ id: again!.id, crashes: 1 }])
    })

    test('returns what its worker gave back and took again before it repeated the giving back', async () => {
      await using given = await open()
      await given.job()
      const worker = await given.worker()
      const job = await worker.reserveOne()
      const release = { worker: worker.id, seq: 1, outcomes: [ended(job, { kind: 'released', delayMs: 0 })] }
      const answer = await given.store.settle(release)
      expect(await worker.reserveOne()).toMatchObject({ id: job.id, attempts: job.attempts })
      expect(await given.store.settle(release)).toEqual(answer)
      await given.job({ queue: 'other' })
      await worker.reserve({ queues: ['other'] })
      given.clock.advance(LEASE)

      expect((await given.reclaimAll()).returned).toBe(2)
    })

    test('returns all the thousands that one worker held, however often it reserved', async () => {
      await using given = await open()
      await given.store.push(newJobs(5_000))
      const worker = await given.worker()
      for (let round = 0; round < 5; round += 1) {
        expect(await worker.reserve({ limit: 1_000, maxBytes: 64 * 1024 * 1024 })).toHaveLength(1_000)
      }
      given.clock.advance(LEASE)

      expect((await given.reclaimAll()).returned).toBe(5_000)
    })

    test('a crash between reserve and settle gives the jobs back with their attempts', async () => {
      await using given = await open()
      await given.store.push(newJobs(3))

      const { jobs, workers, returned } = await crash(given, 3)

      expect([workers.length, returned]).toEqual([1, 3])
      const next = await given.worker()
      const again = await next.reserve()
      expect(again.map(({ id, attempts, crashes }) => [id, attempts, crashes])).toEqual(
        jobs.map(({ id }) => [id, 1, 1]),
      )
    })

    test('an attempt that was spent before stays spent', async () => {
      await using given = await open()
      await given.job()
      const worker = await given.worker()
      const job = await worker.reserveOne()
      await worker.settle([{ id: job.id, attempts: 1, outcome: { kind: 'retry', delayMs: 0 }, unique: false }])

      await crash(given, 1)

      expect(given.raw.jobRows()[0]?.attempts).toBe(1)
    })

    test('workers that live keep their jobs', async () => {
      await using given = await open()
      await given.store.push(newJobs(2))
      const dying = await given.worker()
      const living = await given.worker({ leaseMs: LEASE * 2 })
      await dying.reserveOne()
      const kept = await living.reserveOne()
      given.clock.advance(LEASE)

      const { workers } = await given.reclaimAll()

      expect(workers).toEqual([dying.id])
      expect((await living.complete(kept)).applied).toEqual([kept.id])
    })

    test('a worker is not dead before its lease has ended', async () => {
      await using given = await open()
      const worker = await given.worker()
      given.clock.advance(LEASE - 1)
      expect((await given.reclaimAll()).workers).toEqual([])
      given.clock.advance(1)

      expect((await given.reclaimAll()).workers).toEqual([worker.id])
    })

    test('rows that PHP reserved are left to PHP', async () => {
      await using given = await open()
      given.raw.insertJob({ payload: newJob().payload, attempts: 1, reserved_at: 1_700_000_000 })
      const before = given.raw.jobRows()

      await crash(given, 10)

      expect(given.raw.jobRows()).toEqual(before)
    })

    test('a reclaim with nothing to do says for how long that is so at least', async () => {
      await using given = await open()
      expect(await given.store.reclaim()).toEqual({ workers: [], returned: 0 })
      await given.worker({ leaseMs: 30_000 })
      const second = await given.worker({ leaseMs: 10_000 })
      given.clock.advance(3_000)

      expect(await given.store.reclaim()).toEqual({ workers: [], returned: 0, calmMs: 7_000 })
      given.clock.advance(7_000)
      expect(await given.store.reclaim()).toEqual({ workers: [second.id], returned: 0 })

      expect(await given.store.reclaim()).toEqual({ workers: [], returned: 0, calmMs: 20_000 })
    })

    test('many callers handle each worker once', async () => {
      await using given = await open()
      await given.store.push(newJobs(40))
      const second = await given.second()
      const ids: number[] = []
      for (let count = 0; count < 5; count += 1) {
        const worker = await given.worker()
        await worker.reserve({ limit: 8 })
        ids.push(worker.id)
      }
      given.clock.advance(LEASE)

      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, at) => (at % 2 === 0 ? given.store : second).reclaim()),
      )

      const workers = answers.flatMap((answer) => answer.workers).sort((a, b) => a - b)
      expect(workers).toEqual(ids)
      expect(answers.reduce((sum, { returned }) => sum + returned, 0)).toBe(40)
      const next = await given.worker()
      expect((await next.reserve()).map(({ crashes }) => crashes)).toEqual(Array(40).fill(1))
    })

    test('a worker that is replaced is reclaimed before its lease would have ended', async () => {
      await using given = await open()
      await given.job()
      const killed = await given.worker()
      await killed.reserveOne()

      const next = await given.worker({ replaces: killed.id })

      expect((await killed.beat()).lost).toBe(true)
      expect((await given.reclaimAll()).workers).toEqual([killed.id])
      expect(await next.reserve()).toHaveLength(1)
    })

    test('the jobs of a delayed queue order come back due', async () => {
      await using given = await open()
      await given.job({ queue: 'paused' })
      const worker = await given.worker()
      const { id } = await worker.reserveOne({ queues: ['paused'] })
      await given.store.pause('paused', null)
      given.clock.advance(LEASE)
      await given.reclaimAll()

      expect(await given.store.get(id)).toMatchObject({ status: 'due', queue: 'paused', attempts: 0 })
    })
  })

  describe('crash counts', () => {
    /** The worker says that it begins the first of what it took, or that all it took is only held. */
    async function lose(given: Given, { limit = 1, begins = false } = {}) {
      given.clock.advance(CRASH_PATIENCE_MS + 1_000)
      const worker = await given.worker()
      const jobs = await worker.reserve({ limit })
      if (begins) expect(await given.store.begin(worker.id, jobs[0]!)).toBe(true)
      given.clock.advance(LEASE)
      await given.reclaimAll()
      return { worker, jobs }
    }

    const crashesNow = async (given: Given) => {
      given.clock.advance(CRASH_PATIENCE_MS + 1_000)
      const worker = await given.worker()
      const jobs = await worker.reserve()
      await given.store.deregister(worker.id)
      return jobs.map(({ crashes }) => crashes)
    }

    test('a job that was only held by dying workers is a suspect at most, also when it was alone', async () => {
      await using given = await open()
      await given.job()
      const seen: number[] = []
      for (let count = 0; count < 5; count += 1) seen.push((await lose(given)).jobs[0]!.crashes)

      expect(seen).toEqual([0, 1, 2, 2, 2])
    })

    test('a suspect that had begun with the third has its third count, and waits for who may take it back', async () => {
      await using given = await open()
      const { id } = await given.job()
      await lose(given)
      await lose(given)
      await lose(given, { begins: true })

      expect(await given.store.get(id!)).toMatchObject({ status: 'delayed', attempts: 0, reservedBy: null })
      given.clock.advance(CRASH_PATIENCE_MS - 1)
      const worker = await given.worker()
      expect(await worker.reserve()).toEqual([])
      given.clock.advance(1_001)
      expect((await worker.reserve()).map(({ crashes, attempts }) => [crashes, attempts])).toEqual([[3, 1]])
    })

    test('a note counts no more once anything was settled', async () => {
      await using given = await open()
      await given.job()
      await lose(given)
      await lose(given)
      const worker = await given.worker()
      const job = await worker.reserveOne()
      await given.store.begin(worker.id, job)
      const outcome = { kind: 'released', delayMs: 0 } as const
      await worker.settle([{ id: job.id, attempts: 1, outcome, unique: false }])
      expect((await worker.reserveOne()).attempts).toBe(1)
      given.clock.advance(LEASE)
      await given.reclaimAll()

      expect(await crashesNow(given)).toEqual([2])
    })

    test('nor when another worker holds the job by then', async () => {
      await using given = await open()
      await given.job()
      await lose(given)
      await lose(given)
      const worker = await given.worker()
      await given.store.begin(worker.id, await worker.reserveOne())
      await given.store.deregister(worker.id)
      await lose(given)

      expect(await crashesNow(given)).toEqual([2])
    })

    test('a job that is another attempt’s, another worker’s, or was lost with the lease is not begun', async () => {
      await using given = await open()
      await given.job()
      const worker = await given.worker()
      const other = await given.worker()
      const job = await worker.reserveOne()

      expect(await given.store.begin(worker.id, job)).toBe(true)
      expect(await given.store.begin(worker.id, { ...job, attempts: 2 })).toBe(false)
      expect(await given.store.begin(other.id, job)).toBe(false)
      expect(await given.store.begin(worker.id, { id: job.id + 1, attempts: 1 })).toBe(false)
      given.clock.advance(LEASE)
      expect(await given.store.begin(worker.id, job)).toBe(false)
    })

    test('a worker that was lost and is there after all takes its count back, once', async () => {
      await using given = await open()
      await given.job()
      const first = await lose(given)
      const second = await lose(given)
      expect(await crashesNow(given)).toEqual([2])

      await given.store.deregister(first.worker.id)
      await given.store.deregister(first.worker.id)
      expect(await crashesNow(given)).toEqual([1])

      await given.store.deregister(second.worker.id)
      expect(await crashesNow(given)).toEqual([0])
    })

    test('the third count too; the job is then run once more', async () => {
      await using given = await open()
      await given.job()
      await lose(given)
      await lose(given)
      const { worker } = await lose(given, { begins: true })
      await given.store.deregister(worker.id)

      expect(await crashesNow(given)).toEqual([2])
    })

    test('a worker that gave no count takes none back', async () => {
      await using given = await open()
      await given.job()
      await lose(given)
      await lose(given)
      const { worker } = await lose(given)
      await given.store.deregister(worker.id)

      expect(await crashesNow(given)).toEqual([2])
    })

    test('counts of different jobs are taken back together, those of other workers stay', async () => {
      await using given = await open()
      await given.store.push(newJobs(3))
      await lose(given, { limit: 1 })
      const { worker } = await lose(given, { limit: 3 })
      await given.store.deregister(worker.id)

      expect(await crashesNow(given)).toEqual([1, 0, 0])
    })

    test('crashes are forgotten when the job failed and is retried', async () => {
      await using given = await open()
      await given.job()
      for (let count = 0; count < 2; count += 1) await lose(given)
      const worker = await given.worker()
      await worker.fail(await worker.reserveOne())

      await given.store.retry({}, { limit: 10, upTo: 1_000 })

      expect(await crashesNow(given)).toEqual([0])
    })

    test('rows without uuid and corrupt rows are counted as well', async () => {
      await using given = await open()
      given.raw.insertJob({ payload: '{"job":"faena@cases.fetch","data":{"caseId":4}}' })
      given.raw.insertJob({ payload: 'not json' })
      await lose(given, { limit: 2 })
      await lose(given, { limit: 2 })
      await lose(given, { begins: true })

      expect((await crashesNow(given)).sort()).toEqual([2, 3])
    })
  })

  describe('a job with a single try', () => {
    test('goes back with its attempt spent when its worker dies, and its neighbours with theirs restored', async () => {
      await using given = await open()
      await given.store.push([newJob({ maxAttempts: 1 }), newJob()])

      expect((await crash(given, 2)).returned).toBe(2)

      const worker = await given.worker()
      expect((await worker.reserve()).map(({ attempts, crashes }) => [attempts, crashes])).toEqual([
        [2, 1],
        [1, 1],
      ])
    })

    test('may have it from its worker', async () => {
      await using given = await open()
      await given.job({ maxAttempts: null })
      const worker = await given.worker({ defaultTries: 1 })
      await worker.reserveOne({ defaultTries: 1 })
      given.clock.advance(LEASE)
      await given.reclaimAll()

      expect(given.raw.jobRows()).toMatchObject([{ attempts: 1, reserved_at: null, reserved_by: null }])
    })
  })
})
