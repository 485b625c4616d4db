import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkTiming, nextRun } from './cron.ts'
import { isFaenaError } from './errors.ts'

const MINUTE = 60_000
const DAY = 86_400_000

/** The next `count` runs as ISO texts in UTC, without seconds where they are zero. */
function runs(cron: string, zone: string, after: string, count: number): string[] {
  const found: string[] = []
  let at: number | null = Date.parse(after)
  for (let n = 0; n < count && at !== null; n++) {
    at = nextRun({ cron, zone }, at)
    if (at !== null) found.push(new Date(at).toISOString().replace(':00.000Z', 'Z').replace('.000Z', 'Z'))
  }
  return found
}

describe('what an expression means', () => {
  test('five fields fire at second 0, six name the second first', () => {
    expect(runs('*/15 8 * * *', 'UTC', '2026-01-01T08:20:00Z', 3)).toEqual([
      '2026-01-01T08:30Z',
      '2026-01-01T08:45Z',
      '2026-01-02T08:00Z',
    ])
    expect(runs('10,40 59 23 * * *', 'UTC', '2026-01-01T00:00:00Z', 3)).toEqual([
      '2026-01-01T23:59:10Z',
      '2026-01-01T23:59:40Z',
      '2026-01-02T23:59:10Z',
    ])
  })

  test('the next run lies strictly after the instant given, also between two seconds', () => {
    const timing = { cron: '0 12 * * *', zone: 'UTC' }
    const noon = Date.parse('2026-05-05T12:00:00Z')
    expect(nextRun(timing, noon - 1)).toBe(noon)
    expect(nextRun(timing, noon)).toBe(noon + DAY)
    expect(nextRun(timing, noon + 0.5)).toBe(noon + DAY)
  })

  test('names of months and weekdays are read whatever their case, and Sunday is 0 as well as 7', () => {
    expect(runs('0 0 1 jan,Jul *', 'UTC', '2026-01-01T00:00:00Z', 2)).toEqual([
      '2026-07-01T00:00Z',
      '2027-01-01T00:00Z',
    ])
    expect(runs('0 0 * * SAT-SUN', 'UTC', '2026-06-01T00:00:00Z', 2)).toEqual([
      '2026-06-06T00:00Z',
      '2026-06-07T00:00Z',
    ])
    expect(runs('0 0 * * 7', 'UTC', '2026-06-01T00:00:00Z', 1)).toEqual(
      runs('0 0 * * 0', 'UTC', '2026-06-01T00:00:00Z', 1),
    )
  })

  test('a day that fits either day field is enough where both name days, as in Vixie cron', () => {
    expect(runs('0 0 13 * FRI', 'UTC', '2026-02-05T00:00:00Z', 4)).toEqual([
      '2026-02-06T00:00Z',
      '2026-02-13T00:00Z',
      '2026-02-20T00:00Z',
      '2026-02-27T00:00Z',
    ])
    expect(runs('0 0 */2 * MON', 'UTC', '2026-06-01T00:00:00Z', 2)).toEqual(['2026-06-15T00:00Z', '2026-06-29T00:00Z'])
  })

  test('L is the last day of the month, in leap years too', () => {
    expect(runs('0 6 L * *', 'UTC', '2028-02-01T00:00:00Z', 2)).toEqual(['2028-02-29T06:00Z', '2028-03-31T06:00Z'])
    expect(runs('0 6 15,L FEB *', 'UTC', '2027-01-01T00:00:00Z', 2)).toEqual(['2027-02-15T06:00Z', '2027-02-28T06:00Z'])
  })

  test.each([
    ['@hourly', '2026-01-01T01:00Z'],
    ['@daily', '2026-01-02T00:00Z'],
    ['@weekly', '2026-01-04T00:00Z'],
    ['@monthly', '2026-02-01T00:00Z'],
    ['@YEARLY', '2027-01-01T00:00Z'],
  ])('%s next comes at %s', (nickname, expected) => {
    expect(runs(nickname, 'UTC', '2026-01-01T00:00:00Z', 1)).toEqual([expected])
  })

  test('29 February is found eight years ahead, on a Sunday 28 years ahead, and 30 February never', () => {
    expect(runs('0 0 29 2 */7', 'UTC', '2032-03-01T00:00:00Z', 1)).toEqual(['2060-02-29T00:00Z'])
    expect(runs('0 0 29 2 *', 'UTC', '2026-01-01T00:00:00Z', 2)).toEqual(['2028-02-29T00:00Z', '2032-02-29T00:00Z'])
    expect(nextRun({ cron: '0 0 30 2 *', zone: 'Europe/Madrid' }, 0)).toBeNull()
  })

  test('a fixed interval fires at whole multiples since 1970, whenever its schedule was made', () => {
    expect(nextRun({ everyMs: 300_000 }, Date.parse('2026-01-01T00:07:31Z'))).toBe(Date.parse('2026-01-01T00:10:00Z'))
    expect(nextRun({ everyMs: 300_000 }, Date.parse('2026-01-01T00:10:00Z'))).toBe(Date.parse('2026-01-01T00:15:00Z'))
  })
})

