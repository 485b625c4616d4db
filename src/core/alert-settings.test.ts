import { describe, expect, test } from 'vitest'
import type { AlertsConfig } from './alert-config.ts'
import { alertSettings } from './alert-settings.ts'
import { settingsFrom } from './settings.ts'

const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`
const HOOK = 'https://hooks.example.com/services/T0/B0/very-secret'
const read = (config: AlertsConfig, env: Record<string, string> = {}) => alertSettings(config, env, 'faena.config.ts')

function refusal(config: unknown, env: Record<string, string> = {}): string {
  try {
    read(config as AlertsConfig, env)
  } catch (error) {
    expect(error).toMatchObject({ code: 'BAD_CONFIGURATION' })
    return (error as Error).message
  }
  throw new Error('it was taken')
}

describe('alerts of a configuration', () => {
  test('watch for everything and tell nobody, where nothing is said', () => {
    expect(settingsFrom({}).alerts).toMatchObject({
      on: true,
      language: 'en',
      everyMs: 20_000,
      failed: { every: 0, digestMs: 3_600_000 },
      waiting: { limitMs: 300_000 },
      workers: { afterMs: 60_000, queues: [] },
      rate: { above: 0.5, overMs: 600_000, attempts: 20 },
      schedules: { lateMs: 300_000 },
      remindMs: 14_400_000,
      resolved: true,
      perHour: 30,
      channels: [],
    })
    expect(settingsFrom({}, { alerts: false }).alerts.on).toBe(false)
  })

  test('have rules of their own for a job and a queue, and may leave one out', () => {
    const { failed, waiting, rate, schedules } = read({
      failed: { digest: '10m', jobs: { 'orders.sync': { every: 100 }, noise: false } },
      waiting: { limit: '1m', queues: { slow: '1h', batch: false } },
      rate: false,
      schedules: false,
    })

    expect(failed).toMatchObject({ every: 0, digestMs: 600_000 })
    expect([...failed!.jobs]).toEqual([
      ['orders.sync', { every: 100, digestMs: 600_000 }],
      ['noise', null],
    ])
    expect([...waiting!.queues]).toEqual([
      ['slow', 3_600_000],
      ['batch', null],
    ])
    expect([rate, schedules]).toEqual([null, null])
  })

  test('take the secrets of channels from the environment first', () => {
    const channels = {
      'on-call': { type: 'slack', url: 'https://old.example.com/' },
      hook: { type: 'webhook' },
      chat: { type: 'telegram', chat: -100_123 },
    } as const
    const env = {
      FAENA_ALERT_ON_CALL_URL: HOOK,
      FAENA_ALERT_HOOK_URL: HOOK,
      FAENA_ALERT_HOOK_SECRET: SECRET,
      FAENA_ALERT_CHAT_TOKEN: '123456:ABC-DEF1234ghIkl',
    }

    const settings = settingsFrom(env, { alerts: { language: 'es', channels } })

    expect(settings.alerts.channels).toMatchObject([
      { name: 'on-call', type: 'slack', url: HOOK, language: 'es' },
      { name: 'hook', type: 'webhook', url: HOOK, secret: SECRET },
      { name: 'chat', type: 'telegram', chat: '-100123', url: 'https://api.telegram.org' },
    ])
    expect(settings.warnings).toEqual([])
    expect(settingsFrom({ ...env, FAENA_ALERT_OPS_URL: HOOK }, { alerts: { channels } }).warnings).toEqual([
      expect.stringContaining('FAENA_ALERT_OPS_URL is not a setting'),
    ])
  })

  test('reach http only where it is named', () => {
    const channels = { ops: { type: 'slack', url: 'http://10.0.0.7/hook' } } as const
    expect(read({ channels, allowPrivate: ['10.0.0.0/8'] }).channels).toHaveLength(1)
    expect(refusal({ channels })).toBe(
      'channels.ops.url'.replace(/^/, 'alerts.') +
        ' of faena.config.ts is "***"; allowed: an https address (http only to what allowPrivate names)',
    )
  })

  test.each([
    [{ langauge: 'es' }, 'langauge', 'language'],
    [{ language: 'fr' }, '"fr"', 'en, es'],
    [{ every: '1ms' }, 'alerts.every', '600 s'],
    [{ failed: { every: -1 } }, 'alerts.failed.every', '-1'],
    [{ failed: { jobs: { a: { digest: 'soon' } } } }, 'alerts.failed.jobs.a.digest', '"soon"'],
    [{ waiting: { limit: 0 } }, 'alerts.waiting.limit', '0'],
    [{ rate: { above: 1 } }, 'alerts.rate.above', '0 to below 1'],
    [{ workers: { queue: 'a' } }, 'queue', 'after, queues'],
    [{ perHour: 0 }, 'alerts.perHour', '0'],
    [{ panel: 'queue.example.com' }, 'alerts.panel', 'https://queue.example.com'],
    [{ allowPrivate: ['*.lan'] }, 'alerts.allowPrivate', '10.0.0.0/8'],
    [{ channels: { Ops: { type: 'slack', url: HOOK } } }, 'alerts.channels.Ops', 'small letters'],
    [{ channels: { ops: { type: 'pager' } } }, 'alerts.channels.ops.type', 'email, slack, teams'],
    [{ channels: { ops: { type: 'slack' } } }, 'alerts.channels.ops.url', 'FAENA_ALERT_OPS_URL may hold it'],
    [{ channels: { ops: { type: 'slack', url: HOOK, to: 'x' } } }, '"to"', 'type, rules, language, url'],
    [
      { channels: { ops: { type: 'slack', url: HOOK, rules: ['all'] } } },
      'alerts.channels.ops.rules',
      'failed, waiting',
    ],
    [{ channels: { ops: { type: 'function', send: 'x' } } }, 'alerts.channels.ops.send', 'a function'],
    [{ channels: { ops: { type: 'telegram', token: '1:abcdefghijk', chat: 'ops team' } } }, 'chat', '@channel'],
    [{ channels: { ops: { type: 'email', from: 'ops', to: 'a@b.co', url: 'smtp://mail' } } }, '.from', '"ops"'],
    [{ channels: { ops: { type: 'email', from: 'a@b.co', to: [], url: 'smtp://mail' } } }, '.to', '1 to 50 addresses'],
  ])('%j is refused by its name, with what is allowed', (config, name, allowed) => {
    const text = refusal(config)

    expect(text).toContain(name)
    expect(text).toContain(allowed)
  })

  test.each([
    'a@b.co>\r\nBcc: <c@d.co',
    'a@b.co, c@d.co',
    '"x y"@b.co',
    'a@[127.0.0.1]',
    'Ops a@b.co>',
    'Ops <a@b.co',
    'a@b.co\n',
    'ops@example.com.evil\u202e.com',
  ])('%j is no address of a recipient', (to) => {
    expect(refusal({ channels: { ops: { type: 'email', from: 'a@b.co', to, url: 'smtp://mail' } } })).toContain('.to')
  })

  test.each([
    [{ type: 'slack', url: 'https://user:hunter2@hooks.example.com/' }, 'hunter2'],
    [{ type: 'slack', url: 'ftp://hooks.example.com/very-secret' }, 'very-secret'],
    [{ type: 'webhook', url: HOOK, secret: 'whsec_c2hvcnQ=' }, 'c2hvcnQ'],
    [{ type: 'telegram', token: 'not a token', chat: 1 }, 'not a token'],
    [{ type: 'email', url: 'http://user:hunter2@mail', from: 'a@b.co', to: 'a@b.co' }, 'hunter2'],
  ])('%j is refused without its secret being shown', (channel, secret) => {
    expect(refusal({ channels: { ops: channel } })).not.toContain(secret)
    const url = (channel as { url?: string }).url
    if (url !== undefined) {
      expect(
        refusal({ channels: { ops: { ...channel, url: undefined } } }, { FAENA_ALERT_OPS_URL: url }),
      ).not.toContain(secret)
    }
  })
})
