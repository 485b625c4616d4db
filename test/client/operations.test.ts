import { expect, test } from 'vitest'
import { type Admin, createAdmin } from '../../src/client/admin.ts'
import { OperationRunner } from '../../src/client/operations.ts'
import { FaenaError } from '../../src/core/errors.ts'
import type { Store } from '../../src/store.ts'
import { newJob } from '../support/jobs.ts'
import { openMemory } from '../support/memory-harness.ts'
import { eachStore, type Given } from '../support/suite.ts'

const LEASE = 15_000

function fail(given: Given, count: number, queue = 'netsuite'): number[] {
  return Array.from({ length: count }, () => {
    const { uuid, payload } = newJob()
    return given.raw.insertFailed({ uuid, payload, queue })
  })
}

/** The store, telling of each chunk of a bulk retry before it is done. */
function told(store: Store, onChunk: (chunk: number) => unknown): Store {
  let chunks = 0
  return {
    ...store,
    async retry(filter, chunk) {
      chunks += 1
      await onChunk(chunks)
      return store.retry(filter, chunk)
    },
  }
}

/** Resolves once the operation has ended, without looking at the clock: the runner tells of each step. */
function runnerOf(
  store: Store,
  options: { chunk?: number; leaseMs?: number; onError?: (error: unknown) => void } = {},
) {
  let progress = () => {}
  const runner = new OperationRunner({ store, chunk: 10, pollMs: 50, onProgress: () => progress(), ...options })
  const ended = async (admin: Admin, id: number) => {
    for (;;) {
      const more = new Promise<void>((resolve) => {
        progress = resolve
      })
      const operation = await admin.operation(id)
      if (operation.endedAt !== null) return operation
      await more
    }
  }
  return { runner, ended }
}