describe('clock changes', () => {
  // Madrid: 2026-03-29 02:00 → 03:00 and 2026-10-25 03:00 → 02:00, both at 01:00 UTC.
  test('a time that a change skips fires at the first instant after it', () => {
    expect(runs('30 2 * * *', 'Europe/Madrid', '2026-03-28T00:00:00Z', 3)).toEqual([
      '2026-03-28T01:30Z',
      '2026-03-29T01:00Z',
      '2026-03-30T00:30Z',
    ])
  })

  test('several skipped times fire once between them, and not again with a run that is due at that instant anyway', () => {
    expect(runs('10,50 2,3 * * *', 'Europe/Madrid', '2026-03-29T00:00:00Z', 2)).toEqual([
      '2026-03-29T01:00Z',
      '2026-03-29T01:10Z',
    ])
    expect(runs('0 2,3 * * *', 'Europe/Madrid', '2026-03-29T00:00:00Z', 2)).toEqual([
      '2026-03-29T01:00Z',
      '2026-03-30T00:00Z',
    ])
  })

  test('a time that a change repeats fires once', () => {
    expect(runs('30 2 * * *', 'Europe/Madrid', '2026-10-25T00:00:00Z', 2)).toEqual([
      '2026-10-25T00:30Z',
      '2026-10-26T01:30Z',
    ])
    expect(runs('30 2 * * *', 'Europe/Madrid', '2026-10-25T01:10:00Z', 1)).toEqual(['2026-10-26T01:30Z'])
  })

  test('an expression of every hour keeps its distance through both changes', () => {
    expect(runs('30 * * * *', 'Europe/Madrid', '2026-10-24T23:00:00Z', 4)).toEqual([
      '2026-10-24T23:30Z',
      '2026-10-25T00:30Z',
      '2026-10-25T01:30Z',
      '2026-10-25T02:30Z',
    ])
    expect(runs('30 * * * *', 'Europe/Madrid', '2026-03-29T00:00:00Z', 2)).toEqual([
      '2026-03-29T00:30Z',
      '2026-03-29T01:30Z',
    ])
  })

  test('every quarter of an hour in the night goes on through a repeated hour', () => {
    expect(runs('*/30 2 * * *', 'Europe/Madrid', '2026-10-25T00:00:00Z', 4)).toEqual([
      '2026-10-25T00:30Z',
      '2026-10-25T01:00Z',
      '2026-10-25T01:30Z',
      '2026-10-26T01:00Z',
    ])
  })

  test('Lord Howe moves its clock by half an hour', () => {
    // 2026-10-03 15:30 UTC: 02:00 → 02:30. 2026-04-04 15:00 UTC: 02:00 → 01:30.
    expect(runs('15 2 * * *', 'Australia/Lord_Howe', '2026-10-03T12:00:00Z', 2)).toEqual([
      '2026-10-03T15:30Z',
      '2026-10-04T15:15Z',
    ])
    expect(runs('45 1 * * *', 'Australia/Lord_Howe', '2026-04-04T12:00:00Z', 2)).toEqual([
      '2026-04-04T14:45Z',
      '2026-04-05T15:15Z',
    ])
  })

  test('a run is found on the very second of a change, wherever the search starts', () => {
    const gap = Date.parse('2026-03-29T01:00:00Z')
    const timing = { cron: '30 2 * * *', zone: 'Europe/Madrid' }
    expect(nextRun(timing, gap - 1)).toBe(gap)
    expect(nextRun(timing, gap - 999)).toBe(gap)
    expect(nextRun(timing, gap)).toBe(Date.parse('2026-03-30T00:30:00Z'))
  })
})

