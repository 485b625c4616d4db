import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Backoff,
  backoffDelay,
  DEFAULT_BACKOFF,
  laravelBackoff,
  readLaravelBackoff,
  readStoredBackoff,
  storedBackoff,
} from './backoff.ts'

const delays = (backoff: Backoff, attempts: number[], random = () => 0.5) =>
  attempts.map((attempt) => backoffDelay(storedBackoff(backoff)!, attempt, random))

describe('backoff', () => {
  test('one duration holds for every attempt, of a list the last entry repeats', () => {
    expect(delays('10s', [1, 2, 9])).toEqual([10_000, 10_000, 10_000])
    expect(delays(['10s', '1m', 300_000], [1, 2, 3, 4])).toEqual([10_000, 60_000, 300_000, 300_000])
  })

  test('an exponential rule doubles up to its maximum', () => {
    expect(delays({ base: '5s', max: '1m' }, [1, 2, 3, 4, 5, 60_000])).toEqual([
      5_000, 10_000, 20_000, 40_000, 60_000, 60_000,
    ])
    expect(delays({ base: '1s', factor: 1 }, [1, 7])).toEqual([1_000, 1_000])
    expect(delays({ base: 0 }, [1, 5_000])).toEqual([0, 0])
  })

  test('jitter spreads to both sides, so that jobs that failed together do not return together', () => {
    expect(delays({ base: '10s', jitter: 0.2 }, [1], () => 0)).toEqual([8_000])
    expect(delays({ base: '10s', jitter: 0.2 }, [1], () => 0.999_999)).toEqual([12_000])
    expect(delays({ base: '10s', jitter: 0 }, [1], () => 0)).toEqual([10_000])
  })

  test('by default it starts at 5 s and ends at an hour', () => {
    expect(backoffDelay(DEFAULT_BACKOFF, 1, () => 0.5)).toBe(5_000)
    expect(backoffDelay(DEFAULT_BACKOFF, 50, () => 0.5)).toBe(3_600_000)
  })

  test('a function has no stored form', () => {
    expect(storedBackoff(() => '1s')).toBeUndefined()
  })

  test.each([
    [[], 'backoff is \\[\\]; allowed: at least one duration'],
    [['1s', 'soon'], 'backoff\\[1\\] is "soon"'],
    [{ base: '1s', factor: 0.5 }, 'backoff.factor is 0.5; allowed: 1 to 100'],
    [{ base: '1s', factor: '2' }, 'backoff.factor is "2"'],
    [{ base: '1s', jitter: 2 }, 'backoff.jitter is 2; allowed: 0 to 1'],
    [{ factor: 2 }, 'backoff.base is undefined'],
    [null, 'backoff is null'],
  ])('%j is refused', (backoff, message) => {
    expect(() => storedBackoff(backoff as Backoff)).toThrow(new RegExp(message))
  })
})

describe('backoff in payloads', () => {
  test('Laravel gets seconds joined by commas, rounded up, and nothing where it has no such form', () => {
    expect(laravelBackoff([10_000, 60_000, 300_500])).toBe('10,60,301')
    expect(laravelBackoff(DEFAULT_BACKOFF)).toBeNull()
    expect(laravelBackoff(undefined)).toBeNull()
  })

  test.each([
    ['10,60,300', [10_000, 60_000, 300_000]],
    ['7', [7_000]],
    [7, [7_000]],
    [
      [10, '60'],
      [10_000, 60_000],
    ],
    ['0', [0]],
    ['', undefined],
    [null, undefined],
    ['soon', undefined],
    ['10,soon', undefined],
    [-1, undefined],
    ['Infinity', undefined],
    ['1e99', undefined],
    [{ base: 1 }, undefined],
  ])('of Laravel’s %j is read %j', (written, expected) => {
    expect(readLaravelBackoff(written)).toEqual(expected)
  })

  test('our own form reads back, and anything else is none', () => {
    expect(readStoredBackoff([1_500])).toEqual([1_500])
    expect(readStoredBackoff(DEFAULT_BACKOFF)).toEqual(DEFAULT_BACKOFF)
    for (const broken of [
      [],
      [-1],
      ['1s'],
      [Number.NaN],
      {},
      { base: 1, factor: 0, max: 1, jitter: 0 },
      'x',
      5,
      null,
    ]) {
      expect(readStoredBackoff(broken)).toBeUndefined()
    }
  })

  test('fractions of a millisecond that somebody wrote into a row are rounded away', () => {
    expect(backoffDelay(readStoredBackoff([0.4, 1.6])!, 1)).toBe(0)
    expect(backoffDelay(readStoredBackoff([0.4, 1.6])!, 2)).toBe(2)
  })

  test('whatever stands in a row, the delay of what was read is a whole number within ten years', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.integer({ min: 1, max: 70_000 }), (value, attempt) => {
        for (const read of [readStoredBackoff(value), readLaravelBackoff(value)]) {
          if (read === undefined) continue
          const delay = backoffDelay(read, attempt)
          expect(Number.isInteger(delay) && delay >= 0 && delay <= 2 * 315_576_000_000).toBe(true)
        }
      }),
    )
  })
})
