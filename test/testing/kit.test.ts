import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { handle } from '../../src/core/handler.ts'
import { defineJob } from '../../src/core/job.ts'
import { memoryStore } from '../../src/stores/memory/store.ts'
import { drain, fakeClock, fakeQueue, jobFactory } from '../../src/testing/index.ts'
import { eachStore } from '../support/suite.ts'

const fetchCase = defineJob({
  name: 'cases.fetch',
  input: z.object({ caseId: z.number() }),
  queue: 'cases',
  backoff: '10s',
})
const syncOrder = defineJob({
  name: 'orders.sync',
  input: z.object({ orderId: z.number() }),
  unique: ({ orderId }) => `order:${orderId}`,
})

describe('the fake queue', () => {
  test('remembers what was dispatched, with its input and options', async () => {
    const queue = fakeQueue()

    await queue.dispatch(fetchCase, { caseId: 7 }, { delay: '5m', tx: {} })

    queue.assertDispatched(fetchCase)
    queue.assertDispatched(fetchCase, { caseId: 7 })
    queue.assertDispatched(fetchCase, ({ caseId }, { options }) => caseId === 7 && options.delay === '5m')
    queue.assertDispatchedTimes(fetchCase, 1)
    queue.assertNotDispatched(fetchCase, { caseId: 8 })
    queue.assertNotDispatched(syncOrder)
    expect(queue.dispatched(fetchCase)[0]?.input.caseId).toBe(7)
  })

  test('a failed assertion says what was dispatched instead', async () => {
    const queue = fakeQueue()
    await queue.dispatchMany(syncOrder, [{ orderId: 1 }, { orderId: 2 }])

    expect(() => queue.assertDispatched(fetchCase, { caseId: 7 })).toThrow(
      'Job cases.fetch was not dispatched with {"caseId":7}. Dispatched:\n  orders.sync {"orderId":1}\n  orders.sync {"orderId":2}',
    )
    expect(() => queue.assertDispatchedTimes(syncOrder, 3)).toThrow('Job orders.sync was dispatched 2 times and not 3')
    expect(() => queue.assertNotDispatched(syncOrder)).toThrow('Job orders.sync was dispatched.')
    expect(() => queue.assertNothingDispatched()).toThrow('Jobs were dispatched')
  })

  test('refuses an input as the real queue does, and remembers nothing of it', async () => {
    const queue = fakeQueue()

    await expect(queue.dispatch(fetchCase, { caseId: '7' as never })).rejects.toMatchObject({ code: 'INVALID_INPUT' })

    queue.assertNothingDispatched()
  })

  test('a dispatch that its unique key held off does not count', async () => {
    const queue = fakeQueue()
    await queue.dispatch(syncOrder, { orderId: 1 })

    expect((await queue.dispatch(syncOrder, { orderId: 1 })).outcome).toBe('skipped')

    queue.assertDispatchedTimes(syncOrder, 1)
  })

  test('runs what was dispatched when the test says so, and its result can be waited for', async () => {
    const counted = defineJob({ name: 'cases.count', input: z.object({ of: z.number() }), keepResult: '1h' })
    const queue = fakeQueue()
    const dispatched = await queue.dispatch(counted, { of: 3 })

    const drained = await drain(queue, [handle(counted, ({ input }) => ({ pages: input.of * 2 }))])

    expect(drained).toMatchObject({ completed: 1, failed: 0 })
    expect(await queue.wait(dispatched)).toEqual({ status: 'completed', result: { pages: 6 } })
  })

  test('forgets all on reset', async () => {
    const queue = fakeQueue()
    await queue.dispatch(fetchCase, { caseId: 1 })

    await queue.reset()

    queue.assertNothingDispatched()
    expect(await queue.store.counts()).toEqual([])
  })
})

describe('drain', () => {
  test('runs what is due, one after another, and leaves what must wait', async () => {
    const queue = fakeQueue()
    const order: number[] = []
    await queue.dispatch(fetchCase, { caseId: 3 }, { delay: '1h' })
    await queue.dispatchMany(fetchCase, [{ caseId: 1 }, { caseId: 2 }])

    const drained = await drain(queue, [handle(fetchCase, ({ input }) => void order.push(input.caseId))])

    expect(order).toEqual([1, 2])
    expect(drained.completed).toBe(2)
    expect(await queue.store.counts()).toEqual([{ queue: 'cases', due: 0, delayed: 1, reserved: 0 }])
  })

  test('with the clock, goes through delays and retries to the end', async () => {
    const queue = fakeQueue()
    const began = queue.clock()
    let attempts = 0
    await queue.dispatch(fetchCase, { caseId: 1 }, { delay: '1h' })

    const failing = handle(fetchCase, () => {
      attempts += 1
      throw new Error('no route to host')
    })
    const drained = await drain(queue, [failing], { clock: queue.clock })

    expect(attempts).toBe(3)
    expect(drained).toMatchObject({ completed: 0, retried: 2, failed: 1 })
    expect(drained.errors).toHaveLength(3)
    expect(queue.clock() - began).toBe(3_600_000 + 20_000)
    expect((await queue.store.listFailed({}, { limit: 1 })).rows).toHaveLength(1)
  })

  test('takes only the queue it is given, and only jobs it has handlers for', async () => {
    const queue = fakeQueue()
    await queue.dispatch(fetchCase, { caseId: 1 })
    await queue.dispatch(fetchCase, { caseId: 2 }, { queue: 'other' })
    await queue.dispatch(syncOrder, { orderId: 3 }, { queue: 'cases' })

    const drained = await drain(queue, [handle(fetchCase, () => {})], { queue: 'cases' })

    expect(drained.completed).toBe(1)
    expect((await queue.store.counts()).map(({ queue: name, due }) => [name, due])).toEqual([
      ['cases', 1],
      ['other', 1],
    ])
  })
})

describe('the fake clock', () => {
  test('stands still until it is moved', async () => {
    const clock = fakeClock(new Date('2026-03-01T10:00:00Z'))
    const store = memoryStore({ clock })
    const given = jobFactory(store)

    const job = await given.delayed({ delay: '10m' })
    expect((await store.get(job.id))?.status).toBe('delayed')
    clock.advance('10m')

    expect((await store.get(job.id))?.status).toBe('due')
  })
})

eachStore('the job factory', (open) => {
  test('makes jobs in the state that is wished for, and leaves others as they were', async () => {
    await using harness = await open()
    const { store } = harness
    const given = jobFactory(store)

    const pending = await given.pending({ input: { any: 'thing' }, priority: 3 })
    const delayed = await given.delayed({ job: syncOrder, input: { orderId: 1 } })
    const reserved = await given.reserved({ job: fetchCase, input: { caseId: 1 } })
    const failed = await given.failed({ error: new Error('MySQL server has gone away') })

    expect(pending).toMatchObject({ status: 'due', priority: 3, name: 'example' })
    expect(delayed.status).toBe('delayed')
    expect(reserved).toMatchObject({ status: 'reserved', attempts: 1, queue: 'cases' })
    expect(failed).toMatchObject({ name: 'example', headline: expect.stringContaining('MySQL server has gone away') })
    expect(await store.get(pending.id)).toEqual(pending)
    expect((await store.workers()).map(({ id }) => id)).toEqual([reserved.reservedBy])
  })
})
