import { describe, expect, test } from 'vitest'
import type { FailedFilter } from '../../src/store.ts'
import { FETCH, failure, inputOf, type JobWish, newJob, newJobs, SYNC, uuidOf } from '../support/jobs.ts'
import { eachStore, type Given, inChunks } from '../support/suite.ts'
import { ended } from '../support/worker.ts'

const EVERYTHING = { limit: 1_000, upTo: Number.MAX_SAFE_INTEGER }

/** A job that has failed for good with `text`. Answers its uuid. */
async function failedJob(given: Given, text: string, wish: JobWish = {}): Promise<string> {
  const { uuid } = await given.job(wish)
  const worker = await given.worker()
  const job = await worker.reserveOne({ queues: [wish.queue ?? 'default'] })
  await worker.settle([ended(job, { kind: 'failed', failure: failure(job, text) })])
  await given.store.deregister(worker.id)
  return uuid
}

async function uuids(given: Given, filter: FailedFilter): Promise<string[]> {
  const { rows } = await given.store.listFailed(filter, { limit: 1_000, order: 'oldest' })
  return rows.map(({ uuid }) => uuid)
}

eachStore('failed jobs', (open) => {
  describe('lists', () => {
    test('a failed job is found by id and by uuid', async () => {
      await using given = await open()
      const uuid = await failedJob(given, 'no route to host')

      const failed = await given.store.getFailed(uuid)

      expect(failed).toMatchObject({ uuid, headline: 'Error: no route to host' })
      expect(await given.store.getFailed(failed!.id)).toEqual(failed)
      expect(await given.store.getFailed(newJob().uuid)).toBeUndefined()
      expect(await given.store.getFailed(999_999)).toBeUndefined()
    })

    test('a NUL in what is looked for finds nothing and breaks nothing', async () => {
      await using given = await open()
      await failedJob(given, 'no route to host')
      const odd = 'a\0b'

      for (const filter of [{ queue: odd }, { name: odd }, { fingerprint: odd }, { error: odd }, { search: odd }])
        expect(await uuids(given, filter), JSON.stringify(filter)).toEqual([])
      for (const key of [{ name: odd }, { fingerprint: odd }, { field: { name: 'order_id', value: odd } }])
        expect(await given.store.failedIds(key, { limit: 10 }), JSON.stringify(key)).toEqual([])
      for (const filter of [{ queue: odd }, { name: odd }, { search: odd }])
        expect((await given.store.list(filter, { limit: 10 })).rows, JSON.stringify(filter)).toEqual([])
    })

    test('filters narrow by queue, name, fingerprint, error text, time and refs', async () => {
      await using given = await open()
      const a = await failedJob(given, 'MySQL server has gone away', { queue: 'cases' })
      given.clock.advance(60_000)
      const b = await failedJob(given, 'SQLSTATE[HY000]: 100% of order_7', { name: SYNC })
      given.clock.advance(60_000)
      const c = await failedJob(given, 'MySQL server has gone away')
      const middle = (await given.store.getFailed(b))!
      const fingerprint = (await given.store.getFailed(a))?.fingerprint as string

      expect(await uuids(given, {})).toEqual([a, b, c])
      expect(await uuids(given, { queue: 'cases' })).toEqual([a])
      expect(await uuids(given, { name: SYNC })).toEqual([b])
      expect(await uuids(given, { name: FETCH })).toEqual([a, c])
      expect(await uuids(given, { fingerprint })).toEqual([a, c])
      expect(await uuids(given, { error: 'mysql SERVER has' })).toEqual([a, c])
      expect(await uuids(given, { error: '100% of order_7' })).toEqual([b])
      expect(await uuids(given, { error: '100_ of' })).toEqual([])
      expect(await uuids(given, { failedBefore: middle.failedAt })).toEqual([a])
      expect(await uuids(given, { failedAfter: middle.failedAt + 1_000 })).toEqual([c])
      expect(await uuids(given, { refs: [a, middle.id] })).toEqual([a, b])
      expect(await uuids(given, { refs: [a, b, c], queue: 'default', name: FETCH })).toEqual([c])
      expect(await uuids(given, { refs: [] })).toEqual([])
      expect(await given.store.countFailed()).toBe(3)
      expect(await given.store.countFailed({ fingerprint })).toBe(2)
      expect(await given.store.countFailed({ refs: [] })).toBe(0)
    })

    test('error texts in any language are found as they stand', async () => {
      await using given = await open()
      const uuid = await failedJob(given, 'Año no válido: SEÑAL Ñ')

      expect(await uuids(given, { error: 'Año no válido' })).toEqual([uuid])
      expect(await uuids(given, { error: 'SEÑAL Ñ' })).toEqual([uuid])
    })

    test('times are those of the configured zone', async () => {
      await using given = await open({ timezone: 'America/Bogota' })
      const uuid = newJob().uuid
      given.raw.insertFailed({ uuid, payload: newJob({ uuid }).payload, failed_at: '2026-01-05 06:30:00' })
      const at = Date.UTC(2026, 0, 5, 11, 30)

      expect(await given.store.getFailed(uuid)).toMatchObject({ failedAt: at, failedAtText: '2026-01-05 06:30:00' })
      expect(await uuids(given, { failedAfter: at - 1_000, failedBefore: at + 1_000 })).toEqual([uuid])
      expect(await uuids(given, { failedAfter: at + 1_000 })).toEqual([])
    })

    test.each(['newest', 'oldest'] as const)(
      'paging neither skips nor repeats while rows come and go (%s)',
      async (order) => {
        await using given = await open()
        const insert = () => given.raw.insertFailed({ uuid: newJob().uuid, payload: newJob().payload })
        const ids = Array.from({ length: 60 }, insert)
        const doomed = ids.filter((_, at) => at % 3 === 0)
        const shown: number[] = []
        for (let cursor: string | undefined; ; ) {
          const page = await given.store.listFailed({}, { limit: 7, order, cursor })
          shown.push(...page.rows.map(({ id }) => id))
          if (page.next === null) break
          cursor = page.next
          insert()
          await given.store.removeFailed({ refs: doomed.splice(0, 2) }, EVERYTHING)
        }

        expect(new Set(shown).size).toBe(shown.length)
        expect(ids.filter((id, at) => at % 3 !== 0 && !shown.includes(id))).toEqual([])
      },
    )

    test('groups gather what failed in the same way, most first', async () => {
      await using given = await open()
      await failedJob(given, 'Order 17 not found', { name: SYNC })
      const at = given.clock.now()
      await failedJob(given, 'MySQL server has gone away')
      given.clock.advance(60_000)
      const sample = await failedJob(given, 'MySQL server has gone away')
      given.raw.insertFailed({ uuid: newJob().uuid, payload: newJob().payload })

      const groups = await given.store.failedGroups({}, 10)

      expect(groups).toEqual([
        {
          fingerprint: (await given.store.getFailed(sample))?.fingerprint,
          name: FETCH,
          headline: 'Error: MySQL server has gone away',
          count: 2,
          firstAt: Math.floor(at / 1_000) * 1_000,
          lastAt: Math.floor(given.clock.now() / 1_000) * 1_000,
          sample,
        },
        expect.objectContaining({ name: SYNC, count: 1 }),
      ])
      expect(await given.store.failedGroups({}, 1)).toHaveLength(1)
      expect(await given.store.failedGroups({ name: SYNC }, 10)).toMatchObject([{ name: SYNC, count: 1 }])
    })
  })

  describe('retry', () => {
    test('brings the job back as it was: uuid, queue and payload, attempts 0, due at once', async () => {
      await using given = await open()
      const job = newJob({ queue: 'cases', priority: -2, maxAttempts: 5, input: { text: 'ñ \\/ \u2028' } })
      await given.store.push([job])
      const worker = await given.worker({ leaseMs: 3_600_000 })
      await worker.fail(await worker.reserveOne({ queues: ['cases'] }))
      given.clock.advance(60_000)

      const done = await given.store.retry({ refs: [job.uuid] }, EVERYTHING)

      expect(done).toMatchObject({ changed: 1, skipped: 0 })
      expect(given.raw.failedRows()).toEqual([])
      expect(await given.store.get(job.uuid)).toMatchObject({
        queue: 'cases',
        payload: job.payload,
        name: FETCH,
        attempts: 0,
        maxAttempts: 5,
        priority: -2,
        status: 'due',
      })
      const again = await worker.reserveOne({ queues: ['cases'] })
      expect((await worker.complete(again)).applied).toEqual([again.id])
    })

    test('moves a retryUntil that has passed', async () => {
      await using given = await open()
      const retryUntil = 1_767_614_400 + 600
      const uuid = await failedJob(given, 'too late', { retryUntil })
      given.clock.advance(3_600_000)

      await given.store.retry({}, EVERYTHING)

      const payload = JSON.parse((await given.store.get(uuid))!.payload) as { uuid: string; retryUntil: number }
      expect(payload.uuid).toBe(uuid)
      expect(payload.retryUntil * 1_000).toBeGreaterThan(given.clock.now())
    })

    test('a job may fail and be retried again and again', async () => {
      await using given = await open()
      const { uuid } = await given.job()
      const worker = await given.worker()
      for (let round = 0; round < 3; round += 1) {
        await worker.fail(await worker.reserveOne())
        expect(await given.store.countFailed()).toBe(1)
        expect(await given.store.retry({ refs: [uuid] }, EVERYTHING)).toMatchObject({ changed: 1 })
        expect(await given.store.countFailed()).toBe(0)
      }

      expect(await given.store.get(uuid)).toMatchObject({ attempts: 0, status: 'due' })
    })

    test('a job of another runtime goes back to its queue untouched', async () => {
      await using given = await open()
      const job = newJob({ name: null })
      given.raw.insertFailed({ uuid: job.uuid, payload: job.payload, queue: 'php' })

      await given.store.retry({}, EVERYTHING)

      expect(given.raw.jobRows()).toMatchObject([
        { queue: 'php', payload: job.payload, attempts: 0, reserved_at: null, name: null },
      ])
    })

    test('a job whose payload has no uuid keeps the one it failed under', async () => {
      await using given = await open()
      const { uuid } = newJob()
      given.raw.insertFailed({ uuid, payload: `{"job":"faena@${FETCH}","data":{"caseId":4}}` })

      await given.store.retry({}, EVERYTHING)

      expect(await given.store.get(uuid)).toMatchObject({ attempts: 0, status: 'due' })
      expect(inputOf(given.raw.jobRows()[0]!)).toEqual({ caseId: 4 })
    })

    test('a copy that somebody left behind does not run a second time', async () => {
      await using given = await open()
      const job = newJob()
      await given.store.push([job])
      given.raw.insertFailed({ uuid: job.uuid, payload: job.payload })

      const done = await given.store.retry({}, EVERYTHING)

      expect(done).toMatchObject({ changed: 0, skipped: 1 })
      expect(given.raw.jobRows()).toHaveLength(1)
    })

    test('rows that cannot be read do not keep the others from coming back, and are not lost', async () => {
      await using given = await open()
      const good = newJob()
      const payloads = ['not json', '', 'null', '[1]', '{"data":{}}', '{"uuid":"x","job":7}', good.payload]
      for (const payload of payloads) {
        given.raw.insertFailed({ uuid: payload === good.payload ? good.uuid : newJob().uuid, payload })
      }

      const done = await given.store.retry({}, EVERYTHING)

      expect(done.changed + done.skipped).toBe(payloads.length)
      expect(await given.store.get(good.uuid)).toMatchObject({ status: 'due' })
      expect(given.raw.jobRows().length + given.raw.failedRows().length).toBe(payloads.length)
    })

    test('two callers bring a job back once', async () => {
      await using given = await open()
      await failedJob(given, 'once')
      const second = await given.second()

      const done = await Promise.all([given.store, second].map((store) => store.retry({}, EVERYTHING)))

      expect(done.reduce((sum, { changed }) => sum + changed, 0)).toBe(1)
      expect(given.raw.jobRows()).toHaveLength(1)
    })

    test('a retry of 10,000 brings them all back and leaves newer ones alone', { timeout: 60_000 }, async () => {
      await using given = await open()
      const jobs = newJobs(10_000, (at) => ({ input: at }))
      await given.store.push(jobs)
      const worker = await given.worker({ leaseMs: 3_600_000 })
      for (;;) {
        const held = await worker.reserve({ limit: 1_000, maxBytes: 64 * 1024 * 1024 })
        if (held.length === 0) break
        await worker.fail(...held)
      }
      const { failed: upTo } = await given.store.bounds()
      const newer = [await failedJob(given, 'newer'), await failedJob(given, 'newer still')]

      const done = await inChunks((chunk) => given.store.retry({}, chunk), { limit: 500, upTo })

      expect(done).toMatchObject({ changed: 10_000, skipped: 0 })
      expect(await uuids(given, {})).toEqual(newer)
      const rows = given.raw.jobRows()
      expect(new Set(rows.map(uuidOf))).toEqual(new Set(jobs.map(({ uuid }) => uuid)))
      expect(rows).toHaveLength(10_000)
      expect(rows.every(({ attempts, reserved_at }) => attempts === 0 && reserved_at === null)).toBe(true)
    })
  })

  describe('removal', () => {
    test('takes the failed jobs of a filter and no live job', async () => {
      await using given = await open()
      const kept = await failedJob(given, 'kept', { queue: 'cases' })
      await failedJob(given, 'gone')
      await given.job()

      const done = await given.store.removeFailed({ queue: 'default' }, EVERYTHING)

      expect(done).toMatchObject({ changed: 1, skipped: 0 })
      expect(await uuids(given, {})).toEqual([kept])
      expect(given.raw.jobRows()).toHaveLength(1)
    })

    test('goes through many in chunks, below its bound', async () => {
      await using given = await open()
      const insert = () => given.raw.insertFailed({ uuid: newJob().uuid, payload: newJob().payload })
      for (let count = 0; count < 45; count += 1) insert()
      const { failed: upTo } = await given.store.bounds()
      const later = insert()

      const done = await inChunks((chunk) => given.store.removeFailed({}, chunk), { limit: 10, upTo })

      expect(done.changed).toBe(45)
      expect(given.raw.failedRows().map(({ id }) => id)).toEqual([later])
    })
  })

  describe('rows that somebody else wrote', () => {
    test('are listed without name, and labelled later', async () => {
      await using given = await open()
      const job = newJob({ name: null })
      const id = given.raw.insertFailed({ uuid: job.uuid, payload: job.payload, queue: 'php' })
      await failedJob(given, 'ours')

      const none = { jobs: [], next: null }
      const { jobs: unlabelled, next } = await given.store.unlabelled(10)
      expect(next).toBe(null)
      expect(await given.store.unlabelled(10, id - 1, id + 1)).toEqual({ jobs: unlabelled, next: null })
      expect([await given.store.unlabelled(10, id), await given.store.unlabelled(10, 0, id)]).toEqual([none, none])
      expect(unlabelled).toMatchObject([{ id, uuid: job.uuid, name: null, fingerprint: null, headline: null }])
      const label = {
        name: 'App\\Jobs\\SyncOrder',
        fingerprint: '0123456789abcdef',
        headline: 'RuntimeException: No route',
      }
      await given.store.label([{ id, uuid: job.uuid, ...label, surfaced: '{"order_id":7}' }])

      expect(await given.store.unlabelled(10)).toEqual(none)
      expect(await given.store.getFailed(job.uuid)).toMatchObject(label)
      expect(await uuids(given, { name: label.name })).toEqual([job.uuid])
      expect(await given.store.failedGroups({ name: label.name }, 10)).toMatchObject([{ count: 1, sample: job.uuid }])
    })

    test('whose label comes after they were retried leave no trace', async () => {
      await using given = await open()
      const uuid = await failedJob(given, 'gone soon')
      const { id } = (await given.store.getFailed(uuid))!
      await given.store.retry({}, EVERYTHING)

      await given.store.label([{ id, uuid, name: 'late', fingerprint: 'f', headline: 'h', surfaced: null }])
      const worker = await given.worker()
      await worker.fail(await worker.reserveOne())

      expect(await given.store.getFailed(uuid)).toMatchObject({ name: FETCH })
    })
  })
})
