import { describe, expect, test } from 'vitest'
import type { UniqueKey } from '../../src/store.ts'
import { failure, inputOf, type JobWish, newJob, uuidOf } from '../support/jobs.ts'
import { eachStore, type Given } from '../support/suite.ts'
import { ended, LEASE, type TestWorker } from '../support/worker.ts'

const KEY = 'cases.fetch:case:1'

/** A job with the key that most cases are about. */
function keyed(unique: Partial<UniqueKey> = {}, wish: JobWish = {}): JobWish {
  return { ...wish, unique: { key: KEY, ...unique } }
}

eachStore('unique', (open) => {
  describe('a taken key', () => {
    test('skips the second job and names the first', async () => {
      await using given = await open()
      const first = await given.job(keyed())

      const second = await given.job(keyed())

      expect(second).toEqual({ outcome: 'skipped', uuid: first.uuid, id: first.id })
      expect(given.raw.jobRows()).toHaveLength(1)
    })

    test('gives the waiting job the new input, and all that the new dispatch says, but not its identity', async () => {
      await using given = await open()
      const first = await given.job(keyed({}, { input: { version: 1 }, delayMs: 60_000 }))

      const second = await given.job(
        keyed({ onTaken: 'replace' }, { input: { version: 2 }, queue: 'urgent', priority: -1, maxAttempts: 9 }),
      )

      expect(second).toEqual({ outcome: 'replaced', uuid: first.uuid, id: first.id })
      const stored = await given.store.get(first.uuid)
      expect(stored).toMatchObject({ id: first.id, queue: 'urgent', priority: -1, maxAttempts: 9, status: 'due' })
      expect(inputOf(stored as { payload: string })).toEqual({ version: 2 })
      expect(uuidOf(stored as { payload: string })).toBe(first.uuid)
      expect(given.raw.jobRows()).toHaveLength(1)
    })

    test('moves the start of the waiting job and keeps its input', async () => {
      await using given = await open()
      const first = await given.job(keyed({}, { input: { version: 1 }, delayMs: 10_000 }))
      given.clock.advance(8_000)

      const second = await given.job(keyed({ onTaken: 'pushBack' }, { input: { version: 2 }, delayMs: 10_000 }))

      expect(second).toEqual({ outcome: 'pushedBack', uuid: first.uuid, id: first.id })
      const stored = await given.store.get(first.uuid)
      expect(inputOf(stored as { payload: string })).toEqual({ version: 1 })
      expect(stored?.availableAt).toBe(Math.ceil((given.clock.now() + 10_000) / 1_000) * 1_000)
    })

    test('gives a job that had failed before all its tries again with its new input', async () => {
      await using given = await open()
      const first = await given.job(keyed())
      const worker = await given.worker()
      await worker.settle([ended(await worker.reserveOne(), { kind: 'retry', delayMs: 0 })])

      await given.job(keyed({ onTaken: 'replace' }))

      expect(await given.store.get(first.uuid)).toMatchObject({ attempts: 0 })
    })

    test.each(['skip', 'replace', 'pushBack'] as const)('never alters a job that runs (%s)', async (onTaken) => {
      await using given = await open()
      const first = await given.job(keyed())
      const worker = await given.worker()
      await worker.reserveOne()
      const running = given.raw.jobRows()

      const second = await given.job(keyed({ onTaken }, { input: { version: 2 }, delayMs: 5_000 }))

      expect(second).toEqual({ outcome: 'skipped', uuid: first.uuid, id: first.id })
      expect(given.raw.jobRows()).toEqual(running)
    })

    test('holds within one push too: the first job has it', async () => {
      await using given = await open()
      const jobs = [newJob(keyed()), newJob(), newJob(keyed())]

      const pushed = await given.store.push(jobs)

      expect(pushed.map(({ outcome }) => outcome)).toEqual(['dispatched', 'dispatched', 'skipped'])
      expect(pushed[2]).toEqual({ ...pushed[0], outcome: 'skipped' })
    })

    test('is taken by one of many who push at the same moment', async () => {
      await using given = await open()
      const connections = [given.store, await given.second()]

      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, at) => connections[at % 2]!.push([newJob(keyed())])),
      )

      const pushed = answers.flat()
      expect(pushed.filter(({ outcome }) => outcome === 'dispatched')).toHaveLength(1)
      expect(new Set(pushed.map(({ uuid }) => uuid)).size).toBe(1)
      expect(given.raw.jobRows()).toHaveLength(1)
    })

    test('is another for every other text', async () => {
      await using given = await open()
      await given.job(keyed())

      const other = await given.job({ unique: { key: 'cases.fetch:case:2' } })
      const keyless = await given.job()

      expect([other.outcome, keyless.outcome]).toEqual(['dispatched', 'dispatched'])
    })
  })

  const endings: Record<string, (given: Given, worker: TestWorker) => Promise<unknown>> = {
    'it completed': async (_, worker) => worker.complete(await worker.reserveOne()),
    'it failed': async (_, worker) => worker.fail(await worker.reserveOne()),
    'it was cancelled': async (_, worker) => worker.settle([ended(await worker.reserveOne(), { kind: 'cancelled' })]),
    'it was removed while it waited': async ({ store }) => store.remove({}, { limit: 10, upTo: 1_000 }),
    'it was removed while it ran': async ({ store }, worker) => {
      await worker.reserveOne()
      await store.remove({ queue: 'default' }, { limit: 10, upTo: 1_000 })
    },
    'its row vanished': async ({ raw }) => raw.deleteAllJobs(),
    'its row vanished while it ran': async ({ raw }, worker) => {
      await worker.reserveOne()
      raw.deleteAllJobs()
    },
  }

  describe.each(['ended', 'processing'] as const)('a key until %s', (until) => {
    test.each(Object.entries(endings))('is free again when %s', async (_, end) => {
      await using given = await open()
      await given.job(keyed({ until }))
      await end(given, await given.worker())

      const next = await given.job(keyed({ until }))

      expect(next.outcome).toBe('dispatched')
      expect(await given.job(keyed({ until }))).toMatchObject({ outcome: 'skipped', uuid: next.uuid })
    })
  })

  const returns: Record<string, (given: Given, worker: TestWorker) => Promise<unknown>> = {
    'it waits for its next attempt': async (_, worker) =>
      worker.settle([ended(await worker.reserveOne(), { kind: 'retry', delayMs: 0 })]),
    'it was released': async (_, worker) =>
      worker.settle([ended(await worker.reserveOne(), { kind: 'released', delayMs: 0 })]),
    'its worker gave it back': async ({ store }, worker) => {
      await worker.reserveOne()
      await store.deregister(worker.id)
    },
    'its worker was lost': async (given, worker) => {
      await worker.reserveOne()
      given.clock.advance(LEASE)
      await given.reclaimAll()
    },
  }

  describe('a key until ended', () => {
    test.each(Object.entries(returns))('stays held while %s', async (_, giveBack) => {
      await using given = await open()
      const first = await given.job(keyed())
      await giveBack(given, await given.worker())

      const second = await given.job(keyed())

      expect(second).toMatchObject({ outcome: 'skipped', uuid: first.uuid })
    })

    test('is held no longer than it says', async () => {
      await using given = await open()
      const first = await given.job(keyed({ forMs: 60_000 }))
      given.clock.advance(59_999)
      expect((await given.job(keyed())).outcome).toBe('skipped')
      given.clock.advance(1)

      const second = await given.job(keyed())

      expect(second.outcome).toBe('dispatched')
      expect(second.uuid).not.toBe(first.uuid)
    })

    test('is not freed by a job that lost it to another', async () => {
      await using given = await open()
      await given.job(keyed({ forMs: 1_000 }))
      const worker = await given.worker()
      const running = await worker.reserveOne()
      given.clock.advance(1_000)
      const second = await given.job(keyed())

      await worker.complete(running)

      expect(await given.job(keyed())).toMatchObject({ outcome: 'skipped', uuid: second.uuid })
    })

    test('is taken again by a retry of the failed job', async () => {
      await using given = await open()
      const first = await given.job(keyed())
      const worker = await given.worker()
      await worker.fail(await worker.reserveOne())

      await given.store.retry({}, { limit: 10, upTo: 1_000 })

      expect(await given.job(keyed())).toMatchObject({ outcome: 'skipped', uuid: first.uuid })
      await worker.complete(await worker.reserveOne())
      expect((await given.job(keyed())).outcome).toBe('dispatched')
    })

    test('that another job holds meanwhile leaves the failed job where it is', async () => {
      await using given = await open()
      await given.job(keyed())
      const worker = await given.worker()
      await worker.fail(await worker.reserveOne())
      const second = await given.job(keyed())

      const done = await given.store.retry({}, { limit: 10, upTo: 1_000 })

      expect(done).toMatchObject({ changed: 0, skipped: 1 })
      expect(await given.store.countFailed()).toBe(1)
      expect(given.raw.jobRows().map(uuidOf)).toEqual([second.uuid])
    })
  })

  describe('a key until processing', () => {
    test('is free as soon as a worker takes the job up', async () => {
      await using given = await open()
      const first = await given.job(keyed({ until: 'processing' }))
      expect((await given.job(keyed({ until: 'processing' }))).outcome).toBe('skipped')
      const worker = await given.worker()
      await worker.reserveOne()

      const second = await given.job(keyed({ until: 'processing' }))

      expect(second.outcome).toBe('dispatched')
      expect(second.uuid).not.toBe(first.uuid)
    })

    test('stays with the second job when the first ends', async () => {
      await using given = await open()
      await given.job(keyed({ until: 'processing' }))
      const worker = await given.worker()
      const running = await worker.reserveOne()
      const second = await given.job(keyed({ until: 'processing' }))

      await worker.settle([ended(running, { kind: 'failed', failure: failure(running) })])

      expect(await given.job(keyed({ until: 'processing' }))).toMatchObject({ outcome: 'skipped', uuid: second.uuid })
    })
  })

  describe('a key for a window', () => {
    const window = keyed({ until: 'window', forMs: 60_000 })

    test.each(Object.entries(endings))('stays held when %s', async (how, end) => {
      await using given = await open()
      const first = await given.job({
        ...window,
        unique: { ...window.unique!, forMs: 600_000 },
        maxAttempts: how.includes('single') ? 1 : 3,
      })
      await end(given, await given.worker())

      for (const onTaken of ['skip', 'replace', 'pushBack'] as const) {
        const next = await given.job({ unique: { ...window.unique!, onTaken } })
        expect(next).toMatchObject({ outcome: 'skipped', uuid: first.uuid })
      }
    })

    test('is free when its time is over, though its job still waits', async () => {
      await using given = await open()
      await given.job({ ...window, delayMs: 3_600_000 })
      given.clock.advance(59_999)
      expect((await given.job(window)).outcome).toBe('skipped')
      given.clock.advance(1)

      expect((await given.job(window)).outcome).toBe('dispatched')
      expect(given.raw.jobRows()).toHaveLength(2)
    })
  })
})
