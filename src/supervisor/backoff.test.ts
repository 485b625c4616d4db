import { expect, test } from 'vitest'
import { mustQuarantine, POOL_PAUSES, pauseAfter, quarantineFor } from './backoff.ts'

test('the pause doubles with each quick death, up to half a minute', () => {
  expect([0, 1, 2, 3, 6, 7, 8, 1_000].map((deaths) => pauseAfter(deaths, POOL_PAUSES))).toEqual([
    0, 500, 1_000, 2_000, 16_000, 30_000, 30_000, 30_000,
  ])
})

test('a pool is quarantined when each of its processes dies again and again, not while one lives', () => {
  expect(mustQuarantine([5, 5])).toBe(true)
  expect(mustQuarantine([50, 4])).toBe(false)
  expect(mustQuarantine([50, 0])).toBe(false)
  expect(mustQuarantine([])).toBe(false)
})

test('trials come after a minute, two, four, up to a quarter of an hour', () => {
  expect([0, 1, 2, 3, 4, 99].map((trials) => quarantineFor(trials) / 60_000)).toEqual([1, 2, 4, 8, 15, 15])
})
