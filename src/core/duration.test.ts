import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { milliseconds, spoken } from './duration.ts'

describe('durations', () => {
  test.each([
    ['250ms', 250],
    ['10s', 10_000],
    ['2m', 120_000],
    ['1.5h', 5_400_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
    [' 10 s ', 10_000],
    [1_500, 1_500],
    [0, 0],
    ['0.4ms', 0],
  ])('%j is %d ms', (duration, expected) => {
    expect(milliseconds(duration, 'delay')).toBe(expected)
  })

  test.each([
    '10',
    '10 minutes',
    '-5s',
    '1e3s',
    '',
    's',
    '11000w',
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    null,
    {},
    10n,
  ])('%s is refused, with what is allowed', (duration) => {
    const read = () => milliseconds(duration as string, 'delay of job a')
    expect(read).toThrow(/^delay of job a is .*; allowed: milliseconds as a number, or 250ms, 10s/)
  })

  test('the error carries the code that was asked for', () => {
    expect(() => milliseconds('soon', 'every', 'BAD_SCHEDULE')).toThrow(
      expect.objectContaining({ code: 'BAD_SCHEDULE' }),
    )
  })
})

describe('lengths of time for people', () => {
  test.each([
    [0, '0ms'],
    [2.456, '2.46ms'],
    [812.4, '812ms'],
    [999.6, '1s'],
    [1_250, '1s 250ms'],
    [125_000, '2m 5s'],
    [59_999.9, '1m'],
    [11_400_000, '3h 10m'],
    [352_800_000, '4d 2h'],
    [86_400_000 + 1, '1d'],
  ])('%d ms are %s', (ms, expected) => {
    expect(spoken(ms)).toBe(expected)
  })

  test('no part ever reaches the unit above it', () => {
    const most = { d: Number.POSITIVE_INFINITY, h: 24, m: 60, s: 60, ms: 1_000 }
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e12, noNaN: true }), (ms) => {
        for (const part of spoken(ms).split(' ')) {
          const [, number, unit] = /^([\d.]+)(d|h|m|s|ms)$/.exec(part) ?? []
          expect(Number(number)).toBeLessThan(most[unit as keyof typeof most])
        }
      }),
    )
  })
})
