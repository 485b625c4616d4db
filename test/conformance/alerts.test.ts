import { describe, expect, test } from 'vitest'
import type { Alert, AlertChange, AlertWatch, Store } from '../../src/store.ts'
import { failure, newJob, newJobs } from '../support/jobs.ts'
import { eachStore, type Given } from '../support/suite.ts'
import { ended } from '../support/worker.ts'

const LEASE = 30_000
const DAY = 24 * 60 * 60_000

function change(wish: Partial<AlertChange> = {}): AlertChange {
  return {
    ...{ key: 'waiting:ñ', rule: 'waiting', subject: 'ñ', state: 'open', openedAt: 1_000, lastAt: 2_000 },
    ...{ resolvedAt: null, count: 1, detail: '{"ageMs":301000}', toldAt: null, toldCount: 0, reopened: false },
    ...wish,
  }
}

async function take(store: Store, owner = 'one'): Promise<AlertWatch> {
  const watch = await store.takeWatch(owner, LEASE)
  if (watch === undefined) throw new Error('the watch is somebody else’s')
  return watch
}

async function write(store: Store, ...alerts: AlertChange[]): Promise<Alert[]> {
  const { fence } = await take(store)
  expect(await store.decide({ fence, state: '{}', alerts, jobs: [] })).toBe(true)
  return (await store.alerts({}, { limit: 100, order: 'oldest' })).rows
}

async function failed(given: Given, texts: readonly string[], name = 'cases.fetch'): Promise<void> {
  const worker = await given.worker()
  await given.store.push(newJobs(texts.length, () => ({ name })))
  const jobs = await worker.reserve({ names: [name], limit: texts.length })
  await worker.settle(jobs.map((job, at) => ended(job, { kind: 'failed', failure: failure(job, texts[at]) })))
}

