import { expect, test } from 'vitest'
import { crashError, crashesAfter, failureOf } from './failure.ts'
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

test('among several jobs of a dying worker none is charged with more than two crashes; alone it is', () => {
  expect([0, 1, 2].map((before) => crashesAfter(before, false))).toEqual([1, 2, 2])
  expect([0, 1, 2].map((before) => crashesAfter(before, true))).toEqual([1, 2, 3])
})

test('the error of a job that crashed workers says how often and what to look at', () => {
  expect(crashError('a', 3, false)).toMatchObject({
    code: 'JOB_CRASHED_WORKERS',
    message: expect.stringMatching(/^Job a crashed 3 workers.*memory/),
  })
  expect(crashError('a', 1, true).message).toMatch(/single try/)
})
