import { expect, test } from 'vitest'
import { FaenaError } from '../../src/core/errors.ts'
import { surfacedFields, surfacedText } from '../../src/core/surface.ts'
import { Janitor, type JanitorOptions } from '../../src/maintenance/janitor.ts'
import type { NewRun, Reclaimed, Store } from '../../src/store.ts'
import { newJob } from '../support/jobs.ts'
import { eachStore, type Given } from '../support/suite.ts'
import { altered, watched } from './support.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const LEASE = 30_000

function testJanitor(given: Given, options: Partial<JanitorOptions> = {}, store: Store = given.store) {
  const errors: unknown[] = []
  const janitor = new Janitor({
    store,
    leaseMs: LEASE,
    retention: { runsMs: HOUR, metricsMs: HOUR },
    clock: given.clock.now,
    random: () => 0.5,
    onError: (error) => errors.push(error),
    ...options,
  })
  return { janitor, errors }
}

eachStore('janitor', (open) => {
  test('the jobs of a worker that died go back to their queue, and that is told', async () => {
    await using given = await open()
    await given.store.push([newJob(), newJob({ maxAttempts: 1 })])
    const worker = await given.worker({ leaseMs: LEASE })
    await worker.reserve()
    const told: Reclaimed[] = []
    const { janitor, errors } = testJanitor(given, { onReclaimed: (reclaimed) => told.push(reclaimed) })

    await janitor.look()
    expect(await given.store.counts()).toMatchObject([{ reserved: 2 }])
    given.clock.advance(LEASE + 1)
    await janitor.look()

    expect(await given.store.counts()).toMatchObject([{ due: 2, reserved: 0 }])
    expect(told).toEqual([{ workers: [worker.id], returned: 2 }])
    expect(errors).toEqual([])
  })

  test('a hook that throws is told and does not stop the janitor', async () => {
    await using given = await open()
    await given.store.push([newJob(), newJob()])
    const worker = await given.worker({ leaseMs: LEASE })
    await worker.reserve()
    given.clock.advance(LEASE + 1)
    const { janitor, errors } = testJanitor(given, {
      onReclaimed: async () => {
        throw new Error('the hook is broken')
      },
    })
    await janitor.look()
    expect(errors).toMatchObject([{ message: 'the hook is broken' }])
    expect(await given.store.counts()).toMatchObject([{ due: 2, reserved: 0 }])
  })

  test('failed jobs that Laravel wrote get name, fingerprint, headline and surfaced fields', async () => {
    await using given = await open()
    const payload = { uuid: 'u', displayName: 'App\\Jobs\\SyncOrder', job: 'Illuminate\\Queue\\CallQueuedHandler@call' }
    const row = (uuid: string, orderId: number) => ({
      uuid,
      payload: JSON.stringify({ ...payload, uuid, data: { order_id: orderId } }),
      exception: `PDOException: order ${orderId} is locked in /app/Sync.php:12\nStack trace:\n#0 {main}`,
    })
    for (let at = 1; at <= 250; at++)
      given.raw.insertFailed(row(`00000000-0000-4000-8000-${String(at).padStart(12, '0')}`, at))
    given.raw.insertFailed({ uuid: '00000000-0000-4000-9000-000000000000', payload: 'not json', exception: '' })
    const fields = surfacedFields('order_id|orderId')
    const { janitor } = testJanitor(given, { surface: (data) => surfacedText(fields, data) })

    expect(await janitor.label()).toBe(251)
    expect(await janitor.label()).toBe(0)
    const groups = await given.store.failedGroups({}, 10)
    expect(groups.map(({ name, count }) => [name, count])).toEqual([
      ['App\\Jobs\\SyncOrder', 250],
      [null, 1],
    ])
    expect(groups[0]?.headline).toMatch(/^PDOException: order \d+ is locked/)
  })

  test('records past their time go, in chunks, and not before', async () => {
    await using given = await open()
    const run = (at: number): NewRun => ({
      uuid: `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`,
      name: 'cases.fetch',
      queue: 'default',
      attempt: 1,
      worker: 1,
      startedAt: given.clock.now(),
      endedAt: given.clock.now(),
      outcome: 'completed',
      headline: null,
      progress: null,
      note: null,
      log: [],
      result: null,
      keepUntil: null,
    })
    await given.store.saveRuns(Array.from({ length: 1_200 }, (_, at) => run(at)))
    const { store, calls } = watched(given.store)
    const { janitor } = testJanitor(given, {}, store)
    expect(await janitor.prune()).toBe(0)
    given.clock.advance(HOUR + 1)
    expect(await janitor.prune()).toBe(1_200)
    expect(calls).toEqual(['prune', 'prune', 'prune', 'prune'])
  })

  test('ten idle minutes cost two statements a minute and three, and who dies meanwhile is not waited for longer', async () => {
    await using given = await open()
    const worker = await given.worker({ leaseMs: LEASE })
    const { store, calls } = watched(given.store)
    const told: Reclaimed[] = []
    const { janitor } = testJanitor(given, { onReclaimed: (reclaimed) => told.push(reclaimed) }, store)
    for (let gone = 0; gone < 10 * MINUTE; ) {
      const sleep = Math.ceil(await janitor.look())
      for (let at = 0; at < sleep; at += 5_000) {
        given.clock.advance(Math.min(5_000, sleep - at))
        await worker.beat([], LEASE)
      }
      gone += sleep
    }
    const count = (name: string) => calls.filter((call) => call === name).length
    expect(count('reclaim')).toBeLessThanOrEqual(30)
    expect(count('reclaim')).toBeGreaterThanOrEqual(20)
    expect([count('prune'), count('unlabelled')]).toEqual([10, 10])
    expect(told).toEqual([])

    const died = given.clock.now()
    for (;;) {
      const sleep = await janitor.look()
      if (told.length > 0) break
      given.clock.advance(Math.ceil(sleep))
    }
    expect(told).toEqual([{ workers: [worker.id], returned: 0 }])
    expect(given.clock.now() - died).toBeLessThanOrEqual(LEASE + 5_000)
  })

  test('where no worker is known, it looks every five seconds', async () => {
    await using given = await open()
    const { janitor } = testJanitor(given)

    expect(await janitor.look()).toBe(5_000)
  })

  test('started, it goes on after a store that is away, and stops', async () => {
    await using given = await open()
    await given.store.push([newJob({ maxAttempts: 1 })])
    const worker = await given.worker({ leaseMs: LEASE })
    await worker.reserve()
    given.clock.advance(LEASE + 1)
    let away = 2
    const flaky = altered(given.store, {
      reclaim: async () => {
        if (away-- > 0) throw new FaenaError('STORE_UNAVAILABLE', 'no connection')
        return given.store.reclaim()
      },
    })
    const told = Promise.withResolvers<Reclaimed>()
    const { janitor, errors } = testJanitor(given, { leaseMs: 9, onReclaimed: told.resolve }, flaky)
    janitor.start()
    expect(await told.promise).toMatchObject({ returned: 1 })
    await janitor.stop()
    expect(errors).toHaveLength(1)
  })
})
