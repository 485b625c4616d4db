import { describe, expect, onTestFinished, test } from 'vitest'
import { ALERT_QUEUE } from '../../src/alerts/job.ts'
import { alertingOf } from '../../src/cli/alerting.ts'
import type { AlertsConfig } from '../../src/core/alert-config.ts'
import { type Settings, settingsFrom } from '../../src/core/settings.ts'
import type { Store } from '../../src/store.ts'
import { newJob } from '../support/jobs.ts'
import { eachStore } from '../support/suite.ts'
import { fail, mailbox, notices, receiver, SIGNING, toldOf, watchOn } from './support.ts'

/** Looks often, and nothing else waits for long. */
function settings(alerts: AlertsConfig): Settings {
  return settingsFrom({}, { alerts: { every: '100ms', allowPrivate: ['127.0.0.1'], workers: false, ...alerts } })
}

function begin(store: Store, alerts: AlertsConfig, onError: (error: unknown) => void = () => {}) {
  const alerting = alertingOf({ store, settings: settings(alerts), reclaims: true, onError })!
  alerting.start()
  onTestFinished(() => alerting.stop())
  return alerting
}

/** A first look was taken, so that what fails from now on is new, whoever looks next. */
async function watched(store: Store): Promise<void> {
  const first = watchOn(store)
  await first.look()
  await first.stop()
}

