import { describe, expect, test } from 'vitest'
import type { NewSchedule } from '../../src/store.ts'
import { newJob } from '../support/jobs.ts'
import { eachStore } from '../support/suite.ts'

const TICK = Date.UTC(2026, 0, 5, 13)
const NEXT = Date.UTC(2026, 0, 5, 14)

function schedule(wish: Partial<NewSchedule> = {}): NewSchedule {
  return {
    key: 'cases.sweep',
    job: 'cases.fetch',
    queue: 'default',
    input: '{"caseId":1}',
    timing: { cron: '0 * * * *', zone: 'America/Bogota' },
    missed: 'once',
    overlap: 'skip',
    origin: 'config',
    nextAt: TICK,
    ...wish,
  }
}

eachStore('schedules', (open) => {
  test('a saved schedule comes back as it was given', async () => {
    await using given = await open()
    const hourly = schedule()
    const fixed = schedule({
      key: 'a.fixed',
      timing: { everyMs: 90_000 },
      missed: 'all',
      overlap: 'allow',
      origin: 'api',
      nextAt: null,
    })
    await given.store.saveSchedule(hourly)
    await given.store.saveSchedule(fixed)

    const never = { pausedAt: null, lastAt: null, lastUuid: null }
    expect(await given.store.schedules()).toEqual([
      { ...fixed, ...never },
      { ...hourly, ...never },
    ])
  })

  test('saving again with the same timing keeps the next run, the pause and the last run', async () => {
    await using given = await open()
    await given.store.saveSchedule(schedule())
    const job = newJob()
    await given.store.fire({ key: 'cases.sweep', seen: TICK, nextAt: NEXT, job })
    await given.store.pauseSchedule('cases.sweep', true)
    const [before] = await given.store.schedules()

    await given.store.saveSchedule(schedule({ input: '{"caseId":2}', nextAt: TICK + 1 }))

    expect(before).toMatchObject({
      nextAt: NEXT,
      lastUuid: job.uuid,
      lastAt: expect.any(Number),
      pausedAt: expect.any(Number),
    })
    expect(await given.store.schedules()).toEqual([{ ...before, input: '{"caseId":2}' }])
  })

  test.each<NewSchedule['timing']>([
    { cron: '30 * * * *', zone: 'America/Bogota' },
    { cron: '0 * * * *', zone: 'UTC' },
    { everyMs: 60_000 },
  ])('saving another timing sets the next run anew: %o', async (timing) => {
    await using given = await open()
    await given.store.saveSchedule(schedule())

    await given.store.saveSchedule(schedule({ timing, nextAt: NEXT }))

    expect(await given.store.schedules()).toMatchObject([{ timing, nextAt: NEXT }])
  })

  test('a schedule is removed and paused by its key', async () => {
    await using given = await open()
    await given.store.saveSchedule(schedule())

    expect(await given.store.pauseSchedule('cases.sweep', true)).toBe(true)
    expect(await given.store.schedules()).toMatchObject([{ pausedAt: given.clock.now() }])
    expect(await given.store.pauseSchedule('cases.sweep', false)).toBe(true)
    expect(await given.store.schedules()).toMatchObject([{ pausedAt: null }])
    expect(await given.store.removeSchedule('cases.sweep')).toBe(true)

    expect(await given.store.removeSchedule('cases.sweep')).toBe(false)
    expect(await given.store.pauseSchedule('cases.sweep', true)).toBe(false)
    expect(await given.store.schedules()).toEqual([])
  })

  describe('fire', () => {
    test('stores the job and moves the next run', async () => {
      await using given = await open()
      await given.store.saveSchedule(schedule())
      const job = newJob({ queue: 'cases' })

      expect(await given.store.fire({ key: 'cases.sweep', seen: TICK, nextAt: NEXT, job })).toBe(true)

      expect(await given.store.get(job.uuid)).toMatchObject({ queue: 'cases', payload: job.payload, status: 'due' })
      expect(await given.store.schedules()).toMatchObject([
        { nextAt: NEXT, lastUuid: job.uuid, lastAt: expect.any(Number) },
      ])
    })

    test('ten schedulers fire once', async () => {
      await using given = await open()
      await given.store.saveSchedule(schedule())
      const connections = [given.store, await given.second()]

      const fired = await Promise.all(
        Array.from({ length: 10 }, (_, at) =>
          connections[at % 2]!.fire({ key: 'cases.sweep', seen: TICK, nextAt: NEXT, job: newJob() }),
        ),
      )

      expect(fired.filter(Boolean)).toHaveLength(1)
      expect(given.raw.jobRows()).toHaveLength(1)
    })

    test('does nothing for a run that is over, a schedule that is paused, or one that is gone', async () => {
      await using given = await open()
      await given.store.saveSchedule(schedule())
      const fire = (key: string, seen: number) => given.store.fire({ key, seen, nextAt: NEXT, job: newJob() })

      expect(await fire('cases.sweep', TICK - 1)).toBe(false)
      expect(await fire('unknown', TICK)).toBe(false)
      await given.store.pauseSchedule('cases.sweep', true)
      expect(await fire('cases.sweep', TICK)).toBe(false)

      expect(given.raw.jobRows()).toEqual([])
      expect(await given.store.schedules()).toMatchObject([{ nextAt: TICK, lastAt: null, lastUuid: null }])
    })

    test('may skip a run: the next one moves and no job is stored', async () => {
      await using given = await open()
      await given.store.saveSchedule(schedule())

      expect(await given.store.fire({ key: 'cases.sweep', seen: TICK, nextAt: NEXT, job: null })).toBe(true)

      expect(given.raw.jobRows()).toEqual([])
      expect(await given.store.schedules()).toMatchObject([{ nextAt: NEXT, lastUuid: null }])
    })

    test('may be the last run', async () => {
      await using given = await open()
      await given.store.saveSchedule(schedule())

      await given.store.fire({ key: 'cases.sweep', seen: TICK, nextAt: null, job: newJob() })

      expect(await given.store.schedules()).toMatchObject([{ nextAt: null }])
      expect(await given.store.fire({ key: 'cases.sweep', seen: TICK, nextAt: NEXT, job: newJob() })).toBe(false)
      expect(given.raw.jobRows()).toHaveLength(1)
    })

    test('leaves the run where it was when its job cannot be stored', async () => {
      await using given = await open()
      await given.store.saveSchedule(schedule())
      const known = newJob()
      await given.store.push([known])

      await expect(
        given.store.fire({ key: 'cases.sweep', seen: TICK, nextAt: NEXT, job: known }),
      ).rejects.toMatchObject({
        code: 'DUPLICATE_UUID',
      })

      expect(await given.store.schedules()).toMatchObject([{ nextAt: TICK, lastUuid: null }])
      expect(given.raw.jobRows()).toHaveLength(1)
    })

    test('moves on where the unique key of its job is taken', async () => {
      await using given = await open()
      await given.store.saveSchedule(schedule())
      const unique = { key: 'cases.fetch:sweep' }
      await given.job({ unique })

      expect(await given.store.fire({ key: 'cases.sweep', seen: TICK, nextAt: NEXT, job: newJob({ unique }) })).toBe(
        true,
      )

      expect(given.raw.jobRows()).toHaveLength(1)
      expect(await given.store.schedules()).toMatchObject([{ nextAt: NEXT }])
    })
  })
})
