import { expect, test } from 'vitest'
import { FaenaError } from '../../src/core/errors.ts'
import type { Fired } from '../../src/maintenance/scheduler.ts'
import type { Store } from '../../src/store.ts'
import { eachStore, type Given } from '../support/suite.ts'
import { altered, everyMinute, testScheduler, watched } from './support.ts'

const MINUTE = 60_000

async function waiting(store: Store) {
  const { rows } = await store.list({}, { limit: 200, order: 'oldest' })
  return rows.map((row) => ({ ...row, payload: JSON.parse(row.payload) }))
}

const next = async ({ store }: Given) => (await store.schedules())[0]?.nextAt

eachStore('firing schedules', (open) => {
  test('a run that comes due makes one job of the schedule’s queue and input, which says what made it', async () => {
    await using given = await open()
    const schedule = everyMinute(given)
    await given.store.saveSchedule(schedule)
    const { scheduler, fired } = testScheduler(given)

    await scheduler.look()
    expect(await waiting(given.store)).toEqual([])
    given.clock.advance(MINUTE)
    await scheduler.look()
    await scheduler.look()

    const [job, ...others] = await waiting(given.store)
    expect(others).toEqual([])
    expect(job).toMatchObject({ queue: 'reports', name: 'reports.send', attempts: 0 })
    expect(job?.payload).toMatchObject({
      job: 'faena@reports.send',
      data: { day: 1 },
      faena: { schedule: { key: 'report', at: schedule.nextAt } },
    })
    expect(fired).toEqual([
      { key: 'report', tick: schedule.nextAt, uuid: job?.payload.uuid, instead: null, dropped: false },
    ])
    const [stored] = await given.store.schedules()
    expect(stored).toMatchObject({ nextAt: schedule.nextAt! + MINUTE, lastUuid: job?.payload.uuid })
  })

  test('ten schedulers that see the same run make one job', async () => {
    await using given = await open()
    await given.store.saveSchedule(everyMinute(given))
    const schedulers = await Promise.all(
      Array.from({ length: 10 }, async () => testScheduler(given, {}, await given.second())),
    )
    for (let minute = 1; minute <= 3; minute++) {
      given.clock.advance(MINUTE)
      await Promise.all(schedulers.map(({ scheduler }) => scheduler.look()))
      expect(await waiting(given.store)).toHaveLength(minute)
    }
    expect(schedulers.flatMap(({ fired }) => fired)).toHaveLength(3)
    expect(schedulers.flatMap(({ errors }) => errors)).toEqual([])
  })

  test('it sleeps until the next run, and never past the time at which it looks for changes', async () => {
    await using given = await open()
    await given.store.saveSchedule(everyMinute(given))
    const { scheduler } = testScheduler(given)
    expect(await scheduler.look()).toBe(10_000)
    given.clock.advance(await untilNext(given, 3_000))
    expect(await scheduler.look()).toBeCloseTo(3_000 + 25)
    given.clock.advance(await untilNext(given, 0))
    expect(await scheduler.look()).toBe(10_000)
  })

  test('a standstill is made up as the schedule says: once, not at all, or run by run', async () => {
    await using given = await open()
    for (const missed of ['skip', 'once', 'all'] as const) {
      await given.store.saveSchedule(
        everyMinute(given, { key: missed, queue: missed, missed, timing: { everyMs: 5 * MINUTE } }),
      )
    }
    const first = await next(given)
    given.clock.advance(18 * MINUTE)
    const { scheduler, fired } = testScheduler(given)
    await scheduler.look()

    const jobs = await waiting(given.store)
    const ticks = (queue: string) =>
      jobs.filter((job) => job.queue === queue).map((job) => (job.payload.faena.schedule.at - first!) / MINUTE)
    expect(ticks('skip')).toEqual([])
    expect(ticks('once')).toEqual([14])
    expect(ticks('all')).toEqual([0, 4, 9, 14])
    expect(fired.find(({ key }) => key === 'skip')).toEqual({
      key: 'skip',
      tick: null,
      uuid: null,
      instead: 'missed',
      dropped: true,
    })
    const left = (await given.store.schedules()).map((schedule) => schedule.nextAt)
    expect(left).toEqual([19, 19, 19].map((minutes) => first! + minutes * MINUTE))
  })

  test('a scheduler that dies while it makes up runs leaves the rest to the next one', async () => {
    await using given = await open()
    await given.store.saveSchedule(everyMinute(given, { missed: 'all' }))
    given.clock.advance(5 * MINUTE)
    let fires = 0
    const dying = altered(given.store, {
      fire: async (firing) => {
        if (++fires > 2) throw new FaenaError('STORE_UNAVAILABLE', 'the process is gone')
        return given.store.fire(firing)
      },
    })
    await expect(testScheduler(given, {}, dying).scheduler.look()).rejects.toThrow('the process is gone')
    expect(await waiting(given.store)).toHaveLength(2)

    await testScheduler(given).scheduler.look()
    const ticks = (await waiting(given.store)).map((job) => job.payload.faena.schedule.at)
    expect(ticks).toHaveLength(5)
    expect(new Set(ticks).size).toBe(5)
  })

  test('a firing whose answer was lost is not repeated', async () => {
    await using given = await open()
    await given.store.saveSchedule(everyMinute(given))
    given.clock.advance(MINUTE)
    const deaf = altered(given.store, {
      fire: async (firing) => {
        await given.store.fire(firing)
        throw new FaenaError('STORE_UNAVAILABLE', 'the answer was lost', { inDoubt: true })
      },
    })
    const { scheduler } = testScheduler(given, {}, deaf)
    await expect(scheduler.look()).rejects.toThrow('the answer was lost')
    await scheduler.look()
    expect(await waiting(given.store)).toHaveLength(1)
  })

  test('with overlap skip, no run is made while the one before waits or runs, and the schedule moves on', async () => {
    await using given = await open()
    await given.store.saveSchedule(everyMinute(given, { overlap: 'skip' }))
    const { scheduler, fired } = testScheduler(given)
    const worker = await given.worker({ leaseMs: 60 * MINUTE })
    const minute = async () => {
      given.clock.advance(MINUTE)
      await scheduler.look()
      return fired.at(-1)?.instead
    }
    expect(await minute()).toBeNull()
    const first = fired[0]?.uuid
    expect(await minute()).toBe('overlap')
    const job = await worker.reserveOne({ queues: ['reports'], names: ['reports.send'] })
    expect(await minute()).toBe('overlap')
    expect(await given.store.schedules()).toMatchObject([{ lastUuid: first }])
    await worker.complete(job)
    expect(await minute()).toBeNull()
    expect(fired.map(({ uuid }) => uuid !== null)).toEqual([true, false, false, true])
  })

  test('a paused schedule does not fire, and once resumed makes up what its policy says', async () => {
    await using given = await open()
    await given.store.saveSchedule(everyMinute(given))
    await given.store.pauseSchedule('report', true)
    const { scheduler, fired } = testScheduler(given)
    given.clock.advance(5 * MINUTE)
    await scheduler.look()
    expect(fired).toEqual([])
    await given.store.pauseSchedule('report', false)
    await scheduler.look()
    expect(fired).toHaveLength(1)
  })

  test('a schedule made anew for a run that was fired already makes no second job of it', async () => {
    await using given = await open()
    const schedule = everyMinute(given)
    await given.store.saveSchedule(schedule)
    given.clock.advance(MINUTE)
    const { scheduler, fired } = testScheduler(given)
    await scheduler.look()
    await given.store.removeSchedule('report')
    await given.store.saveSchedule(schedule)
    await scheduler.look()
    expect(await waiting(given.store)).toHaveLength(1)
    expect(fired.map(({ instead }) => instead)).toEqual([null, 'stored'])
    expect(await next(given)).toBe(schedule.nextAt! + MINUTE)
  })

  test('a schedule of a job that is not known here is left as it is and told once; the others fire', async () => {
    await using given = await open()
    await given.store.saveSchedule(everyMinute(given, { key: 'a', job: 'php.only' }))
    await given.store.saveSchedule(everyMinute(given, { key: 'b' }))
    const { scheduler, fired, errors } = testScheduler(given)
    for (let minute = 0; minute < 3; minute++) {
      given.clock.advance(MINUTE)
      expect(await scheduler.look()).toBeGreaterThan(5_000)
    }
    expect(fired.map(({ key }) => key)).toEqual(['b', 'b', 'b'])
    expect(errors).toMatchObject([{ code: 'UNKNOWN_JOB', message: expect.stringContaining('php.only') }])
    const [left] = await given.store.schedules()
    expect(left?.nextAt).toBeLessThan(given.clock.now())
  })

  test('one schedule that cannot be fired does not hold up the others', async () => {
    await using given = await open()
    await given.store.saveSchedule(everyMinute(given, { key: 'a', timing: { cron: 'not cron', zone: 'UTC' } }))
    await given.store.saveSchedule(everyMinute(given, { key: 'b', input: 'not json' }))
    await given.store.saveSchedule(everyMinute(given, { key: 'c' }))
    const { scheduler, fired, errors } = testScheduler(given)
    given.clock.advance(MINUTE)
    await scheduler.look()
    await scheduler.look()
    expect(fired.map(({ key }) => key)).toEqual(['c'])
    expect(errors).toHaveLength(2)
  })

  test('ten idle minutes cost one statement per look and one per minute for the clock', async () => {
    await using given = await open()
    await given.store.saveSchedule(everyMinute(given, { nextAt: given.clock.now() + 3_600_000 }))
    const { store, calls } = watched(given.store)
    const { scheduler } = testScheduler(given, {}, store)
    for (let gone = 0; gone < 10 * MINUTE; ) {
      const sleep = await scheduler.look()
      given.clock.advance(sleep)
      gone += sleep
    }
    expect(calls.filter((call) => call === 'schedules')).toHaveLength(60)
    expect(calls.length).toBeLessThanOrEqual(70)
  })

  test('started, it fires by itself, gets over a store that is away for a while, and stops', async () => {
    await using given = await open()
    await given.store.saveSchedule(everyMinute(given))
    let away = 2
    const flaky = altered(given.store, {
      schedules: async () => {
        if (away-- > 0) throw new FaenaError('STORE_UNAVAILABLE', 'no connection')
        return given.store.schedules()
      },
    })
    const fired = Promise.withResolvers<Fired>()
    const { scheduler, errors } = testScheduler(given, { everyMs: 5, onFired: fired.resolve }, flaky)
    given.clock.advance(MINUTE)
    scheduler.start()
    expect(await fired.promise).toMatchObject({ key: 'report', instead: null })
    await scheduler.stop()
    expect(errors).toHaveLength(1)
  })
})

/** Moves on to `ms` before the schedule's next run. */
async function untilNext(given: Given, ms: number): Promise<number> {
  return (await next(given))! - ms - given.clock.now()
}
