import { describe, expect, test } from 'vitest'
import { newJob } from '../support/jobs.ts'
import { eachStore } from '../support/suite.ts'
import { LEASE } from '../support/worker.ts'

eachStore('fleet', (open) => {
  test('the list shows who lives, as it described itself and as its last beat said', async () => {
    await using given = await open()
    const gone = await given.worker()
    await given.store.deregister(gone.id)
    await given.worker({ leaseMs: 1_000 })
    const startedAt = given.clock.now()
    const worker = await given.worker({
      name: 'imports',
      queues: ['imports', 'default'],
      names: ['cases.fetch', 'ñandú'],
      concurrency: 4,
      pid: 99,
    })
    given.clock.advance(2_000)

    await given.store.heartbeat({
      worker: worker.id,
      leaseMs: LEASE,
      running: 3,
      memoryBytes: 1_234,
      state: 'quiet',
      held: [],
    })

    expect(await given.store.workers()).toEqual([
      {
        id: worker.id,
        name: 'imports',
        host: 'web-1',
        pid: 99,
        version: '0.1.0',
        queues: ['imports', 'default'],
        names: ['cases.fetch', 'ñandú'],
        concurrency: 4,
        running: 3,
        memoryBytes: 1_234,
        state: 'quiet',
        startedAt,
        beatAt: given.clock.now(),
        leaseUntil: given.clock.now() + LEASE,
      },
    ])
  })

  test('a worker that does not tell what it has handlers for is no worker without handlers', async () => {
    await using given = await open()
    await given.worker()
    await given.worker({ names: [] })

    expect((await given.store.workers()).map(({ names }) => names)).toEqual([null, []])
  })

  describe('a command', () => {
    test('reaches its worker with the next beat, once', async () => {
      await using given = await open()
      const [one, other] = [await given.worker(), await given.worker()]

      expect(await given.store.command(one.id, 'quiet')).toBe(1)

      expect((await other.beat()).command).toBeNull()
      expect((await one.beat()).command).toBe('quiet')
      expect((await one.beat()).command).toBeNull()
    })

    test('without an address reaches all who live now', async () => {
      await using given = await open()
      const [one, other] = [await given.worker(), await given.worker()]
      await given.worker({ leaseMs: 1 })
      given.clock.advance(1)

      expect(await given.store.command(null, 'restart')).toBe(2)

      const later = await given.worker()
      expect([(await one.beat()).command, (await other.beat()).command]).toEqual(['restart', 'restart'])
      expect((await later.beat()).command).toBeNull()
    })

    test('reaches nobody where there is nobody', async () => {
      await using given = await open()
      const worker = await given.worker()
      given.clock.advance(LEASE)

      expect(await given.store.command(worker.id, 'stop')).toBe(0)
      expect(await given.store.command(999, 'stop')).toBe(0)
    })

    test('that comes after another is the one that counts', async () => {
      await using given = await open()
      const worker = await given.worker()
      await given.store.command(worker.id, 'quiet')
      await given.store.command(worker.id, 'stop')

      expect((await worker.beat()).command).toBe('stop')
    })
  })

  describe('listen', () => {
    test('wakes whoever waits when a job is pushed', async ({ skip }) => {
      await using given = await open()
      if (!given.store.listen) skip('this store gives no hints')
      const { promise, resolve } = Promise.withResolvers<void>()
      const end = given.store.listen?.(resolve)

      await given.store.push([newJob()])

      await promise
      end?.()
    })

    test('that throws neither makes the push reject nor keeps the others asleep', async ({ skip }) => {
      await using given = await open()
      if (!given.store.listen) skip('this store gives no hints')
      const { promise, resolve } = Promise.withResolvers<void>()
      const ends = [
        given.store.listen?.(() => {
          throw new Error('a mistake of the application')
        }),
        given.store.listen?.(resolve),
      ]

      await given.store.push([newJob()])

      await promise
      for (const end of ends) end?.()
    })
  })
})
