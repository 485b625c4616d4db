import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { wallClock } from './wallclock.ts'

const ms = (iso: string) => Date.parse(iso)

describe('times as failed_jobs holds them', () => {
  test('an instant is written in the configured zone, without an offset', () => {
    expect(wallClock('UTC').text(ms('2026-11-21T19:44:47.900Z'))).toBe('2026-11-21 19:44:47')
    expect(wallClock('America/Bogota').text(ms('2026-11-21T19:44:47Z'))).toBe('2026-11-21 14:44:47')
    expect(wallClock('Asia/Kolkata').text(ms('2026-11-21T19:44:47Z'))).toBe('2026-11-22 01:14:47')
  })

  test('what Laravel wrote in its own zone is read as the instant it was', () => {
    expect(wallClock('America/Bogota').read('2026-11-21 14:44:47')).toBe(ms('2026-11-21T19:44:47Z'))
    expect(wallClock('America/Bogota').read('2026-11-21T14:44:47.123456')).toBe(ms('2026-11-21T19:44:47Z'))
  })

  test('the hour a clock change repeats is read as its first pass, a time it skips as one an hour off', () => {
    const madrid = wallClock('Europe/Madrid')
    expect(madrid.read('2026-10-25 02:30:00')).toBe(ms('2026-10-25T00:30:00Z'))
    expect(madrid.read('2026-03-29 02:30:00')).toBe(ms('2026-03-29T00:30:00Z'))
  })

  test.each([
    '',
    'yesterday',
    '2026-11-21',
    '0000-00-00 00:00:00',
    '2026-02-31 00:00:00',
    '2026-13-01 00:00:00',
    '2026-01-01 25:00:00',
  ])('%j is no time', (text) => {
    expect(wallClock('UTC').read(text)).toBeUndefined()
    expect(wallClock('America/New_York').read(text)).toBeUndefined()
  })

  test('every instant reads back, but for the second pass of a repeated hour', () => {
    const zones = ['UTC', 'America/Bogota', 'Europe/Madrid', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe']
    const seconds = fc.integer({ min: ms('1990-01-01T00:00:00Z') / 1_000, max: ms('2037-12-31T00:00:00Z') / 1_000 })
    fc.assert(
      fc.property(fc.constantFrom(...zones), seconds, (zone, second) => {
        const clock = wallClock(zone)
        const read = clock.read(clock.text(second * 1_000))
        expect(clock.text(read ?? 0)).toBe(clock.text(second * 1_000))
        expect(read).toBeLessThanOrEqual(second * 1_000)
        expect(read).toBeGreaterThanOrEqual(second * 1_000 - 3_600_000)
      }),
      { numRuns: 500 },
    )
  })

  test('an unknown zone stops the start, naming the setting', () => {
    expect(() => wallClock('America/Bogotá')).toThrow(
      /FAENA_TIMEZONE is "America\/Bogotá"; allowed: a zone of the IANA list/,
    )
  })
})
