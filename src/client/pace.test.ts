import { expect, test } from 'vitest'
import { Pace } from './pace.ts'

test('chunks grow while they are over soon, up to the most that is wanted', () => {
  const pace = new Pace(500)
  const limits = Array.from({ length: 5 }, () => {
    pace.took(5, pace.limit)
    return pace.limit
  })
  expect(limits).toEqual([200, 400, 500, 500, 500])
})

test('chunks shrink where they take long, and rest as long as they took', () => {
  const pace = new Pace(500)
  expect(pace.took(400, 100)).toBe(400)
  expect(pace.limit).toBe(50)
  for (let at = 0; at < 10; at++) pace.took(400, pace.limit)
  expect(pace.limit).toBe(20)
  expect(pace.took(60_000, 20)).toBe(2_000)
})

test('a chunk that was not full says nothing of how many fit', () => {
  const pace = new Pace(500)
  pace.took(1, 3)
  expect(pace.limit).toBe(100)
})

test('no chunk is larger than wanted, however few are', () => {
  const pace = new Pace(3)
  pace.took(1, 3)
  expect(pace.limit).toBe(3)
  pace.took(500, 3)
  expect(pace.limit).toBe(3)
})
