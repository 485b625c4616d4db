import { describe, expect, test } from 'vitest'
import { ALERT_QUEUE } from '../../src/alerts/job.ts'
import { createAdmin } from '../../src/client/admin.ts'
import type { NewSchedule } from '../../src/store.ts'
import { FETCH, newJob, newJobs, SYNC } from '../support/jobs.ts'
import { eachStore } from '../support/suite.ts'
import { alertsOf, fail, notices, TOLD, toldOf, watchOn } from './support.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
/** Counts by the steps of core/histogram.ts, none of them of interest here. */
const STEPS = Array.from({ length: 11 }, () => 0)

eachStore('the watch', (open) => {
  describe('of failed jobs', () => {
    test('makes one notice of a thousand failures of a kind', async () => {
      await using given = await open()
      const watch = watchOn(given.store)
      await watch.look()
      await fail(
        given.store,
        Array.from({ length: 1_000 }, (_, at) => `order ${at} not found`),
      )

      await watch.look()
      await watch.look()

      const [notice, ...others] = await notices(given.store)
      expect(others).toEqual([])
      expect(notice).toMatchObject({
        channel: 'ops',
        installation: null,
        more: 0,
        alerts: [
          {
            ...{ rule: 'failed', subject: 'orders.sync', event: 'opened', link: null },
            detail: { count: 1_000, fresh: 1_000, queue: 'default', headline: expect.stringContaining('not found') },
          },
        ],
      })
    })

    test('tells nothing of what failed before somebody watched', async () => {
      await using given = await open()
      await fail(given.store, ['old', 'older still'])

      await watchOn(given.store).look()

      expect(await notices(given.store)).toEqual([])
      expect((await given.store.alerts({}, { limit: 10 })).rows).toEqual([])
    })

    test('tells what follows the first together, when the digest is due', async () => {
      await using given = await open()
      const watch = watchOn(given.store)
      await watch.look()
      await fail(given.store, ['boom'])
      await watch.look()
      for (let minute = 0; minute < 30; minute++) {
        await fail(given.store, ['boom'])
        given.clock.advance(MINUTE)
        await watch.look()
      }
      expect(await toldOf(given.store)).toEqual(['failed orders.sync opened'])
      given.clock.advance(30 * MINUTE)

      await watch.look()

      const [, digest] = await notices(given.store)
      expect(digest!.alerts).toMatchObject([{ event: 'more', detail: { fresh: 30, count: 31 } }])
      given.clock.advance(HOUR)
      await watch.look()
      // Quiet for as long as a digest: over, and nobody has to be told.
      expect((await given.store.alerts({}, { limit: 10 })).rows).toMatchObject([{ state: 'resolved', count: 31 }])
      await fail(given.store, ['boom'])
      await watch.look()
      expect(await toldOf(given.store)).toEqual([
        'failed orders.sync opened',
        'failed orders.sync more',
        'failed orders.sync opened',
      ])
    })

    test('tells each time when so many more have failed, where that is asked for', async () => {
      await using given = await open()
      const watch = watchOn(given.store, { ...TOLD, failed: { jobs: { 'orders.sync': { every: 10 } } } })
      await watch.look()
      for (const count of [1, 8, 1, 15, 4, 1]) {
        await fail(
          given.store,
          Array.from({ length: count }, () => 'boom'),
        )
        await watch.look()
      }

      const counts = (await notices(given.store)).map(({ alerts: [alert] }) => alert!.detail.count)
      expect(counts).toEqual([1, 10, 25, 30])
    })

    test('keeps kinds apart, and leaves out jobs that nobody wants to hear of', async () => {
      await using given = await open()
      const watch = watchOn(given.store, { ...TOLD, failed: { jobs: { 'cases.fetch': false } } })
      await watch.look()
      await fail(given.store, ['timeout after 5 s', 'timeout after 6 s', 'no such order'])
      await fail(given.store, ['timeout after 5 s'], FETCH)

      await watch.look()

      const [notice] = await notices(given.store)
      expect(notice!.alerts.map(({ subject, detail }) => [subject, detail.count])).toEqual([
        ['orders.sync', 2],
        ['orders.sync', 1],
      ])
    })

    test('names twenty kinds in one notice and says how many more there are', async () => {
      await using given = await open()
      const watch = watchOn(given.store)
      await watch.look()
      await fail(
        given.store,
        Array.from({ length: 26 }, (_, at) => `broken ${String.fromCharCode(97 + at).repeat(3)}`),
      )

      await watch.look()

      const told = await notices(given.store)
      expect(told.map(({ alerts, more }) => [alerts.length, more])).toEqual([[20, 6]])
    })

    test('counts a job once that comes to be seen after one of a larger id', async () => {
      await using given = await open()
      let hidden = 0
      // As long as the transaction that wrote the job of the smaller id has not committed.
      const store = new Proxy(given.store, {
        get: (target, name) =>
          name === 'failures'
            ? async (...of: Parameters<typeof target.failures>) =>
                (await target.failures(...of)).map((kind) => ({ ...kind, count: kind.count - hidden }))
            : Reflect.get(target, name),
      })
      const watch = watchOn(store)
      await watch.look()
      await fail(given.store, ['boom', 'boom', 'boom'])
      hidden = 1
      await watch.look()
      given.clock.advance(30_000)
      await watch.look()
      hidden = 0
      for (let minute = 0; minute < 5; minute++) {
        await watch.look()
        given.clock.advance(MINUTE)
      }

      expect((await given.store.alerts({}, { limit: 10 })).rows).toMatchObject([{ count: 3 }])
    })

    test('sees a job that was retried and failed again', async () => {
      await using given = await open()
      const watch = watchOn(given.store)
      await watch.look()
      await fail(given.store, ['boom'])
      await watch.look()
      const { failed: upTo } = await given.store.bounds()
      await given.store.removeFailed({}, { limit: 10, upTo })
      await fail(given.store, ['boom'])

      await watch.look()

      expect((await given.store.alerts({}, { limit: 10 })).rows).toMatchObject([{ count: 2, toldCount: 1 }])
    })

    test('tells nothing of old failures when the newest failed job is brought back', async () => {
      await using given = await open()
      await fail(given.store, ['old', 'older still'])
      const watch = watchOn(given.store)
      await watch.look()
      await fail(given.store, ['boom'])
      await watch.look()
      given.clock.advance(MINUTE)
      await watch.look()
      const { failed: newest } = await given.store.bounds()
      await given.store.retry({ refs: [newest] }, { limit: 10, upTo: newest })

      await watch.look()

      expect(await toldOf(given.store)).toEqual(['failed orders.sync opened'])
      expect((await given.store.alerts({}, { limit: 10 })).rows).toMatchObject([{ count: 1 }])
      await fail(given.store, ['boom'])
      await watch.look()
      expect((await given.store.alerts({}, { limit: 10 })).rows).toMatchObject([{ count: 2 }])
    })

    test('masks secrets of headlines before they are kept', async () => {
      await using given = await open()
      const watch = watchOn(given.store)
      await watch.look()
      await fail(given.store, ['connect to mysql://root:hunter2@db failed'])

      await watch.look()

      const { rows } = await given.store.alerts({}, { limit: 10 })
      const stored = JSON.stringify([rows, await notices(given.store)])
      expect(stored).toContain('mysql://root:***@db')
      expect(stored).not.toContain('hunter2')
    })
  })

  describe('of queues', () => {
    test('tells that one waits for longer than its limit, and that it no longer does', async () => {
      await using given = await open()
      const { store, clock } = given
      const watch = watchOn(store, { ...TOLD, workers: false })
      await store.push(newJobs(3, () => ({ queue: 'netsuite' })))
      clock.advance(4 * MINUTE)
      await watch.look()
      expect(await toldOf(store)).toEqual([])
      clock.advance(2 * MINUTE)

      await watch.look()
      await watch.look()

      const [notice, ...others] = await notices(store)
      expect(others).toEqual([])
      const { key, detail } = notice!.alerts[0]!
      expect(key).toBe('waiting:netsuite')
      expect(detail).toMatchObject({ jobs: 3, limitMs: 5 * MINUTE })
      expect(Math.abs(detail.ageMs! - 6 * MINUTE)).toBeLessThan(1_000)
      const worker = await given.worker()
      await worker.complete(...(await worker.reserve({ queues: ['netsuite'] })))
      await watch.look()
      clock.advance(MINUTE)
      await watch.look()
      expect(await toldOf(store)).toEqual(['waiting netsuite opened', 'waiting netsuite resolved'])
    })

    test('knows the limit of each queue, and is silent of those that may wait', async () => {
      await using given = await open()
      const waiting = { limit: '1m', queues: { slow: '1h', batch: false } } as const
      const watch = watchOn(given.store, { ...TOLD, workers: false, waiting })
      await given.store.push(['quick', 'slow', 'batch'].map((queue) => newJob({ queue })))
      given.clock.advance(10 * MINUTE)
      await watch.look()
      expect(await toldOf(given.store)).toEqual(['waiting quick opened'])
      given.clock.advance(HOUR)

      await watch.look()

      expect((await toldOf(given.store)).slice(1)).toEqual(['waiting slow opened'])
    })

    test('tells again of what is still so, when it is time', async () => {
      await using given = await open()
      const watch = watchOn(given.store, { ...TOLD, workers: false, remind: '1h' })
      await given.store.push([newJob({ queue: 'netsuite' })])
      for (let minutes = 0; minutes < 180; minutes += 10) {
        given.clock.advance(10 * MINUTE)
        await watch.look()
      }

      expect(await toldOf(given.store)).toEqual([
        'waiting netsuite opened',
        'waiting netsuite continues',
        'waiting netsuite continues',
      ])
    })

    test('does not tell "over" and "again" of what comes and goes', async () => {
      await using given = await open()
      const { store, clock } = given
      const watch = watchOn(store, { ...TOLD, workers: false })
      for (let round = 0; round < 5; round++) {
        const { uuid } = await given.job({ queue: 'netsuite' })
        clock.advance(6 * MINUTE)
        await watch.look()
        const { job: upTo } = await store.bounds()
        await store.remove({ refs: [uuid] }, { limit: 1, upTo })
        await watch.look()
        await given.job({ queue: 'netsuite' })
      }

      expect(await toldOf(store)).toEqual(['waiting netsuite opened'])
    })

    test('tells that no live worker takes the jobs of one', async () => {
      await using given = await open()
      const { store, clock } = given
      const watch = watchOn(store, { ...TOLD, waiting: false })
      const worker = await given.worker({ queues: ['served', 'default'] })
      await store.push([newJob({ queue: 'served' }), newJob({ queue: 'alone' })])
      const live = async (beating: typeof worker) => {
        clock.advance(25_000)
        await beating.beat()
      }
      await live(worker)
      await live(worker)
      await watch.look()
      expect(await toldOf(store)).toEqual([])
      await live(worker)
      await live(worker)

      await watch.look()
      expect(await toldOf(store)).toEqual(['workers alone opened'])
      // The worker dies.
      clock.advance(MINUTE)
      await watch.look()
      expect(await toldOf(store)).toEqual(['workers alone opened', 'workers served opened'])
      const other = await given.worker({ queues: ['alone', 'served'] })
      for (let beats = 0; beats < 4; beats++) {
        await live(other)
        await watch.look()
      }

      expect((await toldOf(store)).slice(2).sort()).toEqual(['workers alone resolved', 'workers served resolved'])
    })

    test('tells that a queue which must have a worker has none, although it is empty', async () => {
      await using given = await open()
      const watch = watchOn(given.store, { ...TOLD, workers: { queues: ['cases'] } })
      await watch.look()
      given.clock.advance(MINUTE + 1_000)

      await watch.look()

      expect((await notices(given.store))[0]!.alerts).toMatchObject([
        { key: 'workers:cases', detail: { jobs: 0, ageMs: MINUTE + 1_000 } },
      ])
    })

    test('tells that too many attempts of one fail', async () => {
      await using given = await open()
      const { store, clock } = given
      const watch = watchOn(store, { ...TOLD, rate: { above: 0.25, attempts: 20 } })
      const minute = Math.floor(clock.now() / MINUTE) * MINUTE
      const row = {
        minute,
        name: SYNC,
        released: 0,
        cancelled: 0,
        waitMs: 0,
        runMs: 0,
        dispatched: 0,
        started: 0,
        waits: STEPS,
        runs: STEPS,
      }
      await store.saveMetrics(1, [
        { ...row, queue: 'netsuite', completed: 30, failed: 5, retried: 15 },
        { ...row, queue: 'calm', completed: 90, failed: 10, retried: 0 },
        { ...row, queue: 'few', completed: 0, failed: 5, retried: 0 },
      ])

      await watch.look()

      expect((await notices(store))[0]!.alerts).toMatchObject([
        { key: 'rate:netsuite', event: 'opened', detail: { failures: 20, attempts: 50, share: 0.4 } },
      ])
      clock.advance(20 * MINUTE)
      await watch.look()
      expect((await toldOf(store)).slice(1)).toEqual(['rate netsuite resolved'])
    })

    test('says nothing of its own queue', async () => {
      await using given = await open()
      const watch = watchOn(given.store)
      await given.store.push([newJob({ queue: ALERT_QUEUE, name: 'faena.alert' })])
      given.clock.advance(HOUR)

      await watch.look()

      expect((await given.store.alerts({}, { limit: 10 })).rows).toEqual([])
    })
  })

  describe('of schedules', () => {
    const nightly: Omit<NewSchedule, 'nextAt'> = {
      key: 'cases.nightly',
      job: FETCH,
      queue: 'default',
      input: '{}',
      timing: { everyMs: HOUR },
      missed: 'once',
      overlap: 'allow',
      origin: 'api',
    }

    test('tells that nobody fires one, and that it runs again', async () => {
      await using given = await open()
      const { store, clock } = given
      const watch = watchOn(store, { ...TOLD, workers: false })
      const due = clock.now() + MINUTE
      await store.saveSchedule({ ...nightly, nextAt: due })
      await watch.look()
      clock.advance(5 * MINUTE)
      await watch.look()
      expect(await toldOf(store)).toEqual([])
      clock.advance(2 * MINUTE)

      await watch.look()

      const [notice] = await notices(store)
      expect(notice!.alerts).toMatchObject([
        { key: 'schedule:cases.nightly', detail: { dueAt: new Date(due).toISOString(), limitMs: 5 * MINUTE } },
      ])
      await store.fire({ key: nightly.key, seen: due, nextAt: due + HOUR, job: newJob() })
      await watch.look()
      clock.advance(MINUTE)
      await watch.look()
      expect(await toldOf(store)).toEqual(['schedule cases.nightly opened', 'schedule cases.nightly resolved'])
    })

    test('tells of a run that was passed over while nobody was there', async () => {
      await using given = await open()
      const { store, clock } = given
      const watch = watchOn(store)
      const due = clock.now() + MINUTE
      await store.saveSchedule({ ...nightly, missed: 'skip', nextAt: due })
      await watch.look()
      clock.advance(30 * MINUTE)
      await store.fire({ key: nightly.key, seen: due, nextAt: due + HOUR, job: null })

      await watch.look()

      expect((await notices(store))[0]!.alerts).toMatchObject([
        { key: 'schedule:cases.nightly', detail: { dueAt: new Date(due).toISOString(), passedOver: true } },
      ])
    })

    test('leaves those alone that are paused', async () => {
      await using given = await open()
      const watch = watchOn(given.store)
      await given.store.saveSchedule({ ...nightly, nextAt: given.clock.now() })
      await given.store.pauseSchedule(nightly.key, true)
      given.clock.advance(HOUR)

      await watch.look()

      expect(await toldOf(given.store)).toEqual([])
    })
  })

  describe('with others beside it', () => {
    test('tells once, whoever looks', async () => {
      await using given = await open()
      const stores = [given.store, await given.second(), await given.second()]
      const watches = stores.map((store) => watchOn(store))
      const looked = await Promise.all(watches.map((watch) => watch.look()))
      expect(looked.filter(Boolean)).toHaveLength(1)
      await fail(given.store, ['boom'])

      await Promise.all(watches.map((watch) => watch.look()))
      await Promise.all(watches.map((watch) => watch.look()))

      expect(await toldOf(given.store)).toEqual(['failed orders.sync opened'])
    })

    test('takes over from one that is gone, and tells what that one did not', async () => {
      await using given = await open()
      const [first, second] = [watchOn(given.store), watchOn(await given.second())]
      await first.look()
      await fail(given.store, ['boom'])
      expect(await second.look()).toBe(false)
      given.clock.advance(MINUTE)

      expect(await second.look()).toBe(true)
      expect(await first.look()).toBe(false)

      expect(await toldOf(given.store)).toEqual(['failed orders.sync opened'])
    })

    test('tells again, by the same look, what a crash before its decision left untold', async () => {
      await using given = await open()
      await watchOn(given.store).look()
      await fail(given.store, ['boom'])
      given.clock.advance(MINUTE)
      const crashing = new Proxy(given.store, {
        get: (target, name) =>
          name === 'decide' ? () => Promise.reject(new Error('killed')) : Reflect.get(target, name),
      })
      await expect(watchOn(crashing).look()).rejects.toThrow('killed')
      expect(await toldOf(given.store)).toEqual([])
      given.clock.advance(MINUTE)

      await watchOn(given.store).look()

      expect(await toldOf(given.store)).toEqual(['failed orders.sync opened'])
    })

    test('writes nothing once it has lost the watch between its look and its decision', async () => {
      await using given = await open()
      const other = watchOn(await given.second())
      await other.look()
      await other.stop()
      await fail(given.store, ['boom'])
      const slow = new Proxy(given.store, {
        get: (target, name) =>
          name === 'decide'
            ? async (decision: Parameters<typeof target.decide>[0]) => {
                given.clock.advance(MINUTE)
                await other.look()
                return target.decide(decision)
              }
            : Reflect.get(target, name),
      })

      await watchOn(slow).look()

      expect(await toldOf(given.store)).toEqual(['failed orders.sync opened'])
    })
  })

  describe('told to be silent', () => {
    test('says nothing of a muted alert, and what there is to say once the time is over', async () => {
      await using given = await open()
      const admin = createAdmin({ store: given.store })
      const watch = watchOn(given.store)
      await watch.look()
      await fail(given.store, ['boom'])
      await watch.look()
      const until = given.clock.now() + 3 * HOUR
      const key = (await admin.alerts()).rows[0]!.key
      expect(await admin.muteAlert(key, { until, by: 'ana' })).toMatchObject({ muted: true, mutedBy: 'ana' })
      for (let hour = 0; hour < 3; hour++) {
        await fail(given.store, ['boom'])
        await watch.look()
        given.clock.advance(HOUR)
      }
      expect(await toldOf(given.store)).toHaveLength(1)

      await fail(given.store, ['boom'])
      await watch.look()

      expect((await notices(given.store))[1]!.alerts).toMatchObject([{ event: 'more', detail: { fresh: 4 } }])
      expect((await admin.alert(key)).muted).toBe(false)
    })

    test('says nothing more of what somebody sees to, until it is over', async () => {
      await using given = await open()
      const { store, clock } = given
      const admin = createAdmin({ store })
      const watch = watchOn(store, { ...TOLD, workers: false, remind: '10m' })
      const { uuid } = await given.job({ queue: 'netsuite' })
      clock.advance(6 * MINUTE)
      await watch.look()
      expect(await admin.acknowledgeAlert('waiting:netsuite', 'luis')).toMatchObject({ acknowledgedBy: 'luis' })
      clock.advance(HOUR)
      await watch.look()
      expect(await toldOf(store)).toHaveLength(1)
      const { job: upTo } = await store.bounds()
      await store.remove({ refs: [uuid] }, { limit: 1, upTo })
      clock.advance(MINUTE)
      await watch.look()
      await given.job({ queue: 'netsuite' })
      clock.advance(6 * MINUTE)

      await watch.look()

      expect(await toldOf(store)).toEqual([
        'waiting netsuite opened',
        'waiting netsuite resolved',
        'waiting netsuite opened',
      ])
      await expect(admin.acknowledgeAlert(4_711, 'luis')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })

    test('keeps silent of what somebody sees to among thousands of others', async () => {
      await using given = await open()
      const { store, clock } = given
      const watch = watchOn(store)
      await watch.look()
      await fail(store, ['boom'])
      await watch.look()
      const [boom] = (await store.alerts({}, { limit: 1 })).rows
      await store.acknowledgeAlert(boom!.id, 'ana')
      clock.advance(5 * MINUTE)
      const { fence, state, now } = (await store.takeWatch('another', 1))!
      const others = Array.from({ length: 2_100 }, (_, at) => ({
        ...boom!,
        key: `failed:${at}`,
        lastAt: now,
        reopened: true,
      }))
      await store.decide({ fence, state: state!, alerts: others, jobs: [] })
      await store.leaveWatch('another')
      await fail(store, ['boom'])

      await watch.look()

      expect(await toldOf(store)).toEqual(['failed orders.sync opened'])
      expect(await store.alert(boom!.id)).toMatchObject({ count: 2, acknowledgedBy: 'ana' })
      // By its key people find it too, behind all the newer ones.
      expect(await createAdmin({ store }).alert(boom!.key)).toMatchObject({ id: boom!.id })
    })

    test('says no more than so much an hour, and the rest together when there is room', async () => {
      await using given = await open()
      const watch = watchOn(given.store, { ...TOLD, perHour: 2 })
      await watch.look()
      for (const kind of ['aaa', 'bbb', 'ccc', 'ddd']) {
        await fail(given.store, [`broken ${kind}`])
        await watch.look()
      }
      expect(await notices(given.store)).toHaveLength(2)
      given.clock.advance(HOUR + 1)

      await watch.look()

      const told = await notices(given.store)
      expect(told.map(({ alerts }) => alerts.length)).toEqual([1, 1, 2])
    })

    test('keeps alerts for whoever looks where there are no channels', async () => {
      await using given = await open()
      const watch = watchOn(given.store, {})
      await watch.look()
      await fail(given.store, ['boom'])
      await watch.look()
      expect((await given.store.alerts({}, { limit: 10 })).rows).toMatchObject([{ state: 'open', toldAt: null }])
      given.clock.advance(2 * HOUR)

      await watch.look()

      expect((await given.store.alerts({}, { limit: 10 })).rows).toMatchObject([{ state: 'resolved', toldAt: null }])
      expect(await notices(given.store)).toEqual([])
    })

    test('tells each channel only of what it wants to hear', async () => {
      await using given = await open()
      const send = () => {}
      const channels = {
        all: { type: 'function', send },
        queues: { type: 'function', send, rules: ['waiting', 'workers'] },
      } as const
      const watch = watchOn(given.store, { channels })
      await watch.look()
      await fail(given.store, ['boom'])
      await given.job({ queue: 'netsuite' })
      given.clock.advance(6 * MINUTE)

      await watch.look()

      const told = (await notices(given.store)).map(({ channel, alerts }) => [
        channel,
        alerts.map(({ rule }) => rule).sort(),
      ])
      expect(told).toEqual([
        ['all', ['failed', 'waiting', 'workers']],
        ['queues', ['waiting', 'workers']],
      ])
      expect(alertsOf({ channels }).channels).toHaveLength(2)
    })
  })
})