describe('against a walk through every minute', () => {
  /** Zones with the changes of their clock in 2026; Bogota and Calcutta have none. */
  const changes: [zone: string, change: string][] = [
    ['America/Bogota', '2026-03-08T07:00Z'],
    ['Asia/Kolkata', '2026-03-29T01:00Z'],
    ['Europe/Madrid', '2026-03-29T01:00Z'],
    ['Europe/Madrid', '2026-10-25T01:00Z'],
    ['America/New_York', '2026-03-08T07:00Z'],
    ['America/New_York', '2026-11-01T06:00Z'],
    ['Australia/Lord_Howe', '2026-04-04T15:00Z'],
    ['Australia/Lord_Howe', '2026-10-03T15:30Z'],
  ]
  const place = fc.record({
    at: fc.constantFrom(...changes).map(([zone, change]) => ({ zone, change: Date.parse(change) })),
    /** Most searches start close to the change. */
    shift: fc.oneof(
      fc.integer({ min: -150, max: 90 }).map((minutes) => minutes * MINUTE),
      fc.integer({ min: -DAY, max: DAY }),
    ),
  })
  const values = (least: number, most: number, names?: readonly string[]) =>
    fc.uniqueArray(fc.integer({ min: least, max: most }), { minLength: 1, maxLength: 3 }).map((list) => ({
      text: list.map((value) => names?.[value - least] ?? value).join(','),
      has: (value: number) => list.includes(value),
    }))
  const star = fc.constant({ text: '*', has: (_: number) => true })
  const steps = (least: number, step: fc.Arbitrary<number>) =>
    step.map((n) => ({ text: `*/${n}`, has: (value: number) => (value - least) % n === 0 }))
  const range = (least: number, most: number) =>
    fc.tuple(fc.integer({ min: least, max: most }), fc.integer({ min: least, max: most })).map(([one, other]) => {
      const [low, high] = [Math.min(one, other), Math.max(one, other)]
      return { text: `${low}-${high}`, has: (value: number) => value >= low && value <= high }
    })
  const expression = fc.record({
    minute: fc.oneof(values(0, 59), star, steps(0, fc.integer({ min: 2, max: 30 })), range(0, 59)),
    hour: fc.oneof(
      { weight: 3, arbitrary: values(0, 3) },
      values(0, 23),
      star,
      steps(0, fc.integer({ min: 2, max: 12 })),
      range(0, 5),
    ),
    day: fc.oneof({ weight: 4, arbitrary: star }, values(1, 31), steps(1, fc.integer({ min: 2, max: 5 }))),
    month: fc.oneof({ weight: 6, arbitrary: star }, values(1, 12), range(1, 12)),
    weekday: fc.oneof({ weight: 4, arbitrary: star }, values(0, 6, ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'])),
  })
  type Expression = typeof expression extends fc.Arbitrary<infer T> ? T : never

  /** What each zone's wall clock shows, as if it were UTC, by instant. */
  const clocks = new Map(
    changes.map(([timeZone]) => {
      const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' })
      const shown = new Map<number, number>()
      const wallAt = (ms: number): number => {
        const found = shown.get(ms) ?? Date.parse(`${format.format(ms).replace(' ', 'T')}Z`)
        shown.set(ms, found)
        return found
      }
      return [timeZone, wallAt]
    }),
  )

  function fits({ minute, hour, day, month, weekday }: Expression, wall: number): boolean {
    const date = new Date(wall)
    const [ofMonth, ofWeek] = [day.has(date.getUTCDate()), weekday.has(date.getUTCDay())]
    const either = !day.text.startsWith('*') && !weekday.text.startsWith('*')
    return (
      minute.has(date.getUTCMinutes()) &&
      hour.has(date.getUTCHours()) &&
      month.has(date.getUTCMonth() + 1) &&
      (either ? ofMonth || ofWeek : ofMonth && ofWeek)
    )
  }

  /** The rules of nextRun, one minute after the other. */
  function walk(given: Expression, zone: string, after: number, until: number): number | null {
    const everyHour = Array.from({ length: 24 }, (_, hour) => hour).every((hour) => given.hour.has(hour))
    const once = !everyHour && !given.minute.text.startsWith('*')
    const wallAt = clocks.get(zone)!
    for (let at = Math.floor(after / MINUTE) * MINUTE + MINUTE; at <= until; at += MINUTE) {
      const wall = wallAt(at)
      const before = wallAt(at - MINUTE)
      if (!everyHour) {
        for (let skipped = before + MINUTE; skipped < wall; skipped += MINUTE) if (fits(given, skipped)) return at
      }
      if (!fits(given, wall)) continue
      let shown = false
      for (let back = 1; once && back <= 120; back++) shown ||= wallAt(at - back * MINUTE) === wall
      if (!shown) return at
    }
    return null
  }

  const written = (given: Expression) =>
    [given.minute, given.hour, given.day, given.month, given.weekday].map(({ text }) => text).join(' ')

  test('every run is where the walk finds it', () => {
    fc.assert(
      fc.property(expression, place, (given, { at: { zone, change }, shift }) => {
        const after = change + shift
        const until = change + 1.5 * DAY
        const found = nextRun({ cron: written(given), zone }, after)
        const walked = walk(given, zone, after, until)
        if (walked === null) expect(found === null || found > until).toBe(true)
        else expect(found).toBe(walked)
      }),
      { numRuns: 2_000 },
    )
  })

  test('runs ascend and none is found twice, from any instant between two of them', () => {
    fc.assert(
      fc.property(expression, place, fc.nat(), (given, { at: { zone, change }, shift }, part) => {
        const timing = { cron: written(given), zone }
        const first = nextRun(timing, change + shift)
        const second = first === null ? null : nextRun(timing, first)
        if (first === null || second === null) return
        expect(second).toBeGreaterThan(first)
        expect(nextRun(timing, first + (part % (second - first)))).toBe(second)
      }),
      { numRuns: 500 },
    )
  })
})

describe('what is refused', () => {
  test.each([
    ['60 * * * *', 'minute', '"60"', '0 to 59'],
    ['* 24 * * *', 'hour', '"24"', '0 to 23'],
    ['* * 0 * *', 'day of month', '"0"', '1 to 31'],
    ['* * * 13 *', 'month', '"13"', 'JAN to DEC'],
    ['* * * * MOO', 'day of week', '"MOO"', 'SUN to SAT'],
    ['*/90 * * * *', 'minute', '"*/90"', 'a step from 1 to 60'],
    ['1--100000000 * * * *', 'minute', '"1--100000000"', '0 to 59'],
    ['0-999999999 * * * *', 'minute', '"0-999999999"', '0 to 59'],
    ['*/0 * * * *', 'minute', '"*/0"', 'a step from 1'],
    ['0 22-3 * * *', 'hour', '"22-3"', '22-23,0-3'],
    ['1,,2 * * * *', 'minute', '""', '0 to 59'],
    ['* * * *', 'cron', '"* * * *"', 'five fields'],
    ['* * * * * * *', 'cron', '"* * * * * * *"', 'five fields'],
    ['', 'cron', '""', 'five fields'],
    ['@reboot', 'cron', '"@reboot"', '@daily'],
    ['0 0 30 2 *', 'cron', '"0 0 30 2 *"', 'never comes'],
    [`${'0,'.repeat(500)}0 * * * *`, 'cron', '"0,0,', 'five fields'],
  ])('%s: the %s', (cron, field, value, allowed) => {
    const error = refused(() => checkTiming({ cron, zone: 'UTC' }, 'schedule nightly'))
    expect(error).toMatch(/^schedule nightly: /)
    for (const part of [field, value, allowed]) expect(error).toContain(part)
  })

  test('a zone that the runtime does not know, and an interval out of bounds', () => {
    expect(refused(() => checkTiming({ cron: '* * * * *', zone: 'America/Bogotá' }))).toContain(
      'zone is "America/Bogotá"',
    )
    expect(refused(() => checkTiming({ cron: '* * * * *', zone: '' }))).toContain('zone is ""')
    expect(refused(() => checkTiming({ everyMs: 999 }))).toContain('is 999; allowed: whole milliseconds from 1000')
    expect(refused(() => checkTiming({ everyMs: 1_000.5 }))).toContain('1000.5')
    expect(refused(() => checkTiming({ everyMs: Number.NaN }))).toContain('interval of schedule')
  })

  function refused(run: () => unknown): string {
    try {
      run()
    } catch (error) {
      if (isFaenaError(error, 'BAD_SCHEDULE')) return error.message
      throw error
    }
    throw new Error('nothing was refused')
  }
})

test('a search over eight years, past the year 2100 that has no 29 February, ends', () => {
  const leap = { cron: '59 23 29 2 *', zone: 'Australia/Lord_Howe' }
  const found = nextRun(leap, Date.parse('2096-03-01T00:00:00Z'))
  expect(new Date(found ?? 0).toISOString()).toBe('2104-02-29T12:59:00.000Z')
})
