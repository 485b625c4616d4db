import { describe, expect, test } from 'vitest'
import type { ReservedJob, SettledOutcome } from '../../src/store.ts'
import { FETCH, failure, newJob, newJobs, uuidOf } from '../support/jobs.ts'
import { eachStore } from '../support/suite.ts'
import { ended, LEASE } from '../support/worker.ts'

eachStore('settle', (open) => {
  describe('outcomes', () => {
    test.each(['completed', 'cancelled'] as const)('a job that is %s is gone', async (kind) => {
      await using given = await open()
      await given.job()
      const worker = await given.worker()
      const job = await worker.reserveOne()

      const settled = await worker.settle([ended(job, { kind })])

      expect(settled).toEqual({ applied: [job.id], lost: [], refused: [] })
      expect(given.raw.jobRows()).toEqual([])
      expect(given.raw.failedRows()).toEqual([])
    })

    test('a retry leaves the attempt spent and the job pending until its time', async () => {
      await using given = await open()
      const { uuid } = await given.job()
      const worker = await given.worker()
      const job = await worker.reserveOne()

      await worker.settle([ended(job, { kind: 'retry', delayMs: 10_000 })])

      expect(await given.store.get(uuid)).toMatchObject({
        id: job.id,
        payload: job.payload,
        status: 'delayed',
        attempts: 1,
        reservedAt: null,
        reservedBy: null,
        availableAt: Math.ceil((given.clock.now() + 10_000) / 1_000) * 1_000,
      })
      given.clock.advance(11_000)
      expect((await worker.reserveOne()).attempts).toBe(2)
    })

    test('a released job gets its attempt back', async () => {
      await using given = await open()
      const { uuid } = await given.job()
      const worker = await given.worker()

      await worker.settle([ended(await worker.reserveOne(), { kind: 'released', delayMs: 10_000 })])

      expect(await given.store.get(uuid)).toMatchObject({ status: 'delayed', attempts: 0, reservedBy: null })
    })

    test.each(['retry', 'released'] as const)('%s without delay makes the job due at once', async (kind) => {
      await using given = await open()
      await given.job()
      const worker = await given.worker()

      await worker.settle([ended(await worker.reserveOne(), { kind, delayMs: 0 })])

      expect(await worker.reserve()).toHaveLength(1)
    })

    test('a failed job lies in failed_jobs with all that is known of it', async () => {
      await using given = await open({ timezone: 'America/Bogota', connection: 'mysql' })
      const { uuid } = await given.job({ queue: 'cases' })
      const worker = await given.worker()
      const job = await worker.reserveOne({ queues: ['cases'] })
      const why = failure(job, 'MySQL server has gone away')

      await worker.settle([ended(job, { kind: 'failed', failure: why })])

      expect(given.raw.jobRows()).toEqual([])
      expect(given.raw.failedRows()).toEqual([
        {
          id: expect.any(Number),
          uuid,
          connection: 'mysql',
          queue: 'cases',
          payload: job.payload,
          exception: why.exception,
          failed_at: '2026-01-05 07:00:00',
        },
      ])
      expect(await given.store.getFailed(uuid)).toMatchObject({
        uuid,
        connection: 'mysql',
        queue: 'cases',
        payload: job.payload,
        exception: why.exception,
        failedAt: Date.UTC(2026, 0, 5, 12),
        failedAtText: '2026-01-05 07:00:00',
        name: FETCH,
        fingerprint: why.fingerprint,
        headline: why.headline,
      })
    })

    test('a job without uuid fails under the one that was made for it', async () => {
      await using given = await open()
      given.raw.insertJob({ payload: `{"job":"faena@${FETCH}","data":1}` })
      const worker = await given.worker()
      const job = await worker.reserveOne()
      const why = failure(job)

      await worker.settle([ended(job, { kind: 'failed', failure: why })])

      expect(uuidOf(given.raw.failedRows()[0]!)).toBe(why.uuid)
      expect(await given.store.getFailed(why.uuid)).toMatchObject({ payload: why.payload, name: FETCH })
    })

    test('a corrupt row fails too, keeps its text, and fails again when it is retried as it was', async () => {
      await using given = await open()
      given.raw.insertJob({ payload: 'O:8:"stdClass":0:{}' })
      const worker = await given.worker()

      const settled = await worker.fail(await worker.reserveOne())

      expect(settled.applied).toHaveLength(1)
      expect(given.raw.jobRows()).toEqual([])
      expect(given.raw.failedRows()[0]!.payload).toBe('O:8:"stdClass":0:{}')

      await given.store.retry({}, { limit: 10, upTo: Number.MAX_SAFE_INTEGER })
      const again = await worker.reserveOne()

      expect(again).toMatchObject({ payload: 'O:8:"stdClass":0:{}', name: null })
    })

    test('a batch of all kinds is written in one settlement', async () => {
      await using given = await open()
      await given.store.push(newJobs(500))
      const worker = await given.worker()
      const jobs = await worker.reserve({ limit: 500 })
      const kinds = (job: (typeof jobs)[number]): SettledOutcome[] => [
        { kind: 'completed' },
        { kind: 'retry', delayMs: 1_000 },
        { kind: 'failed', failure: failure(job) },
        { kind: 'released', delayMs: 0 },
        { kind: 'cancelled' },
      ]

      const settled = await worker.settle(jobs.map((job, at) => ended(job, kinds(job)[at % 5]!)))

      expect(settled).toEqual({ applied: jobs.map(({ id }) => id), lost: [], refused: [] })
      expect(given.raw.jobRows().map(({ attempts }) => attempts)).toEqual(
        Array.from({ length: 100 }, () => [1, 0]).flat(),
      )
      expect(given.raw.failedRows()).toHaveLength(100)
    })
  })

  describe('whose job it is', () => {
    test('an outcome of another worker, of another attempt or of an unknown job is lost and changes nothing', async () => {
      await using given = await open()
      await given.job()
      const [worker, stranger] = [await given.worker(), await given.worker()]
      const job = await worker.reserveOne()
      const before = given.raw.jobRows()
      const completed: SettledOutcome = { kind: 'completed' }

      expect(await stranger.complete(job)).toEqual({ applied: [], lost: [job.id], refused: [] })
      const settled = await worker.settle([
        ended({ id: job.id, attempts: 0 }, completed),
        ended({ id: job.id, attempts: 2 }, { kind: 'failed', failure: failure(job) }),
        ended({ id: 999_999, attempts: 1 }, { kind: 'retry', delayMs: 0 }),
      ])

      expect(settled).toEqual({ applied: [], lost: [job.id, job.id, 999_999], refused: [] })
      expect(given.raw.jobRows()).toEqual(before)
      expect(given.raw.failedRows()).toEqual([])
    })

    test.each<SettledOutcome>([
      { kind: 'completed' },
      { kind: 'retry', delayMs: 5_000 },
      { kind: 'released', delayMs: 5_000 },
      { kind: 'cancelled' },
    ])('a stale lease settles nothing: $kind', async (outcome) => {
      await using given = await open()
      await given.job()
      const stale = await given.worker()
      const job = await stale.reserveOne()
      given.clock.advance(LEASE)
      await given.reclaimAll()
      const worker = await given.worker()
      const again = await worker.reserveOne()
      const before = given.raw.jobRows()

      const settled = await stale.settle([ended(job, outcome)])

      expect(settled).toEqual({ applied: [], lost: [job.id], refused: [] })
      expect(given.raw.jobRows()).toEqual(before)
      expect((await worker.complete(again)).applied).toEqual([job.id])
    })

    test('a stale failure leaves no failed job', async () => {
      await using given = await open()
      await given.job()
      const stale = await given.worker()
      const job = await stale.reserveOne()
      given.clock.advance(LEASE)
      await given.reclaimAll()

      expect((await stale.fail(job)).lost).toEqual([job.id])
      expect(given.raw.failedRows()).toEqual([])
      expect(given.raw.jobRows()).toHaveLength(1)
    })

    test('lost jobs do not keep the others of their batch from ending', async () => {
      await using given = await open()
      await given.store.push(newJobs(5))
      const worker = await given.worker()
      const jobs = await worker.reserve()
      given.raw.deleteJob(jobs[2]!.id)

      const settled = await worker.complete(...jobs)

      expect(settled.lost).toEqual([jobs[2]?.id])
      expect(settled.applied).toEqual([0, 1, 3, 4].map((at) => jobs[at]?.id))
      expect(given.raw.jobRows()).toEqual([])
    })

    test('settling a job twice counts once', async () => {
      await using given = await open()
      await given.job()
      const worker = await given.worker()
      const job = await worker.reserveOne()

      const answers = [await worker.fail(job), await worker.fail(job), await worker.complete(job)]

      expect(answers.map(({ applied }) => applied.length)).toEqual([1, 0, 0])
      expect(answers.map(({ lost }) => lost.length)).toEqual([0, 1, 1])
      expect(given.raw.failedRows()).toHaveLength(1)
    })

    test('emptying the table under a running worker loses its outcome and nothing else', async () => {
      await using given = await open()
      await given.job()
      const worker = await given.worker()
      const job = await worker.reserveOne()
      given.raw.deleteAllJobs()

      expect((await worker.fail(job)).lost).toEqual([job.id])

      await given.job()
      expect((await worker.complete(await worker.reserveOne())).applied).toHaveLength(1)
      expect(given.raw.failedRows()).toEqual([])
    })
  })

  describe('a settlement whose answer was lost', () => {
    test('changes nothing when it is repeated, and gives the first answer', async () => {
      await using given = await open()
      await given.store.push(newJobs(4))
      const worker = await given.worker()
      const [a, b, c, d] = await worker.reserve()
      given.raw.deleteJob(d!.id)
      const settlement = {
        worker: worker.id,
        seq: 1,
        outcomes: [
          ended(a!, { kind: 'completed' }),
          ended(b!, { kind: 'failed', failure: failure(b!) }),
          ended(c!, { kind: 'retry', delayMs: 0 }),
          ended(d!, { kind: 'completed' }),
        ],
      }
      const first = await given.store.settle(settlement)
      const rows = [given.raw.jobRows(), given.raw.failedRows()]

      const again = await given.store.settle(settlement)

      expect(first).toEqual({ applied: [a?.id, b?.id, c?.id], lost: [d?.id], refused: [] })
      expect(again).toEqual(first)
      expect([given.raw.jobRows(), given.raw.failedRows()]).toEqual(rows)
    })

    test('does not end the same worker’s next run of a job that it had released', async () => {
      await using given = await open()
      await given.job()
      const worker = await given.worker()
      const job = await worker.reserveOne()
      const settlement = { worker: worker.id, seq: 1, outcomes: [ended(job, { kind: 'released', delayMs: 0 })] }
      await given.store.settle(settlement)
      const again = await worker.reserveOne()
      expect(again).toMatchObject({ id: job.id, attempts: job.attempts })
      const running = given.raw.jobRows()

      await given.store.settle(settlement)

      expect(given.raw.jobRows()).toEqual(running)
    })

    test('is known to every connection', async () => {
      await using given = await open()
      await given.job()
      const worker = await given.worker()
      const job = await worker.reserveOne()
      const settlement = { worker: worker.id, seq: 1, outcomes: [ended(job, { kind: 'completed' })] }
      const first = await given.store.settle(settlement)

      expect(await (await given.second()).settle(settlement)).toEqual(first)
    })

    test('is numbered apart for a worker and for its heartbeat thread', async () => {
      await using given = await open()
      await given.store.push(newJobs(2))
      const worker = await given.worker()
      const [a, b] = await worker.reserve()
      const completed = (job: typeof a) => ({
        worker: worker.id,
        seq: 1,
        outcomes: [ended(job!, { kind: 'completed' })],
      })

      const own = await given.store.settle(completed(a))
      const threads = await given.store.settle({ ...completed(b), channel: 1 })

      expect([own.applied, threads.applied]).toEqual([[a?.id], [b?.id]])
      expect(given.raw.jobRows()).toEqual([])
    })
  })

  describe('one bad row', () => {
    test('a NUL byte in an exception does not block its batch', async () => {
      await using given = await open()
      await given.store.push(newJobs(3))
      const worker = await given.worker()
      const jobs = await worker.reserve()
      const bad = jobs[1]!

      const settled = await worker.settle([
        ended(jobs[0]!, { kind: 'completed' }),
        ended(bad, { kind: 'failed', failure: failure(bad, 'cut \u0000 here') }),
        ended(jobs[2]!, { kind: 'completed' }),
      ])

      const rows = given.raw.jobRows()
      expect(settled.lost).toEqual([])
      expect(settled.applied).toEqual(expect.arrayContaining([jobs[0]?.id, jobs[2]?.id]))
      if (settled.applied.includes(bad.id)) {
        expect(rows).toEqual([])
        expect((await given.store.getFailed(uuidOf(bad)))?.exception).toMatch(/cut .* here/)
      } else {
        expect(settled.refused).toEqual([{ id: bad.id, error: expect.any(Error) }])
        expect(rows.map(({ id, reserved_by }) => [id, reserved_by])).toEqual([[bad.id, worker.id]])
      }
    })

    test('a uuid that failed_jobs holds already is mended: one row, the newest failure', async () => {
      await using given = await open()
      const [a, b] = newJobs(2)
      await given.store.push([a!, b!])
      given.raw.insertFailed({ uuid: a!.uuid, payload: a!.payload, exception: 'an old copy' })
      const worker = await given.worker()
      const jobs = await worker.reserve()

      const settled = await worker.fail(...jobs)

      expect(settled).toEqual({ applied: jobs.map(({ id }) => id), lost: [], refused: [] })
      expect(
        given.raw
          .failedRows()
          .map(({ uuid }) => uuid)
          .sort(),
      ).toEqual([a!.uuid, b!.uuid].sort())
      expect((await given.store.getFailed(a!.uuid))?.exception).toContain('MySQL server has gone away')
    })
  })

  describe('the run that is kept with the end', () => {
    const run = (job: { attempts: number; payload: string }, worker: number) => ({
      uuid: uuidOf(job),
      name: FETCH,
      queue: 'default',
      attempt: job.attempts,
      worker,
      startedAt: Date.UTC(2026, 0, 5, 12),
      endedAt: Date.UTC(2026, 0, 5, 12) + 120,
      outcome: 'completed' as const,
      headline: null,
      progress: 100,
      note: null,
      log: ['fetched 3 pages'],
      result: '{"pages":3}',
      keepUntil: Date.UTC(2026, 0, 6),
    })

    test('can be read as soon as the job has ended', async () => {
      await using given = await open()
      await given.job()
      const worker = await given.worker()
      const job = await worker.reserveOne()

      await worker.settle([{ ...ended(job, { kind: 'completed' }), run: run(job, worker.id) }])

      const { rows } = await given.store.runs({ uuid: uuidOf(job) }, { limit: 10 })
      expect(rows).toEqual([{ ...run(job, worker.id), id: expect.any(Number) }])
    })

    test('is not written for a job that was lost', async () => {
      await using given = await open()
      await given.job()
      const worker = await given.worker()
      const job = await worker.reserveOne()
      given.raw.deleteAllJobs()

      await worker.settle([{ ...ended(job, { kind: 'completed' }), run: run(job, worker.id) }])

      expect((await given.store.runs({}, { limit: 10 })).rows).toEqual([])
    })
  })

  test('workers that settle at the same moment on two connections do not disturb each other', async () => {
    await using given = await open()
    await given.store.push(newJobs(60, () => ({ input: 'x' })))
    const second = await given.second()
    const workers = [await given.worker(), await given.worker(), await given.worker()]
    const held: ReservedJob[][] = []
    for (const worker of workers) held.push(await worker.reserve({ limit: 20 }))

    const answers = await Promise.all(
      workers.flatMap((worker, at) =>
        [0, 1].map((half) =>
          (half === 0 ? given.store : second).settle({
            worker: worker.id,
            seq: 1,
            channel: half as 0 | 1,
            outcomes: held[at]!.slice(half * 10, half * 10 + 10).map((job) => ended(job, { kind: 'completed' })),
          }),
        ),
      ),
    )

    expect(answers.flatMap(({ applied }) => applied)).toHaveLength(60)
    expect(given.raw.jobRows()).toEqual([])
  })

  test('what a worker holds is not touched by the ends of others', async () => {
    await using given = await open()
    const kept = newJob()
    await given.store.push([kept, ...newJobs(3)])
    const [first, second] = [await given.worker(), await given.worker()]
    await first.reserve({ limit: 1 })

    await second.complete(...(await second.reserve()))

    expect(given.raw.jobRows().map(uuidOf)).toEqual([kept.uuid])
  })
})