eachStore('operations', (open) => {
  test('retry everything that had failed when they began, and say how far they are', async () => {
    await using given = await open()
    const admin = createAdmin(given)
    fail(given, 35)
    const begun = await admin.startOperation('retry', {}, { subject: 'ana' })
    fail(given, 2)
    const { runner, ended } = runnerOf(given.store)

    expect(begun).toMatchObject({ state: 'pending', kind: 'retry', total: 35, done: 0, subject: 'ana', narrowing: {} })
    runner.start()
    const operation = await ended(admin, begun.id)
    await runner.stop()

    expect(operation).toMatchObject({ state: 'done', changed: 35, skipped: 0, done: 35, error: null })
    expect(given.raw.failedRows()).toHaveLength(2)
    expect(given.raw.jobRows()).toHaveLength(35)
  })

  test('never retry twice what failed again meanwhile', async () => {
    await using given = await open()
    const [first] = fail(given, 30)
    const uuid = given.raw.failedRows().find(({ id }) => id === first)!.uuid
    // The first job runs and fails again while the operation is at its second chunk.
    const store = told(given.store, (chunk) => {
      if (chunk !== 2) return
      const row = given.raw.jobRows().find(({ payload }) => payload.includes(uuid))!
      given.raw.deleteJob(row.id)
      given.raw.insertFailed({ uuid, payload: row.payload })
    })
    const admin = createAdmin({ store })
    const { id } = await admin.startOperation('retry', {}, { subject: 'ana' })
    const { runner, ended } = runnerOf(store)
    runner.start()

    expect(await ended(admin, id)).toMatchObject({ state: 'done', changed: 30 })
    await runner.stop()
    expect(given.raw.failedRows().map((row) => row.uuid)).toEqual([uuid])
    expect(given.raw.jobRows()).toHaveLength(29)
  })

  test('are carried on by another process once the lease of the first one has ended', async () => {
    await using given = await open()
    const admin = createAdmin(given)
    fail(given, 40)
    const { id } = await admin.startOperation('forget', {}, { subject: 'ana' })
    // A process that took it, did a chunk and died before it said so.
    const taken = (await given.store.takeOperation('dead', LEASE))!
    await given.store.removeFailed({}, { limit: 10, upTo: taken.upTo })
    const { runner, ended } = runnerOf(await given.second())
    runner.start()
    expect(await admin.operation(id)).toMatchObject({ state: 'running', done: 0 })

    given.clock.advance(LEASE)

    // The chunk it did not tell of is counted by nobody.
    expect(await ended(admin, id)).toMatchObject({ state: 'done', changed: 30 })
    await runner.stop()
    expect(given.raw.failedRows()).toEqual([])
  })

  test('are let go of by a process that stops, and taken at once by the next', async () => {
    await using given = await open()
    fail(given, 40)
    const first = runnerOf(
      told(given.store, (chunk) => {
        if (chunk === 2) void first.runner.stop()
      }),
    )
    const admin = createAdmin(given)
    const { id } = await admin.startOperation('retry', {}, { subject: 'ana' })
    first.runner.start()
    await new Promise<void>((resolve) => {
      const look = async () => ((await admin.operation(id)).changed >= 20 ? resolve() : setTimeout(look, 5))
      void look()
    })
    await first.runner.stop()
    expect(await admin.operation(id)).toMatchObject({ state: 'running', changed: 20 })

    const next = runnerOf(await given.second())
    next.runner.start()

    expect(await next.ended(admin, id)).toMatchObject({ state: 'done', changed: 40 })
    await next.runner.stop()
    expect(given.raw.jobRows()).toHaveLength(40)
  })

  test('are carried out at once where that is asked for, and answer what they did', async () => {
    await using given = await open()
    const admin = createAdmin(given)
    fail(given, 150)
    fail(given, 5, 'other')

    const run = await admin.runOperation('retry', { queue: 'netsuite' }, { subject: 'ana' })

    expect(run).toMatchObject({ changed: 150, skipped: 0, ended: true })
    expect(await admin.operation(run.id)).toMatchObject({ state: 'done', changed: 150, subject: 'ana' })
    expect(given.raw.failedRows()).toHaveLength(5)
  })

  test('that were carried out at once by a process that died are done to their end by another', async () => {
    await using given = await open()
    fail(given, 150)
    let reached = () => {}
    const second = new Promise<void>((resolve) => {
      reached = resolve
    })
    const dying = told(given.store, (chunk) => {
      if (chunk === 1) return
      reached()
      return new Promise(() => {})
    })
    void createAdmin({ store: dying }).runOperation('retry', {}, { subject: 'ana' })
    await second
    fail(given, 1)
    const admin = createAdmin(given)
    const { rows } = await admin.operations()
    expect(rows).toMatchObject([{ state: 'running', changed: 100 }])
    const { runner, ended } = runnerOf(await given.second())
    runner.start()

    given.clock.advance(LEASE)

    expect(await ended(admin, rows[0]!.id)).toMatchObject({ state: 'done', changed: 150 })
    await runner.stop()
    expect(given.raw.failedRows()).toHaveLength(1)
  })

  test('that were carried out at once go on by themselves where the store failed meanwhile', async () => {
    await using given = await open()
    fail(given, 150)
    const troubles: unknown[] = []
    const store = told(given.store, (chunk) => {
      if (chunk === 2) throw new Error('the server went away')
    })
    const admin = createAdmin({ store })
    const stop = admin.carryOn({ onError: (error) => troubles.push(error) })
    const done = new Promise<void>((resolve) => {
      admin.feed.subscribe((event) => {
        if (event.type !== 'operation') return
        void admin.operation(event.data.id).then(({ state }) => state === 'done' && resolve())
      })
    })

    const run = await admin.runOperation('retry', {}, { subject: 'ana' })

    expect(run).toMatchObject({ changed: 100, skipped: 0, ended: false })
    await done
    await stop()
    expect(given.raw.jobRows()).toHaveLength(150)
    expect(troubles.map(String)).toEqual(['Error: the server went away'])
  })

  test('end after the chunk under way when they are cancelled; what is done stays done', async () => {
    await using given = await open()
    fail(given, 50)
    const admin = createAdmin(given)
    const store = told(given.store, async (chunk) => {
      if (chunk === 3) await admin.cancelOperation(id)
    })
    const { id } = await admin.startOperation('retry', {}, { subject: 'ana' })
    const { runner, ended } = runnerOf(store)
    runner.start()

    expect(await ended(admin, id)).toMatchObject({ state: 'cancelled' })
    await runner.stop()

    expect(given.raw.failedRows()).toHaveLength(20)
    expect(await admin.operation(id)).toMatchObject({ state: 'cancelled', changed: 30 })
    await expect(admin.cancelOperation(id)).rejects.toThrow(`Operation ${id} has ended already: cancelled`)
    await expect(admin.cancelOperation(99)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('go on after trouble with the store', async () => {
    await using given = await open()
    fail(given, 30)
    const troubles: unknown[] = []
    const store = told(given.store, (chunk) => {
      if (chunk === 2) throw new Error('the server went away')
    })
    const admin = createAdmin({ store })
    const { id } = await admin.startOperation('retry', {}, { subject: 'ana' })
    const { runner, ended } = runnerOf(store, { onError: (error) => troubles.push(error) })
    runner.start()

    expect(await ended(admin, id)).toMatchObject({ state: 'done', changed: 30 })
    await runner.stop()
    expect(troubles.map(String)).toEqual(['Error: the server went away'])
  })

  test('keep to a rate, and to what they were narrowed to', async () => {
    await using given = await open()
    const admin = createAdmin(given)
    fail(given, 30)
    fail(given, 5, 'other')
    const narrowing = { queue: 'netsuite', jobClass: 'cases.fetch' }
    const { id } = await admin.startOperation('retry', narrowing, { subject: 'ana', ratePerSecond: 100 })
    const began = performance.now()
    const stop = admin.carryOn()
    await new Promise<void>((resolve) => {
      const off = admin.feed.subscribe((event) => {
        if (event.type !== 'operation') return
        void admin.operation(id).then(({ endedAt }) => {
          if (endedAt === null) return
          off()
          resolve()
        })
      })
    })
    await stop()

    expect(await admin.operation(id)).toMatchObject({ state: 'done', changed: 30, narrowing, ratePerSecond: 100 })
    // Three chunks of ten: the third may not begin before the first two had their time.
    expect(performance.now() - began).toBeGreaterThan(190)
    expect(given.raw.failedRows()).toHaveLength(5)
    const starting = admin.startOperation('retry', {}, { subject: 'ana', ratePerSecond: 0 })
    await expect(starting).rejects.toThrow('ratePerSecond is 0; allowed: a number above 0')
  })
})

test('an operation whose look for jobs is ended again and again is given up before it has cost much, and says why', async () => {
  const { store } = await openMemory()
  const admin = createAdmin({ store })
  let looks = 0
  const slow: Store = {
    ...store,
    async retry() {
      looks += 1
      throw new FaenaError('READ_TIMED_OUT', 'ended a read')
    },
  }
  const begun = await admin.startOperation('retry', {}, { subject: 'ana' })
  const { runner, ended } = runnerOf(slow)
  runner.start()

  const operation = await ended(admin, begun.id)

  await runner.stop()
  expect(operation).toMatchObject({ state: 'failed', error: expect.stringContaining('ended a read') })
  expect(looks).toBe(3)
})

test('an operation whose look takes longer than its lease stays with its process, also when the look is ended', async () => {
  const { store } = await openMemory()
  const admin = createAdmin({ store })
  const leaseMs = 90
  let renewals = 0
  let looks = 0
  const slow: Store = {
    ...store,
    reportOperation: (...report) => {
      renewals += 1
      return store.reportOperation(...report)
    },
    async retry() {
      looks += 1
      // Two leases long, as those who renew it count them.
      const wanted = renewals + 6
      while (renewals < wanted) await new Promise((resolve) => setTimeout(resolve, 5))
      throw new FaenaError('READ_TIMED_OUT', 'ended a read')
    },
  }
  let taken = 0
  const other: Store = {
    ...store,
    async takeOperation(...asked) {
      const operation = await store.takeOperation(...asked)
      if (operation !== undefined) taken += 1
      return operation
    },
  }
  const begun = await admin.startOperation('retry', {}, { subject: 'ana' })
  const { runner, ended } = runnerOf(slow, { leaseMs })
  runner.start()
  await expect.poll(() => looks).toBe(1)
  const beside = runnerOf(other, { leaseMs }).runner
  beside.start()

  const operation = await ended(admin, begun.id)

  await Promise.all([runner.stop(), beside.stop()])
  expect(operation).toMatchObject({ state: 'failed' })
  expect({ looks, taken }).toEqual({ looks: 3, taken: 0 })
})

test('looks that were ended and other failures are counted apart', async () => {
  const { store } = await openMemory()
  const admin = createAdmin({ store })
  const failures = ['STORE_UNAVAILABLE', 'STORE_UNAVAILABLE', 'READ_TIMED_OUT', 'READ_TIMED_OUT'] as const
  const left = [...failures]
  const failing: Store = {
    ...store,
    async retry(filter, chunk) {
      const code = left.shift()
      if (code !== undefined) throw new FaenaError(code, 'no')
      return store.retry(filter, chunk)
    },
  }
  const begun = await admin.startOperation('retry', {}, { subject: 'ana' })
  const { runner, ended } = runnerOf(failing)
  runner.start()

  expect(await ended(admin, begun.id)).toMatchObject({ state: 'done' })
  await runner.stop()
}, 30_000)

test('a late renewal of the lease does not take back what a chunk has reported', async () => {
  const { store, raw } = await openMemory()
  const admin = createAdmin({ store })
  const { uuid, payload } = newJob()
  raw.insertFailed({ uuid, payload })
  const written: number[] = []
  const renewing = Promise.withResolvers<void>()
  const slow: Store = {
    ...store,
    async reportOperation(id, fence, progress, leaseMs) {
      const { changed } = progress
      if (changed === 0) {
        renewing.resolve()
        await new Promise((resolve) => setTimeout(resolve, 60))
      }
      written.push(changed)
      return store.reportOperation(id, fence, progress, leaseMs)
    },
    async retry(filter, chunk) {
      await renewing.promise
      return store.retry(filter, chunk)
    },
  }
  const begun = await admin.startOperation('retry', {}, { subject: 'ana' })
  const { runner, ended } = runnerOf(slow, { leaseMs: 300 })
  runner.start()

  expect(await ended(admin, begun.id)).toMatchObject({ state: 'done', changed: 1 })
  await runner.stop()
  expect(written).toEqual([0, 1])
})
