import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { fail, receiver, SIGNING, TOLD, watchOn } from '../alerts/support.ts'
import { newJob } from '../support/jobs.ts'
import { type Installation, installation } from './support.ts'

const ALERTS = fileURLToPath(new URL('./fixtures/alerts.config.ts', import.meta.url))

async function withAlerts(): Promise<Installation> {
  const faena = installation()
  const store = await faena.store()
  const watch = watchOn(store, { ...TOLD, workers: false, waiting: { limit: 1 } })
  await watch.look()
  await fail(store, ['order 7 not found', 'order 8 not found'])
  await store.push([newJob({ queue: 'netsuite', availableAt: Date.now() - 60_000 })])
  await watch.look()
  return faena
}

describe('faena alerts', () => {
  test('lists what is wrong', async () => {
    const faena = await withAlerts()

    const { stdout, code } = await faena.call('alerts')

    expect(code).toBe(0)
    expect(stdout).toMatch(/ID +KEY +SUBJECT +STATE +SINCE +TOLD/)
    expect(stdout).toMatch(/failed:[0-9a-f]{16} +orders\.sync +open .* 2 × Error: order 8 not found/)
    expect(stdout).toMatch(/waiting:netsuite +netsuite +open/)
    expect(await faena.json('alerts', '--rule', 'waiting')).toMatchObject([
      { key: 'waiting:netsuite', rule: 'waiting', state: 'open', muted: false, detail: { jobs: 1 } },
    ])
    expect((await installation().call('alerts')).stdout).toContain('Nothing is wrong.')
  })

  test('mutes by key or id until a time, and unmutes, in the books', async () => {
    const faena = await withAlerts()

    const { stdout } = await faena.call('alerts', 'mute', 'waiting:netsuite', '--for', '4h')
    expect(stdout).toMatch(/Nothing is told of alert waiting:netsuite until \d{4}-.* UTC\./)
    const [alert] = (await faena.json('alerts', '--rule', 'waiting')) as [{ id: number; muted_until: string }]
    const left = Date.parse(alert.muted_until) - Date.now()
    expect(left).toBeGreaterThan(3.9 * 3_600_000)
    expect(left).toBeLessThanOrEqual(4 * 3_600_000)
    expect((await faena.call('alerts')).stdout).toContain('open, muted')
    expect(await faena.json('alerts', 'unmute', String(alert.id))).toMatchObject({ muted: false, muted_until: null })

    const { rows } = await (await faena.store()).audit({}, { limit: 10 })
    expect(rows.map(({ action, target, source }) => [action, target, source])).toEqual([
      ['alert.unmute', `alert:${alert.id}`, 'cli'],
      ['alert.mute', `alert:${alert.id}`, 'cli'],
    ])
  })

  test('notes who sees to it', async () => {
    const faena = await withAlerts()

    expect((await faena.call('alerts', 'ack', 'waiting:netsuite')).stdout).toContain(
      'Alert waiting:netsuite is seen to by',
    )
    expect(await faena.json('alerts', '--rule', 'waiting')).toMatchObject([{ acknowledged_by: expect.any(String) }])
    expect((await faena.call('alerts')).stdout).toContain('seen to by')
  })

  test('says what is not there, and what is not allowed', async () => {
    const faena = installation()

    expect(await faena.call('alerts', 'ack', 'waiting:nowhere')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('Alert waiting:nowhere not found'),
    })
    expect(await faena.call('alerts', 'silence', '1')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('mute'),
    })
    expect(await faena.call('alerts', 'mute')).toMatchObject({ code: 2, stderr: expect.stringContaining('which') })
    expect(await faena.call('alerts', 'test', 'ops')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('lists none'),
    })
  })
})

describe('faena alerts test', () => {
  test('tells the channel, and says whether it took it', async () => {
    const place = await receiver()
    const faena = installation({ FAENA_ALERT_ON_CALL_URL: place.url, FAENA_ALERT_ON_CALL_SECRET: SIGNING }, ALERTS)

    expect(await faena.call('alerts', 'test', 'on-call')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Channel on-call took the test after'),
    })
    expect(place.received[0]!.body).toContain('Una prueba')
    place.answer(403)
    expect(await faena.call('alerts', 'test', 'on-call')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('127.0.0.1 answered 403'),
    })
    expect(await faena.json('alerts', 'channels')).toEqual({
      channels: [{ name: 'on-call', type: 'webhook', rules: expect.arrayContaining(['failed']), language: 'es' }],
    })
  })

  test('and every other command show nothing of a secret', async () => {
    const faena = installation(
      { FAENA_ALERT_ON_CALL_URL: 'http://127.0.0.1:1/secret-path', FAENA_ALERT_ON_CALL_SECRET: SIGNING },
      ALERTS,
    )

    const printed: string[] = []
    for (const words of [['config'], ['config', '--json'], ['alerts', 'channels'], ['alerts', 'test', 'on-call']]) {
      const { stdout, stderr } = await faena.call(...words)
      printed.push(stdout, stderr)
    }

    expect(printed.join('')).toContain('on-call (webhook)')
    expect(printed.join('')).not.toMatch(/secret-path|whsec_/)
  })

  test('cannot be asked of a channel without its secret', async () => {
    const { code, stderr } = await installation({}, ALERTS).call('alerts', 'test', 'on-call')

    expect(code).toBe(2)
    expect(stderr).toContain('alerts.channels.on-call.url of faena.config.ts is undefined')
    expect(stderr).toContain('FAENA_ALERT_ON_CALL_URL may hold it')
  })
})
