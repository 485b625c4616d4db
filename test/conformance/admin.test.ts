import { describe, expect, test } from 'vitest'
import type { JobFilter, Page, StoredJob } from '../../src/store.ts'
import { FETCH, inputOf, newJob, newJobs, SYNC } from '../support/jobs.ts'
import { eachStore, type Given, inChunks } from '../support/suite.ts'

const EVERYTHING = { limit: 1_000, upTo: Number.MAX_SAFE_INTEGER }

async function inputs(given: Given, filter: JobFilter): Promise<unknown[]> {
  const { rows } = await given.store.list(filter, { limit: 1_000, order: 'oldest' })
  return rows.map(inputOf)
}

eachStore('admin', (open) => {
  describe('get', () => {
    test('finds a job by its id and by its uuid', async () => {
      await using given = await open()
      const { id, uuid } = await given.job()

      const job = await given.store.get(uuid)

      expect(job).toMatchObject({ id })
      expect(await given.store.get(id as number)).toEqual(job)
    })

    test('finds nothing where there is nothing', async () => {
      await using given = await open()
      await given.job()

      expect(await given.store.get(999_999)).toBeUndefined()
      expect(await given.store.get(newJob().uuid)).toBeUndefined()
      expect(await given.store.get("' or 1=1 --")).toBeUndefined()
    })
  })

  describe('filters', () => {
    async function six(given: Given) {
      const pushed = await given.store.push([
        newJob({ input: 'a', queue: 'cases' }),
        newJob({ input: 'b', queue: 'cases', name: SYNC }),
        newJob({ input: 'c', name: SYNC, delayMs: 60_000 }),
        newJob({ input: 'd 100% of order_7' }),
        newJob({ input: 'e 100 of orders7', priority: -1 }),
        newJob({ input: 'f', priority: -2 }),
      ])
      const worker = await given.worker()
      await worker.reserveOne()
      return pushed
    }

    test('by queue, name and status, and by all of them', async () => {
      await using given = await open()
      await six(given)

      expect(await inputs(given, {})).toHaveLength(6)
      expect(await inputs(given, { queue: 'cases' })).toEqual(['a', 'b'])
      expect(await inputs(given, { name: SYNC })).toEqual(['b', 'c'])
      expect(await inputs(given, { status: 'delayed' })).toEqual(['c'])
      expect(await inputs(given, { status: 'reserved' })).toEqual(['f'])
      expect(await inputs(given, { status: 'due' })).toHaveLength(4)
      expect(await inputs(given, { status: 'pending' })).toHaveLength(5)
      expect(await inputs(given, { queue: 'cases', name: SYNC, status: 'due' })).toEqual(['b'])
      expect(await inputs(given, { queue: 'cases', status: 'reserved' })).toEqual([])
    })

    test('by literal text of the payload', async () => {
      await using given = await open()
      await six(given)

      expect(await inputs(given, { search: '100% of order_7' })).toEqual(['d 100% of order_7'])
      expect(await inputs(given, { search: '100 of' })).toEqual(['e 100 of orders7'])
      expect(await inputs(given, { search: "'; drop table jobs; --" })).toEqual([])
    })

    test('by when they were made, whatever times are given', async () => {
      await using given = await open()
      const early = await given.job()
      given.clock.advance(10_000)
      const late = await given.job()
      const { createdAt } = (await given.store.get(late.id!))!
      const found = async (filter: JobFilter) => (await given.store.list(filter, { limit: 9 })).rows.map(({ id }) => id)
      expect(await found({ createdFrom: createdAt })).toEqual([late.id])
      expect(await found({ createdBefore: createdAt })).toEqual([early.id])
      // Beyond what a column of seconds may hold.
      const [year2038, year2500] = [2 ** 31 * 1_000, Date.UTC(2500)]
      expect(await found({ createdFrom: year2038 })).toEqual([])
      expect(await found({ createdFrom: year2500 })).toEqual([])
      expect(await found({ createdFrom: 0, createdBefore: year2500 })).toEqual([late.id, early.id])
    })

    test('by ids and uuids mixed, whatever else is wanted', async () => {
      await using given = await open()
      const [a, b, c] = await six(given)
      const refs = [a!.id as number, b!.uuid, c!.uuid, 999_999, newJob().uuid]

      expect(await inputs(given, { refs })).toEqual(['a', 'b', 'c'])
      expect(await inputs(given, { refs, queue: 'cases' })).toEqual(['a', 'b'])
    })

    test('an empty list of refs finds nothing, and changes and removes nothing', async () => {
      await using given = await open()
      await six(given)
      const rows = given.raw.jobRows()

      expect(await inputs(given, { refs: [] })).toEqual([])
      expect(await given.store.remove({ refs: [] }, EVERYTHING)).toMatchObject({ changed: 0 })
      expect(await given.store.change({ refs: [] }, { priority: 9 }, EVERYTHING)).toMatchObject({ changed: 0 })
      expect(given.raw.jobRows()).toEqual(rows)
    })

    test('by name finds a job that lost our columns, and no other', async () => {
      await using given = await open()
      given.raw.insertJob({ payload: newJob({ name: SYNC, input: 'ours' }).payload })
      given.raw.insertJob({ payload: newJob({ name: FETCH, input: 'other' }).payload })
      given.raw.insertJob({ payload: newJob({ name: 'Orders.Sync', input: 'case' }).payload })

      expect(await inputs(given, { name: SYNC })).toEqual(['ours'])
    })

    test('removing by name spares a job whose input speaks of that name', async () => {
      await using given = await open()
      given.raw.insertJob({
        payload: newJob({ name: FETCH, input: { displayName: SYNC, job: `faena@${SYNC}` } }).payload,
      })

      await given.store.remove({ name: SYNC }, EVERYTHING)

      expect(given.raw.jobRows()).toHaveLength(1)
    })
  })

  describe('paging', () => {
    async function pages(given: Given, page: Page, between: () => Promise<unknown>): Promise<StoredJob[]> {
      const rows: StoredJob[] = []
      for (let cursor: string | undefined; ; ) {
        const shown = await given.store.list({}, { ...page, cursor })
        expect(shown.rows.length).toBeLessThanOrEqual(page.limit)
        rows.push(...shown.rows)
        if (shown.next === null) return rows
        cursor = shown.next
        await between()
      }
    }

    test('goes through all rows, newest first unless asked otherwise', async () => {
      await using given = await open()
      const ids = (await given.store.push(newJobs(25))).map(({ id }) => id)

      const newest = await pages(given, { limit: 10 }, async () => {})
      const oldest = await pages(given, { limit: 10, order: 'oldest' }, async () => {})

      expect(oldest.map(({ id }) => id)).toEqual(ids)
      expect(newest.map(({ id }) => id)).toEqual(ids.reverse())
    })

    test('keeps within the ids that bound it, from either end', async () => {
      await using given = await open()
      const ids = (await given.store.push(newJobs(9))).map(({ id }) => id!)
      const within = { idAbove: ids[1]!, idBelow: ids[7]! }

      const newest = await given.store.list(within, { limit: 3 })
      const oldest = await given.store.list(within, { limit: 3, order: 'oldest' })

      expect(newest.rows.map(({ id }) => id)).toEqual([ids[6], ids[5], ids[4]])
      expect(oldest.rows.map(({ id }) => id)).toEqual([ids[2], ids[3], ids[4]])
    })

    test('ends with a full last page', async () => {
      await using given = await open()
      await given.store.push(newJobs(20))
      let turned = 0

      await pages(given, { limit: 10 }, async () => {
        turned += 1
      })

      expect(turned).toBe(1)
    })

    test.each(['newest', 'oldest'] as const)('neither skips nor repeats while rows come and go (%s)', async (order) => {
      await using given = await open()
      const pushed = await given.store.push(newJobs(200))
      const ids = pushed.map(({ id }) => id as number)
      const goes = (at: number) => at % 3 === 0
      const doomed = ids.filter((_, at) => goes(at))
      const worker = await given.worker()

      const rows = await pages(given, { limit: 7, order }, async () => {
        given.raw.deleteJob((order === 'newest' ? doomed.pop() : doomed.shift()) ?? 0)
        given.raw.deleteJob(doomed.splice(Math.floor(doomed.length / 2), 1)[0] ?? 0)
        await given.store.push(newJobs(3))
        await worker.reserve({ limit: 2 })
      })

      const shown = rows.map(({ id }) => id)
      expect(new Set(shown).size).toBe(shown.length)
      expect(shown).toEqual([...shown].sort((a, b) => (order === 'newest' ? b - a : a - b)))
      const throughout = ids.filter((_, at) => !goes(at))
      expect(throughout.filter((id) => !shown.includes(id))).toEqual([])
    })

    test('refuses a cursor that no page gave', async () => {
      await using given = await open()
      await expect(given.store.list({}, { limit: 1, cursor: 'x;drop' })).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
    })
  })

  describe('numbers', () => {
    test('jobs are counted by queue and state', async () => {
      await using given = await open()
      await given.store.push([...newJobs(3), newJob({ delayMs: 60_000 }), newJob({ queue: 'cases' })])
      given.raw.insertJob({ queue: 'php', payload: newJob({ name: null }).payload })
      const worker = await given.worker()
      await worker.reserve({ limit: 2 })

      expect(await given.store.counts()).toEqual([
        { queue: 'cases', due: 1, delayed: 0, reserved: 0 },
        { queue: 'default', due: 1, delayed: 1, reserved: 2 },
        { queue: 'php', due: 1, delayed: 0, reserved: 0 },
      ])
    })

    test('the oldest due job is the one that has been due for longest, in a queue that is not paused', async () => {
      await using given = await open()
      expect(await given.store.oldestDue()).toBeUndefined()
      await given.job({ queue: 'paused' })
      await given.store.pause('paused', null)
      await given.job({ delayMs: 3_600_000 })
      given.clock.advance(10_000)
      const { uuid } = await given.job({ queue: 'cases' })
      given.clock.advance(20_000)
      await given.job()

      const { availableAt } = (await given.store.get(uuid))!
      expect(await given.store.oldestDue()).toEqual({
        queue: 'cases',
        createdAt: availableAt,
        availableAt,
        ageMs: given.clock.now() - availableAt,
      })
    })

    test('bounds are the largest ids', async () => {
      await using given = await open()
      const pushed = await given.store.push(newJobs(3))
      const failed = given.raw.insertFailed({ uuid: newJob().uuid, payload: newJob().payload })

      expect(await given.store.bounds()).toEqual({ job: pushed[2]?.id, failed })
    })
  })

  describe('change', () => {
    test('alters what it is given and nothing else', async () => {
      await using given = await open()
      const { uuid } = await given.job({ priority: 4, delayMs: 60_000 })
      const other = await given.job()
      const before = (await given.store.get(uuid))!
      const untouched = await given.store.get(other.uuid)

      const done = await given.store.change({ refs: [uuid] }, { priority: -3 }, EVERYTHING)

      expect(done).toMatchObject({ changed: 1, skipped: 0 })
      expect(await given.store.get(uuid)).toEqual({ ...before, priority: -3 })
      expect(await given.store.get(other.uuid)).toEqual(untouched)
    })

    test('moves jobs to another queue, and their start', async () => {
      await using given = await open()
      const { uuid } = await given.job()
      const availableAt = Math.ceil(given.clock.now() / 1_000) * 1_000 + 5_000

      await given.store.change({}, { queue: 'cases', availableAt }, EVERYTHING)
      expect(await given.store.get(uuid)).toMatchObject({ queue: 'cases', availableAt, status: 'delayed' })

      await given.store.change({}, { delayMs: 0 }, EVERYTHING)
      const worker = await given.worker()
      expect(await worker.reserve({ queues: ['cases'] })).toHaveLength(1)
    })

    test('moved jobs run in their new order', async () => {
      await using given = await open()
      await given.store.push(newJobs(3, (at) => ({ input: at })))
      const worker = await given.worker()

      await given.store.change({ search: '"data":2' }, { priority: -1 }, EVERYTHING)

      expect((await worker.reserve()).map(inputOf)).toEqual([2, 0, 1])
    })

    test('leaves jobs that run as they are', async () => {
      await using given = await open()
      await given.store.push(newJobs(3))
      const worker = await given.worker()
      const running = await worker.reserveOne()
      const before = await given.store.get(running.id)

      const done = await given.store.change({}, { delayMs: 60_000, priority: 5, queue: 'later' }, EVERYTHING)

      expect(done).toMatchObject({ changed: 2, skipped: 1 })
      expect(await given.store.get(running.id)).toEqual(before)
      expect((await worker.complete(running)).applied).toEqual([running.id])
    })

    test('goes through many jobs in chunks, below its bound', async () => {
      await using given = await open()
      await given.store.push(newJobs(95))
      const { job: upTo } = await given.store.bounds()
      await given.store.push(newJobs(5))

      const done = await inChunks((chunk) => given.store.change({}, { queue: 'moved' }, chunk), { limit: 10, upTo })

      expect(done).toMatchObject({ changed: 95, skipped: 0 })
      expect(await given.store.counts()).toMatchObject([
        { queue: 'default', due: 5 },
        { queue: 'moved', due: 95 },
      ])
    })
  })

  describe('remove', () => {
    test('takes the jobs of a filter for good, and leaves the others and the failed ones', async () => {
      await using given = await open()
      await given.store.push([...newJobs(3, () => ({ queue: 'cases' })), newJob({ queue: 'other' })])
      given.raw.insertFailed({ uuid: newJob().uuid, payload: newJob().payload, queue: 'cases' })

      const done = await given.store.remove({ queue: 'cases' }, EVERYTHING)

      expect(done).toMatchObject({ changed: 3, skipped: 0 })
      expect(given.raw.jobRows().map(({ queue }) => queue)).toEqual(['other'])
      expect(given.raw.failedRows()).toHaveLength(1)
    })

    test('takes running jobs too: their worker is told, and its late outcome is lost', async () => {
      await using given = await open()
      await given.job()
      const worker = await given.worker()
      const job = await worker.reserveOne()

      await given.store.remove({ refs: [job.id] }, EVERYTHING)

      expect((await worker.beat([job])).gone).toEqual([job.id])
      expect((await worker.fail(job)).lost).toEqual([job.id])
      expect(given.raw.failedRows()).toEqual([])
    })

    test('goes through many jobs in chunks, below its bound', async () => {
      await using given = await open()
      await given.store.push(newJobs(95))
      const { job: upTo } = await given.store.bounds()
      const later = await given.store.push(newJobs(5))

      const done = await inChunks((chunk) => given.store.remove({ queue: 'default' }, chunk), { limit: 10, upTo })

      expect(done.changed).toBe(95)
      expect(given.raw.jobRows().map(({ id }) => id)).toEqual(later.map(({ id }) => id))
    })
  })
})
