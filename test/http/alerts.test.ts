import { describe, expect, test } from 'vitest'
import { alertChannels } from '../../src/alerts/channels.ts'
import { alertsOf, fail, receiver, TOLD, watchOn } from '../alerts/support.ts'
import { eachApi, type GivenApi } from './support.ts'

const HOUR = 3_600_000

interface Row {
  id: number
  [key: string]: unknown
}

async function opened(given: GivenApi): Promise<Row> {
  const watch = watchOn(given.store, { ...TOLD, workers: false })
  await watch.look()
  await fail(given.store, ['connect to mysql://root:hunter2@db failed'])
  await given.job({ queue: 'netsuite' })
  given.clock.advance(6 * 60_000)
  await watch.look()
  const { alerts } = (await given.get('alerts')).json().data as { alerts: Row[] }
  return alerts.find(({ rule }) => rule === 'waiting')!
}

eachApi('alerts through the API', (open) => {
  describe('the list', () => {
    test('says what is wrong, since when and who was told, newest first', async () => {
      await using given = await open({ channels: alertChannels(alertsOf(TOLD)) })
      await opened(given)

      const { data } = (await given.get('alerts')).json()

      expect(data).toMatchObject({ count: 2, next_cursor: null })
      expect(data.channels).toEqual([
        { name: 'ops', type: 'function', rules: ['failed', 'waiting', 'workers', 'rate', 'schedule'], language: 'en' },
      ])
      const at = new Date(given.clock.now()).toISOString()
      expect(data.alerts.find(({ rule }: Row) => rule === 'waiting')).toMatchObject({
        ...{ key: 'waiting:netsuite', subject: 'netsuite', state: 'open', opened_at: at, told_at: at, muted: false },
        detail: { jobs: 1, age_seconds: expect.any(Number), limit_seconds: 300 },
      })
      expect(data.alerts.find(({ rule }: Row) => rule === 'failed')).toMatchObject({
        ...{ subject: 'orders.sync', count: 1 },
        detail: { headline: expect.stringContaining('mysql://root:***@db'), queue: 'default', failed_id: 1 },
      })
    })

    test('is narrowed by state and rule', async () => {
      await using given = await open()
      await opened(given)

      expect((await given.get('alerts?rule=waiting')).json().data.count).toBe(1)
      expect((await given.get('alerts?state=resolved')).json().data.count).toBe(0)
      expect((await given.get('alerts?state=broken')).statusCode).toBe(400)
    })
  })

  describe('an alert', () => {
    test('is muted for a while, and no longer, by somebody whom the audit knows', async () => {
      await using given = await open()
      const { id } = await opened(given)

      const muted = await given.as('operator')('POST', `alerts/${id}/mute`, {
        payload: { seconds: 7_200, reason: 'maintenance' },
      })
      const until = new Date(given.clock.now() + 2 * HOUR).toISOString()
      expect(muted.json()).toMatchObject({
        message: `Alert waiting:netsuite is muted until ${until}`,
        data: { muted: true, muted_until: until, muted_by: 'the operator' },
      })
      expect((await given.post(`alerts/${id}/unmute`)).json().data).toMatchObject({ muted: false, muted_by: null })

      const { entries } = (await given.get(`audit?target=alert:${id}`)).json().data
      expect(entries.map(({ action, subject, detail }: Row) => [action, subject, detail])).toEqual([
        ['alert.unmute', 'the admin', expect.anything()],
        ['alert.mute', 'the operator', { key: 'waiting:netsuite', seconds: 7_200, reason: 'maintenance' }],
      ])
    })

    test('is acknowledged while it is open', async () => {
      await using given = await open()
      const { id } = await opened(given)

      const answer = await given.as('operator')('POST', `alerts/${id}/acknowledge`)

      expect(answer.json()).toMatchObject({
        message: 'Alert waiting:netsuite is seen to by the operator',
        data: { acknowledged_by: 'the operator', acknowledged_at: new Date(given.clock.now()).toISOString() },
      })
      const { job: upTo } = await given.store.bounds()
      await given.store.remove({}, { limit: 100, upTo })
      given.clock.advance(HOUR)
      await watchOn(given.store, { ...TOLD, workers: false }).look()
      expect((await given.post(`alerts/${id}/acknowledge`)).json()).toMatchObject({ code: 'CONFLICT', status: 409 })
    })

    test('that is not there is not found, and what is no id is refused', async () => {
      await using given = await open()

      for (const path of ['mute', 'unmute', 'acknowledge']) {
        expect((await given.post(`alerts/4711/${path}`)).json()).toMatchObject({ code: 'NOT_FOUND', status: 404 })
        expect((await given.post(`alerts/x/${path}`)).json()).toMatchObject({ code: 'BAD_ARGUMENT', status: 400 })
      }
      expect((await given.post('alerts/1/mute', { seconds: 0 })).statusCode).toBe(400)
    })
  })

  describe('a channel', () => {
    test('is tried by an admin alone, who learns whether it took the test', async () => {
      const place = await receiver()
      const settings = alertsOf({ allowPrivate: ['127.0.0.1'], channels: { ops: { type: 'slack', url: place.url } } })
      await using given = await open({ channels: alertChannels(settings) })

      expect((await given.as('operator')('POST', 'alerts/channels/ops/test')).statusCode).toBe(403)
      expect(place.received).toEqual([])
      expect((await given.post('alerts/channels/ops/test')).json()).toMatchObject({
        message: 'Channel ops took the test',
        data: { channel: 'ops', delivered: true, error: null },
      })
      place.answer(500, {}, 'the inside of the place')
      const refused = await given.post('alerts/channels/ops/test')
      expect(refused.json()).toMatchObject({
        message: 'Channel ops did not take the test',
        data: { delivered: false, error: '127.0.0.1 answered 500' },
      })
      expect(refused.body).not.toContain('inside')
      expect((await given.post('alerts/channels/pager/test')).json()).toMatchObject({ code: 'NOT_FOUND' })
    })

    test('cannot be tried where none were given', async () => {
      await using given = await open()

      expect((await given.post('alerts/channels/ops/test')).json()).toMatchObject({ code: 'NOT_FOUND', status: 404 })
    })
  })
})
