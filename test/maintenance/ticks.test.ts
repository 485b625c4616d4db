import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nextRun, type Timing } from '../../src/core/cron.ts'
import { CATCH_UP_LIMIT, dueTicks, ON_TIME_MS } from '../../src/maintenance/ticks.ts'

const at = (iso: string) => Date.parse(iso)
const hourly: Timing = { cron: '0 * * * *', zone: 'UTC' }
const ten = at('2026-05-05T10:00:00Z')
const HOUR = 3_600_000

describe('what is due of a schedule', () => {
  test('nothing before its next run, and nothing ever without one', () => {
    expect(dueTicks({ timing: hourly, missed: 'all', nextAt: ten }, ten - 1)).toBeUndefined()
    expect(dueTicks({ timing: hourly, missed: 'all', nextAt: null }, ten)).toBeUndefined()
  })

  test.each(['skip', 'once', 'all'] as const)(
    'a run that is on time fires, whatever is said of missed ones (%s)',
    (missed) => {
      const due = dueTicks({ timing: hourly, missed, nextAt: ten }, ten + ON_TIME_MS)
      expect(due).toEqual({ ticks: [ten], next: ten + HOUR, dropped: false })
    },
  )

  test('after a standstill: skip makes up none, once the latest, all each of them', () => {
    const later = ten + 3 * HOUR + 120_000
    const due = (missed: 'skip' | 'once' | 'all') => dueTicks({ timing: hourly, missed, nextAt: ten }, later)
    const next = ten + 4 * HOUR
    expect(due('skip')).toEqual({ ticks: [], next, dropped: true })
    expect(due('once')).toEqual({ ticks: [ten + 3 * HOUR], next, dropped: true })
    expect(due('all')).toEqual({ ticks: [0, 1, 2, 3].map((n) => ten + n * HOUR), next, dropped: false })
  })

  test('skip still fires the run that came due just now, after those it leaves out', () => {
    const due = dueTicks({ timing: { everyMs: 10_000 }, missed: 'skip', nextAt: ten }, ten + 45_000)
    expect(due).toEqual({ ticks: [ten + 40_000], next: ten + 50_000, dropped: true })
  })

  test('a year without a scheduler gives the latest hundred runs, and no long search for them', () => {
    const timing: Timing = { cron: '* * * * * *', zone: 'Europe/Madrid' }
    const later = ten + 365 * 24 * HOUR
    const due = dueTicks({ timing, missed: 'all', nextAt: ten }, later)
    expect(due?.ticks).toHaveLength(CATCH_UP_LIMIT)
    expect(due?.ticks[0]).toBe(later - (CATCH_UP_LIMIT - 1) * 1_000)
    expect(due).toMatchObject({ next: later + 1_000, dropped: true })
  })

  test('a next run that the timing does not give (it was changed by hand) counts as a run', () => {
    const due = dueTicks({ timing: hourly, missed: 'all', nextAt: ten + 1 }, ten + HOUR)
    expect(due?.ticks).toEqual([ten + 1, ten + HOUR])
  })

  test('the latest runs are those that walking through all of them gives', () => {
    const timing = fc.oneof(
      fc.integer({ min: 1, max: 600 }).map((seconds): Timing => ({ everyMs: seconds * 1_000 })),
      fc
        .constantFrom('*/5 * * * *', '0 8 * * MON-FRI', '30 2 * * *', '*/20 10 * * * *', '0 0 1 * *')
        .map((cron): Timing => ({ cron, zone: 'Europe/Madrid' })),
    )
    fc.assert(
      fc.property(timing, fc.integer({ min: 0, max: 5 * 24 * HOUR }), (given, gone) => {
        const nextAt = nextRun(given, at('2026-03-27T00:00:00Z')) as number
        const now = nextAt + gone
        const all = [nextAt]
        for (let run = nextRun(given, nextAt); run !== null && run <= now; run = nextRun(given, run)) all.push(run)
        const due = dueTicks({ timing: given, missed: 'all', nextAt }, now)
        expect(due?.ticks).toEqual(all.slice(-CATCH_UP_LIMIT))
        expect(due?.dropped).toBe(all.length > CATCH_UP_LIMIT)
        expect(dueTicks({ timing: given, missed: 'once', nextAt }, now)?.ticks).toEqual(all.slice(-1))
      }),
      { numRuns: 200 },
    )
  })
})