eachStore('what the watch has to tell', (open) => {
  describe('by a process with no worker of its own', () => {
    test('reaches every channel, once for a thousand failures, and leaves nothing behind', async () => {
      await using given = await open()
      const [hook, box, functions] = [await receiver(), await mailbox(), [] as string[]]
      await watched(given.store)
      const alerting = begin(given.store, {
        language: 'es',
        channels: {
          hook: { type: 'webhook', url: hook.url, secret: SIGNING },
          mail: { type: 'email', url: box.url, from: 'faena@example.com', to: 'ops@example.com' },
          own: { type: 'function', send: (_, { title }) => functions.push(title) },
        },
      })

      await fail(
        given.store,
        Array.from({ length: 1_000 }, (_, at) => `order ${at} not found`),
      )

      await expect
        .poll(() => [hook.received.length, box.mails.length, functions.length], { timeout: 50_000 })
        .toEqual([1, 1, 1])
      await expect.poll(() => notices(given.store), { timeout: 50_000 }).toEqual([])
      await alerting.stop()
      expect([hook.received.length, box.mails.length, functions.length]).toEqual([1, 1, 1])
      const data = JSON.parse(hook.received[0]!.body).data
      expect(data.title).toMatch(/El trabajo orders\.sync ha fallado/)
      const { rows } = await given.store.runs({ name: 'faena.alert' }, { limit: 10 })
      expect(rows.map(({ outcome, queue }) => [outcome, queue])).toEqual([
        ['completed', ALERT_QUEUE],
        ['completed', ALERT_QUEUE],
        ['completed', ALERT_QUEUE],
      ])
    })

    test('is delivered by whoever watches next, where the one that decided is gone', async () => {
      await using given = await open()
      const hook = await receiver()
      const channels = { ops: { type: 'webhook', url: hook.url, secret: SIGNING } } as const
      const config = { allowPrivate: ['127.0.0.1'], channels, workers: false } as const
      const dying = watchOn(given.store, config)
      await dying.look()
      await fail(given.store, ['boom'])
      await dying.look()
      expect(await toldOf(given.store)).toEqual(['failed orders.sync opened'])
      const id = (await notices(given.store))[0]!.id
      given.clock.advance(60_000)

      begin(await given.second(), config)

      await expect
        .poll(() => hook.received.map(({ headers }) => headers['webhook-id']), { timeout: 50_000 })
        .toEqual([id])
    })

    test('is delivered anew under the same id, where whoever delivered it is gone before it could say so', async () => {
      await using given = await open()
      const { store, clock } = given
      const hook = await receiver()
      const channels = { ops: { type: 'webhook', url: hook.url, secret: SIGNING } } as const
      const config = { allowPrivate: ['127.0.0.1'], channels, workers: false } as const
      const dying = watchOn(store, config)
      await dying.look()
      await fail(store, ['boom'])
      await dying.look()
      const id = (await notices(store))[0]!.id
      // Its worker takes the job, tells the channel, and is not heard of again.
      const worker = await given.worker({ queues: [ALERT_QUEUE] })
      expect(await worker.reserve({ queues: [ALERT_QUEUE], names: ['faena.alert'] })).toHaveLength(1)
      clock.advance(60_000)

      begin(await given.second(), config)

      await expect
        .poll(() => hook.received.map(({ headers }) => headers['webhook-id']), { timeout: 50_000 })
        .toEqual([id])
    })

    test('is tried again where the place was down, and lies among the failed jobs where it says never', async () => {
      await using given = await open()
      const { store } = given
      const [down, gone] = [await receiver(), await receiver()]
      down.answer(503)
      gone.answer(410)
      const errors: unknown[] = []
      await watched(store)
      begin(
        store,
        {
          channels: {
            down: { type: 'webhook', url: down.url, secret: SIGNING },
            gone: { type: 'webhook', url: gone.url, secret: SIGNING },
          },
        },
        (error) => errors.push(error),
      )
      await fail(store, ['boom'])
      await expect.poll(() => [down.received.length, gone.received.length], { timeout: 50_000 }).toEqual([1, 1])
      await expect.poll(() => store.countFailed({ name: 'faena.alert' }), { timeout: 50_000 }).toBe(1)
      await expect
        .poll(async () => (await store.list({ queue: ALERT_QUEUE }, { limit: 5 })).rows.map(({ status }) => status), {
          timeout: 50_000,
        })
        .toEqual(['delayed'])
      down.answer(200)
      given.clock.advance(15_000)

      await expect.poll(() => down.received.length, { timeout: 50_000 }).toBe(2)
      expect(gone.received).toHaveLength(1)
      const ids = down.received.map(({ headers }) => headers['webhook-id'])
      expect(new Set(ids).size).toBe(1)
      const { rows } = await store.listFailed({ name: 'faena.alert' }, { limit: 5 })
      expect(rows[0]!.exception).toContain('127.0.0.1 answered 410')
      expect(rows[0]!.exception + rows[0]!.payload).not.toMatch(/secret-path|whsec_/)
      // What could not be told of is no failure to tell of.
      expect((await store.alerts({}, { limit: 10 })).rows.map(({ subject }) => subject)).toEqual(['orders.sync'])
      expect(errors.map(String).filter((text) => /^Error: Alert .+ was not delivered$/.test(text))).toHaveLength(1)
    })
  })

  test('that nobody takes the jobs of a queue is told although there is no worker', async () => {
    await using given = await open()
    const hook = await receiver()
    await given.store.push([newJob({ queue: 'cases' })])
    given.clock.advance(90_000)

    begin(given.store, { workers: {}, channels: { ops: { type: 'slack', url: hook.url } } })

    await expect
      .poll(() => hook.received.map(({ body }) => body), { timeout: 50_000 })
      .toEqual([expect.stringContaining('No worker for queue cases')])
  })

  test('two processes tell once', async () => {
    await using given = await open()
    const hook = await receiver()
    const channels = { ops: { type: 'slack', url: hook.url } } as const
    await watched(given.store)
    const all = [given.store, await given.second()].map((store) => begin(store, { channels }))
    await fail(given.store, ['boom', 'boom'])
    await expect.poll(() => hook.received.length, { timeout: 50_000 }).toBe(1)
    await fail(given.store, ['boom'])

    await all[0]!.stop()
    await expect
      .poll(async () => (await given.store.alerts({}, { limit: 5 })).rows[0]?.count, { timeout: 50_000 })
      .toBe(3)

    expect(hook.received).toHaveLength(1)
  })
})
