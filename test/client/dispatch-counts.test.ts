import { expect, test } from 'vitest'
import { createQueue } from '../../src/index.ts'
import { memoryStore } from '../../src/testing/index.ts'
import { aJob } from '../worker/jobs.ts'

test('what is stored is counted by queue and job, what a unique key keeps out is not', async () => {
  const store = memoryStore()
  await store.open()
  const [many, unique] = [aJob({ name: 'many' }), aJob({ name: 'unique', queue: 'other' })]
  const queues = [createQueue({ store }), createQueue({ store })]
  for (const queue of queues) {
    await queue.dispatchMany(many, [{}, {}, {}])
    await queue.dispatch(many, {})
    await queue.dispatch(unique, {}, { unique: 'once' })
    await queue.close()
  }
  const totals = await store.metricTotals()
  expect(totals.map(({ queue, name, dispatched }) => [queue, name, dispatched])).toEqual([
    ['default', 'many', 8],
    ['other', 'unique', 1],
  ])
})

test('a store that does not take counts disturbs no dispatch and no close', async () => {
  const store = memoryStore()
  await store.open()
  const refusing = {
    ...store,
    saveMetrics: async () => {
      throw new Error('full')
    },
  }
  const queue = createQueue({ store: refusing })
  expect((await queue.dispatch(aJob(), {})).outcome).toBe('dispatched')
  await queue.close()
})