eachStore('alerts', (open) => {
  describe('the watch', () => {
    test('is held by one of many who ask, and by another once its lease has ended', async () => {
      await using given = await open()
      const others = await Promise.all([given.second(), given.second(), given.second()])
      const all = [given.store, ...others]

      const taken = await Promise.all(all.map((store, at) => store.takeWatch(`process ${at}`, LEASE)))
      const holder = taken.findIndex((one) => one !== undefined)
      expect(taken.filter((one) => one !== undefined)).toEqual([
        { fence: 1, state: null, now: given.clock.now(), lastFailed: 0 },
      ])
      given.clock.advance(LEASE - 1)
      const [next] = [0, 1, 2, 3].filter((at) => at !== holder)
      expect(await all[next!]!.takeWatch(`process ${next}`, LEASE)).toBeUndefined()
      given.clock.advance(1)

      expect(await all[next!]!.takeWatch(`process ${next}`, LEASE)).toMatchObject({ fence: 2 })
      expect(await all[holder]!.takeWatch(`process ${holder}`, LEASE)).toBeUndefined()
    })

    test('is renewed by its holder, who keeps the fence and finds what was left', async () => {
      await using given = await open()
      const { fence } = await take(given.store)
      await given.store.decide({ fence, state: '{"above":7}', alerts: [], jobs: [] })
      given.clock.advance(LEASE - 1)
      expect(await take(given.store)).toEqual({ fence, state: '{"above":7}', now: given.clock.now(), lastFailed: 0 })
      given.clock.advance(LEASE - 1)

      expect(await given.store.takeWatch('two', LEASE)).toBeUndefined()
      await given.store.leaveWatch('two')
      expect(await given.store.takeWatch('two', LEASE)).toBeUndefined()
      await given.store.leaveWatch('one')
      expect(await given.store.takeWatch('two', LEASE)).toMatchObject({ fence: fence + 1, state: '{"above":7}' })
    })
  })

  describe('a decision', () => {
    test('writes what to know, the alerts and the jobs that tell of them in one step', async () => {
      await using given = await open()
      const { fence } = await take(given.store)
      const told = newJob({ queue: 'faena-alerts', name: 'faena.alert' })

      expect(
        await given.store.decide({ fence, state: '{"n":1}', alerts: [change(), change({ key: 'b' })], jobs: [told] }),
      ).toBe(true)

      expect(await given.store.get(told.uuid)).toMatchObject({ queue: 'faena-alerts', status: 'due' })
      const { rows } = await given.store.alerts({}, { limit: 10, order: 'oldest' })
      const { reopened: _, ...kept } = change()
      expect(rows[0]).toEqual({
        ...kept,
        ...{ id: rows[0]!.id, mutedUntil: null, mutedBy: null, acknowledgedAt: null, acknowledgedBy: null },
      })
      expect((await take(given.store)).state).toBe('{"n":1}')
    })

    test('of who lost the watch changes nothing', async () => {
      await using given = await open()
      const { fence } = await take(given.store)
      given.clock.advance(LEASE)
      await take(given.store, 'two')
      const job = newJob()

      expect(await given.store.decide({ fence, state: '{"late":1}', alerts: [change()], jobs: [job] })).toBe(false)

      expect((await given.store.alerts({}, { limit: 10 })).rows).toEqual([])
      expect(await given.store.get(job.uuid)).toBeUndefined()
      expect((await take(given.store, 'two')).state).toBeNull()
    })

    test('that cannot store one of its jobs stores nothing', async () => {
      await using given = await open()
      const known = newJob()
      await given.store.push([known])
      const { fence } = await take(given.store)

      await expect(
        given.store.decide({ fence, state: '{}', alerts: [change()], jobs: [newJob({ uuid: known.uuid })] }),
      ).rejects.toMatchObject({ code: 'DUPLICATE_UUID' })

      expect((await given.store.alerts({}, { limit: 10 })).rows).toEqual([])
      expect((await take(given.store)).state).toBeNull()
    })

    test('alters an alert of the same key, and leaves alone who muted it and sees to it', async () => {
      await using given = await open()
      const [first] = await write(given.store, change())
      await given.store.muteAlert(first!.id, { until: 9_000, by: 'ana' })
      await given.store.acknowledgeAlert(first!.id, 'luis')

      const rows = await write(
        given.store,
        change({ lastAt: 3_000, count: 5, toldAt: 2_500, toldCount: 4, detail: '{}' }),
      )

      expect(rows).toEqual([
        {
          ...first,
          ...{ lastAt: 3_000, count: 5, toldAt: 2_500, toldCount: 4, detail: '{}' },
          ...{ mutedUntil: 9_000, mutedBy: 'ana', acknowledgedAt: given.clock.now(), acknowledgedBy: 'luis' },
        },
      ])
      await write(given.store, change({ state: 'resolved', resolvedAt: 4_000 }))
      const [again] = await write(given.store, change({ openedAt: 5_000, reopened: true }))
      expect(again).toMatchObject({ state: 'open', resolvedAt: null, mutedBy: 'ana', acknowledgedAt: null })
      expect(again).toMatchObject({ acknowledgedBy: null, id: first!.id })
    })
  })

  describe('alerts', () => {
    test('are found by state, rule and key, page by page, newest first', async () => {
      await using given = await open()
      await write(
        given.store,
        ...['a', 'b', 'c'].map((key) => change({ key, rule: 'rate' })),
        change({ key: 'd', state: 'resolved', resolvedAt: 3_000 }),
      )
      const keys = async (filter: Parameters<Store['alerts']>[0], limit = 10) =>
        (await given.store.alerts(filter, { limit })).rows.map(({ key }) => key)

      expect(await keys({})).toEqual(['d', 'c', 'b', 'a'])
      expect(await keys({ state: 'open' })).toEqual(['c', 'b', 'a'])
      expect(await keys({ rule: 'waiting' })).toEqual(['d'])
      expect(await keys({ keys: [] })).toEqual(['c', 'b', 'a'])
      expect(await keys({ keys: ['d', 'nowhere'] })).toEqual(['d', 'c', 'b', 'a'])
      const first = await given.store.alerts({}, { limit: 3 })
      const second = await given.store.alerts({}, { limit: 3, cursor: first.next! })
      expect([...first.rows, ...second.rows].map(({ key }) => key)).toEqual(['d', 'c', 'b', 'a'])
      expect(await given.store.alert(first.rows[0]!.id)).toEqual(first.rows[0])
      expect(await given.store.alert(4_711)).toBeUndefined()
    })

    test('are muted until a time and no longer muted, whatever their state', async () => {
      await using given = await open()
      const [open1, over] = await write(given.store, change({ key: 'a' }), change({ key: 'b', state: 'resolved' }))

      expect(await given.store.muteAlert(open1!.id, { until: 5_000, by: 'ana' })).toBe(true)
      expect(await given.store.muteAlert(over!.id, { until: 6_000, by: 'luis' })).toBe(true)
      expect(await given.store.muteAlert(4_711, { until: 6_000, by: 'luis' })).toBe(false)
      expect(await given.store.alert(open1!.id)).toMatchObject({ mutedUntil: 5_000, mutedBy: 'ana' })
      expect(await given.store.muteAlert(open1!.id, { until: null, by: 'luis' })).toBe(true)
      expect(await given.store.alert(open1!.id)).toMatchObject({ mutedUntil: null, mutedBy: null })
    })

    test('are acknowledged while they are open', async () => {
      await using given = await open()
      const [open1, over] = await write(given.store, change({ key: 'a' }), change({ key: 'b', state: 'resolved' }))

      expect(await given.store.acknowledgeAlert(open1!.id, 'ana')).toBe(true)
      expect(await given.store.acknowledgeAlert(over!.id, 'ana')).toBe(false)
      expect(await given.store.acknowledgeAlert(4_711, 'ana')).toBe(false)
      expect(await given.store.alert(open1!.id)).toMatchObject({
        acknowledgedAt: given.clock.now(),
        acknowledgedBy: 'ana',
      })
    })

    test('that were over a month ago are pruned, open and muted ones are not', async () => {
      await using given = await open()
      const at = given.clock.now()
      const [, , , muted] = await write(
        given.store,
        change({ key: 'open', openedAt: at }),
        change({ key: 'old', state: 'resolved', resolvedAt: at }),
        change({ key: 'late', state: 'resolved', resolvedAt: at + DAY }),
        change({ key: 'muted', state: 'resolved', resolvedAt: at }),
      )
      await given.store.muteAlert(muted!.id, { until: at + 60 * DAY, by: 'ana' })
      given.clock.advance(30 * DAY + 1)

      await given.store.prune({ runsMs: 90 * DAY, metricsMs: 90 * DAY }, 100)

      const { rows } = await given.store.alerts({}, { limit: 10, order: 'oldest' })
      expect(rows.map(({ key }) => key)).toEqual(['open', 'late', 'muted'])
    })
  })

  describe('what alerts are made from', () => {
    test('failed jobs above an id by fingerprint, and how many of them are above another', async () => {
      await using given = await open()
      await failed(given, ['timeout after 5 s', 'timeout after 6 s', 'no such case'])
      const first = (await given.store.bounds()).failed
      await failed(given, ['timeout after 7 s'])
      const last = (await given.store.bounds()).failed
      expect((await take(given.store)).lastFailed).toBe(last)

      expect(await given.store.failures(0, first, 10)).toEqual([
        {
          fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
          name: 'cases.fetch',
          queue: 'default',
          headline: expect.stringContaining('timeout after'),
          count: 3,
          later: 1,
          lastId: last,
        },
        expect.objectContaining({
          headline: expect.stringContaining('no such case'),
          count: 1,
          later: 0,
          lastId: first,
        }),
      ])
      expect(await given.store.failures(0, 0, 1)).toHaveLength(1)
      expect(await given.store.failures(first, first, 10)).toEqual([expect.objectContaining({ count: 1, later: 1 })])
      expect(await given.store.failures(last, last, 10)).toEqual([])
    })

    test('queues whose jobs have been due for too long, delayed and reserved jobs and paused queues aside', async () => {
      await using given = await open()
      const { store, clock } = given
      await store.push([
        ...newJobs(2, () => ({ queue: 'slow' })),
        newJob({ queue: 'paused' }),
        newJob({ queue: 'later', delayMs: DAY }),
        newJob({ queue: 'taken' }),
      ])
      await store.pause('paused', null)
      await (await given.worker()).reserve({ queues: ['taken'] })
      clock.advance(200_000)
      await store.push([newJob({ queue: 'slow' }), newJob({ queue: 'new' })])
      clock.advance(101_000)

      const [slow, ...others] = await store.overdue(300_000)
      expect(slow).toMatchObject({ queue: 'slow', count: 2 })
      // The row knows whole seconds.
      expect(Math.abs(slow!.ageMs - 301_000)).toBeLessThan(1_000)
      expect(others).toEqual([])
      expect(await store.overdue(400_000)).toEqual([])
    })
  })
})
