import { describe, expect, test } from 'vitest'
import { newJob, newJobs, uuidOf } from '../support/jobs.ts'
import { eachStore, type Given } from '../support/suite.ts'
import { LEASE } from '../support/worker.ts'

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
        expect(await given.reclaimAll()).toEqual({ workers: [], returned: 0, failed: [] })
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

      expect(await given.reclaimAll()).toEqual({ workers: [], returned: 0, failed: [] })
      expect(given.raw.jobRows()[0]).toMatchObject({ attempts: 0, reserved_at: null })
    })
  })

  describe('reclaim', () => {
    test('a crash between reserve and settle gives the jobs back with their attempts', async () => {
      await using given = await open()
      await given.store.push(newJobs(3))

      const { jobs, workers, returned, failed } = await crash(given, 3)

      expect([workers.length, returned, failed]).toEqual([1, 3, []])
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
    test('a job that was alone with three dying workers fails, saying so', async () => {
      await using given = await open()
      const { uuid } = await given.job()
      expect((await crash(given, 1)).jobs[0]?.crashes).toBe(0)
      expect((await crash(given, 1)).jobs[0]?.crashes).toBe(1)

      const { jobs, returned, failed } = await crash(given, 1)

      expect(jobs[0]?.crashes).toBe(2)
      expect(returned).toBe(0)
      expect(failed).toEqual([await given.store.getFailed(uuid)])
      expect(failed[0]).toMatchObject({
        uuid,
        name: 'cases.fetch',
        headline: expect.stringContaining('crashed 3 workers'),
      })
      expect(failed[0]?.exception).toContain('JOB_CRASHED_WORKERS')
      expect(given.raw.jobRows()).toEqual([])
    })

    test('jobs that were not alone are suspects at most', async () => {
      await using given = await open()
      await given.store.push(newJobs(2))
      for (let count = 0; count < 5; count += 1) {
        expect(await crash(given, 2)).toMatchObject({ returned: 2, failed: [] })
      }

      const next = await given.worker()
      expect((await next.reserve()).map(({ crashes }) => crashes)).toEqual([2, 2])
    })

    test('a suspect that then kills a worker alone fails', async () => {
      await using given = await open()
      await given.store.push(newJobs(2))
      await crash(given, 2)
      await crash(given, 2)

      const { jobs, failed } = await crash(given, 1)

      expect(failed.map(({ uuid }) => uuid)).toEqual(jobs.map(uuidOf))
      expect(given.raw.jobRows()).toHaveLength(1)
    })

    test('crashes are forgotten when the job is retried', async () => {
      await using given = await open()
      await given.job()
      for (let count = 0; count < 3; count += 1) await crash(given, 1)

      await given.store.retry({}, { limit: 10, upTo: 1_000 })

      expect(await crash(given, 1)).toMatchObject({ jobs: [{ crashes: 0, attempts: 1 }], returned: 1, failed: [] })
    })

    test('a job without uuid is stopped as well', async () => {
      await using given = await open()
      given.raw.insertJob({ payload: '{"job":"faena@cases.fetch","data":{"caseId":4}}' })
      await crash(given, 1)
      await crash(given, 1)

      const { failed } = await crash(given, 1)

      expect(failed).toHaveLength(1)
      expect(uuidOf(failed[0]!)).toBe(failed[0]?.uuid)
      expect(given.raw.jobRows()).toEqual([])
    })

    test('a corrupt row is stopped as well', async () => {
      await using given = await open()
      given.raw.insertJob({ payload: 'not json' })
      await crash(given, 1)
      await crash(given, 1)

      const { failed } = await crash(given, 1)

      expect(failed.map(({ exception }) => exception)).toEqual([expect.stringContaining('JOB_CRASHED_WORKERS')])
      expect(given.raw.jobRows()).toEqual([])
    })
  })

  describe('a job with a single try', () => {
    test('fails when its worker dies, saying so, and its neighbours do not', async () => {
      await using given = await open()
      const { uuid } = await given.job({ maxAttempts: 1 })
      await given.job()

      const { returned, failed } = await crash(given, 2)

      expect(returned).toBe(1)
      expect(failed.map((job) => job.uuid)).toEqual([uuid])
      expect(failed[0]?.headline).toContain('single try')
      expect((await given.store.getFailed(uuid))?.exception).toContain('JOB_CRASHED_WORKERS')
    })

    test('may have it from its worker', async () => {
      await using given = await open()
      await given.job({ maxAttempts: null })
      const worker = await given.worker({ defaultTries: 1 })
      await worker.reserveOne({ defaultTries: 1 })
      given.clock.advance(LEASE)

      expect(await given.reclaimAll()).toMatchObject({ returned: 0, failed: [{ name: 'cases.fetch' }] })
    })
  })
})
