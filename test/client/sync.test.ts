import { expect, test } from 'vitest'
import { createQueue } from '../../src/client/queue.ts'
import { readPayload } from '../../src/core/payload.ts'
import { fetchCase, syncOrder } from './jobs.ts'

test('on the sync connection a dispatch runs the job and resolves when it is done', async () => {
  const done: unknown[] = []
  const queue = createQueue({
    sync: async (payload) => {
      await new Promise((resolve) => setImmediate(resolve))
      done.push(readPayload(payload).data)
      return { pages: 3 }
    },
  })

  const dispatched = await queue.dispatch(fetchCase, { caseId: 7 }, { delay: '1h', tx: {} })

  expect(done).toEqual([{ caseId: 7 }])
  expect(dispatched).toMatchObject({ outcome: 'dispatched', id: null })
  expect(await queue.wait(dispatched)).toEqual({ status: 'completed', result: { pages: 3 } })
})

test("on the sync connection a handler's error is the dispatcher's", async () => {
  const error = new Error('no route to host')
  const queue = createQueue({
    sync: async () => {
      throw error
    },
  })

  await expect(queue.dispatch(fetchCase, { caseId: 7 })).rejects.toBe(error)
})

test('the sync connection checks inputs and options as the others do', async () => {
  const queue = createQueue({ sync: async () => {} })

  await expect(queue.dispatch(fetchCase, { caseId: '7' as never })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  await expect(queue.dispatch(fetchCase, { caseId: 7 }, { delay: -1 })).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
})

test('on the sync connection a list runs in order, up to the first error', async () => {
  const run: number[] = []
  const queue = createQueue({
    sync: async (payload) => {
      const { orderId } = readPayload(payload).data as { orderId: number }
      if (orderId === 3) throw new Error('order 3')
      run.push(orderId)
    },
  })
  const orders = (ids: number[]) => ids.map((orderId) => ({ orderId, tiendaId: 1 }))

  await expect(queue.dispatchMany(syncOrder, orders([1, 2, 3, 4]))).rejects.toThrow('order 3')
  expect(await queue.dispatchMany(syncOrder, orders([5, 6]))).toHaveLength(2)
  expect(run).toEqual([1, 2, 5, 6])
})

test('the sync connection says what it cannot do', async () => {
  const queue = createQueue({ sync: async () => {} })

  await expect(queue.cancel(1)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  await expect(queue.schedule('a', { job: fetchCase, input: { caseId: 1 }, every: '1h' })).rejects.toMatchObject({
    code: 'UNSUPPORTED',
  })
})

test('a queue needs a store or a runner', () => {
  expect(() => createQueue({})).toThrow('createQueue needs a store')
})
