import { expect, test } from 'vitest'
import { crashedWorkers, crashesAfter, failureOf, lostWithItsOnlyTry } from './failure.ts'
import { isUuid } from './uuid.ts'

const payload = JSON.stringify({ uuid: 'u-1', job: 'faena@orders.sync', data: { orderId: 7 } })

test('a failed job keeps its uuid and payload, and is found by its name, error and fields', () => {
  const failure = failureOf({ payload, name: 'orders.sync' }, new Error('locked'), (data) => JSON.stringify(data))
  expect(failure).toMatchObject({
    uuid: 'u-1',
    name: 'orders.sync',
    headline: expect.stringMatching(/^Error: locked in /),
    surfaced: '{"orderId":7}',
  })
  expect(failure).not.toHaveProperty('payload')
})

test('a job without uuid gets one, in its payload too', () => {
  const failure = failureOf({ payload: '{"job":"X@y","data":1}', name: null }, new Error('locked'))
  expect(isUuid(failure.uuid)).toBe(true)
  expect(JSON.parse(failure.payload ?? '')).toEqual({ uuid: failure.uuid, job: 'X@y', data: 1 })
  expect(failure.name).toBe('X@y')
})

test('a row that is no JSON can fail too, and its text is kept', () => {
  const failure = failureOf({ payload: 'not json', name: null }, new Error('corrupt'))
  expect(failure).toMatchObject({ name: null, surfaced: null, uuid: expect.stringMatching(/^[0-9a-f-]{36}$/) })
  expect(failure.payload).toBeUndefined()
})

test('a job that was only held is charged with two crashes at most; one that had begun alone with a third', () => {
  expect([0, 1, 2, 3].map((before) => crashesAfter(before, false))).toEqual([1, 2, 2, 3])
  expect([0, 1, 2, 3].map((before) => crashesAfter(before, true))).toEqual([1, 2, 3, 3])
})

test('the errors of jobs that workers were lost with say no more than is known', () => {
  expect(crashedWorkers('a')).toMatchObject({
    code: 'JOB_CRASHED_WORKERS',
    message: expect.stringMatching(/^Job a was held by 3 workers when they were last heard of.*had begun it.*memory/),
  })
  expect(lostWithItsOnlyTry('a').message).toMatch(/^Job a has a single try.*died, or could not reach the store/)
})
