import { spoken } from '../core/duration.ts'
import type { Settings } from '../core/settings.ts'
import { maskedUrl } from '../core/url.ts'
import type { Configuration } from './config.ts'

export interface SettingRow {
  name: string
  value: unknown
  /** As people read it. */
  shown: string
  source: string
}

/** All settings in force and where each comes from; secrets and passwords are masked. */
export function settingRows({ settings, envFile }: Configuration): SettingRow[] {
  const source = (name: string) => {
    const from = settings.from[name]
    if (from === undefined) return 'default'
    return envFile.has(from) ? `${from} (.env)` : from
  }
  const row = (
    name: keyof Settings & string,
    value: unknown,
    shown = textOf(value),
    key: string = name,
  ): SettingRow => ({
    name,
    value,
    shown,
    source: source(key),
  })
  const ms = (name: keyof Settings & string, key: string, value: number, none = '0') =>
    row(name, value, value === 0 ? none : spoken(value), key)
  const { history } = settings
  return [
    row('connection', settings.connection),
    row(
      'url',
      settings.sync ? null : maskedUrl(settings.url),
      settings.sync ? 'none (sync runs jobs at their dispatch)' : maskedUrl(settings.url),
    ),
    row('queues', settings.queues),
    row('concurrency', settings.concurrency),
    row('tries', settings.tries, settings.tries === 0 ? 'no limit' : String(settings.tries)),
    ms('timeoutMs', 'timeout', settings.timeoutMs, 'none'),
    row('backoff', settings.backoff, backoffText(settings.backoff)),
    ms('leaseMs', 'lease', settings.leaseMs),
    ms('sleepMs', 'sleep', settings.sleepMs),
    row('maxPayloadBytes', settings.maxPayloadBytes, `${settings.maxPayloadBytes} bytes`, 'maxPayload'),
    row('timezone', settings.timezone),
    row('surface', settings.surface, settings.surface === '' ? 'none' : settings.surface),
    row(
      'jobs',
      settings.jobs.map(({ name }) => name),
    ),
    row('handlers', settings.handlers),
    row(
      'schedules',
      settings.schedules.map(({ key }) => key),
    ),
    row(
      'history',
      history,
      `${history.options.keep ?? 'sampled'}, ${spoken(history.retentionMs)}, ${history.perSecond} per second; metrics ${spoken(history.metricsMs)}`,
    ),
    row('data', settings.data),
    row('host', settings.host),
    row('port', settings.port),
    row('mount', settings.mount, settings.mount === '' ? 'none' : settings.mount),
    row('jwtSecret', settings.jwtSecret === null ? null : '***', settings.jwtSecret === null ? 'none' : '***'),
    row('defaultRole', settings.defaultRole),
    row('jwtPublicKey', settings.jwtPublicKey, shortText(settings.jwtPublicKey)),
    ...(['jwtJwksUrl', 'jwtAlgorithm', 'jwtKeyId', 'jwtIssuer', 'jwtAudience'] as const).map((name) =>
      row(name, settings[name], settings[name] ?? 'none'),
    ),
    row('roleClaim', settings.roleClaim),
    row('corsOrigins', settings.corsOrigins),
    row('trustProxy', settings.trustProxy),
    row('logLevel', settings.logLevel),
    row('logFormat', settings.logFormat, settings.logFormat ?? 'pretty on a terminal, else json'),
    row('logFolder', settings.logFolder, settings.logFolder ?? 'none'),
    row('logDays', settings.logDays, settings.logDays === 0 ? 'for ever' : String(settings.logDays)),
    row('telemetry', settings.telemetry !== undefined, settings.telemetry === undefined ? 'none' : 'on'),
    row('onError', settings.onError !== null, settings.onError === null ? 'none' : 'a function'),
    row('alerts', alertsShown(settings), alertsText(settings)),
  ]
}

/** A key in PEM form takes many lines. */
function shortText(text: string | null): string {
  return text === null ? 'none' : (text.split('\n', 1)[0] ?? '')
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(', ')
  return String(value)
}

function backoffText(backoff: Settings['backoff']): string {
  if (Array.isArray(backoff)) return backoff.map(spoken).join(', ')
  const { base, factor, max, jitter } = backoff
  return `${spoken(base)}, times ${factor} up to ${spoken(max)}, ± ${Math.round(jitter * 100)} %`
}

/** Which rules are on and who is told: names and kinds, nothing that a secret could stand in. */
function alertsShown({ alerts }: Settings) {
  if (!alerts.on) return null
  const rules = (['failed', 'waiting', 'workers', 'rate', 'schedules'] as const).filter((rule) => alerts[rule] !== null)
  return { rules, channels: alerts.channels.map(({ name, type }) => ({ name, type })) }
}

function alertsText(settings: Settings): string {
  const shown = alertsShown(settings)
  if (shown === null) return 'off'
  const channels = shown.channels.map(({ name, type }) => `${name} (${type})`)
  return `${shown.rules.join(', ')}; ${channels.length === 0 ? 'nobody is told' : `told: ${channels.join(', ')}`}`
}
