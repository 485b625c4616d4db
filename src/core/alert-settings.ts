import type { AlertsConfig, ChannelConfig } from './alert-config.ts'
import type { Duration } from './duration.ts'
import { wholeNumber } from './job.ts'
import { type Reachable, reachable } from './networks.ts'
import { ALERT_LANGUAGES, ALERT_RULES, type AlertLanguage, type AlertRule } from './notice.ts'
import { bad, configured, durationOf, listOf, oneOf, textOf, textsOf } from './readers.ts'

/** `alerts`, checked, with its defaults. A rule that is null is off. Times in ms. */
export interface AlertSettings {
  /** Whether anything is watched for. */
  on: boolean
  language: AlertLanguage
  name: string | null
  /** Without a slash at its end. */
  panel: string | null
  everyMs: number
  failed: (FailedSettings & { jobs: ReadonlyMap<string, FailedSettings | null> }) | null
  waiting: { limitMs: number; queues: ReadonlyMap<string, number | null> } | null
  workers: { afterMs: number; queues: readonly string[] } | null
  rate: { above: number; overMs: number; attempts: number; queues: ReadonlyMap<string, number | null> } | null
  schedules: { lateMs: number } | null
  /** 0 = never. */
  remindMs: number
  resolved: boolean
  perHour: number
  reachable: Reachable
  channels: readonly ChannelSettings[]
}

export interface FailedSettings {
  /** 0 = by time alone. */
  every: number
  digestMs: number
}

export type ChannelSettings = {
  name: string
  rules: readonly AlertRule[]
  language: AlertLanguage
} & (
  | { type: 'email'; url: string; from: string; to: readonly string[] }
  | { type: 'slack' | 'teams' | 'discord'; url: string }
  | { type: 'telegram'; token: string; chat: string; url: string }
  | { type: 'webhook'; url: string; secret: string }
  | { type: 'function'; send: Extract<ChannelConfig, { type: 'function' }>['send'] }
)

type Env = Readonly<Record<string, string | undefined>>

const CHANNEL_TYPES = ['email', 'slack', 'teams', 'discord', 'telegram', 'webhook', 'function'] as const
const CHANNEL_NAME = /^[a-z][a-z0-9-]{0,31}$/
/** An address, or a name and an address: nothing that a mail program could read in another way. */
const ADDRESS =
  /^(?:[^<>"@,;:\\()[\]\p{Cc}]{1,100} <)?[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?>?$/iu
const TELEGRAM = 'https://api.telegram.org'

/** Reads `alerts` of the configuration; secrets of its channels from the environment, which wins. Throws BAD_CONFIGURATION. */
export function alertSettings(given: false | AlertsConfig | undefined, env: Env, file: string): AlertSettings {
  return configured(() => read(given, env, file))
}

function read(given: false | AlertsConfig | undefined, env: Env, file: string): AlertSettings {
  const at = (field: string) => `alerts.${field} of ${file}`
  const config = given === false || given === undefined ? {} : given
  const known =
    'language name panel every failed waiting workers rate schedules remind resolved perHour allowPrivate channels'
  checkKeys(config, known, `alerts of ${file}`)
  const { failed = {}, waiting = {}, workers = {}, rate = {}, schedules = {}, channels = {} } = config
  const language = config.language === undefined ? 'en' : oneOf(ALERT_LANGUAGES, config.language, at('language'))
  const allowed = reachableFrom(config.allowPrivate ?? [], at('allowPrivate'))
  const duration = (value: Duration | undefined, standard: number, field: string, least = 0) =>
    value === undefined ? standard : durationOf(value, at(field), least, YEAR)
  return {
    on: given !== false,
    language,
    name: config.name === undefined ? null : textOf(config.name, at('name')),
    panel: config.panel === undefined ? null : panelOf(config.panel, at('panel')),
    everyMs: config.every === undefined ? 20_000 : durationOf(config.every, at('every'), 100, 600_000),
    failed: failed === false ? null : failedRules(failed, at),
    waiting: waiting === false ? null : waitingRule(waiting, at),
    workers: workers === false ? null : workersRule(workers, at),
    rate: rate === false ? null : rateRule(rate, at),
    schedules: schedules === false ? null : scheduleRule(schedules, at),
    remindMs: duration(config.remind, 4 * HOUR, 'remind'),
    resolved: config.resolved === undefined ? true : yesOrNo(config.resolved, at('resolved')),
    perHour: wholeNumber(config.perHour ?? 30, 1, 3_600, at('perHour')),
    reachable: allowed,
    channels: Object.entries(objectOf(channels, at('channels'))).map(([name, channel]) =>
      channelOf(name, channel as ChannelConfig, { env, language, allowed, at: (field) => at(`channels.${field}`) }),
    ),
  }
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const YEAR = 366 * 24 * HOUR

type At = (field: string) => string

function failedRules(rule: Exclude<AlertsConfig['failed'], false | undefined>, at: At): AlertSettings['failed'] {
  checkKeys(rule, 'every digest jobs', at('failed'))
  const read = ({ every, digest }: { every?: number; digest?: Duration }, standard: FailedSettings, field: string) => ({
    every: every === undefined ? standard.every : wholeNumber(every, 0, 1_000_000_000, at(`${field}.every`)),
    digestMs: digest === undefined ? standard.digestMs : durationOf(digest, at(`${field}.digest`), 1, YEAR),
  })
  const general = read(rule, { every: 0, digestMs: HOUR }, 'failed')
  const jobs = Object.entries(objectOf(rule.jobs ?? {}, at('failed.jobs'))).map(([name, own]) => {
    const field = `failed.jobs.${name}`
    if (own === false) return [name, null] as const
    checkKeys(own, 'every digest', at(field))
    return [name, read(own, general, field)] as const
  })
  return { ...general, jobs: new Map(jobs) }
}

function waitingRule(rule: Exclude<AlertsConfig['waiting'], false | undefined>, at: At): AlertSettings['waiting'] {
  checkKeys(rule, 'limit queues', at('waiting'))
  const limit = (value: Duration, field: string) => durationOf(value, at(field), 1, YEAR)
  const queues = Object.entries(objectOf(rule.queues ?? {}, at('waiting.queues')))
  return {
    limitMs: rule.limit === undefined ? 5 * MINUTE : limit(rule.limit, 'waiting.limit'),
    queues: new Map(queues.map(([name, own]) => [name, own === false ? null : limit(own, `waiting.queues.${name}`)])),
  }
}

function workersRule(rule: Exclude<AlertsConfig['workers'], false | undefined>, at: At): AlertSettings['workers'] {
  checkKeys(rule, 'after queues', at('workers'))
  return {
    afterMs: rule.after === undefined ? MINUTE : durationOf(rule.after, at('workers.after'), 1, YEAR),
    queues: rule.queues === undefined ? [] : textsOf(rule.queues, at('workers.queues')),
  }
}

function rateRule(rule: Exclude<AlertsConfig['rate'], false | undefined>, at: At): AlertSettings['rate'] {
  checkKeys(rule, 'above over attempts queues', at('rate'))
  const share = (value: unknown, field: string) => {
    if (typeof value === 'number' && value >= 0 && value < 1) return value
    throw bad(at(field), value, 'a share from 0 to below 1, as 0.25')
  }
  const queues = Object.entries(objectOf(rule.queues ?? {}, at('rate.queues')))
  return {
    above: rule.above === undefined ? 0.5 : share(rule.above, 'rate.above'),
    overMs: rule.over === undefined ? 10 * MINUTE : durationOf(rule.over, at('rate.over'), MINUTE, 24 * HOUR),
    attempts: wholeNumber(rule.attempts ?? 20, 1, 1_000_000, at('rate.attempts')),
    queues: new Map(queues.map(([name, own]) => [name, own === false ? null : share(own, `rate.queues.${name}`)])),
  }
}

function scheduleRule(rule: Exclude<AlertsConfig['schedules'], false | undefined>, at: At): AlertSettings['schedules'] {
  checkKeys(rule, 'late', at('schedules'))
  return { lateMs: rule.late === undefined ? 5 * MINUTE : durationOf(rule.late, at('schedules.late'), 1, YEAR) }
}

interface ChannelReader {
  env: Env
  language: AlertLanguage
  allowed: Reachable
  at: At
}

const FIELDS: Record<(typeof CHANNEL_TYPES)[number], string> = {
  email: 'url from to',
  slack: 'url',
  teams: 'url',
  discord: 'url',
  telegram: 'token chat url',
  webhook: 'url secret',
  function: 'send',
}

function channelOf(name: string, given: ChannelConfig, { env, language, allowed, at }: ChannelReader): ChannelSettings {
  if (!CHANNEL_NAME.test(name)) {
    throw bad(at(name), name, 'a name of small letters, digits and -, a letter first, at most 32')
  }
  const field = (key: string) => at(`${name}.${key}`)
  const channel = objectOf(given, at(name)) as ChannelConfig
  const type = oneOf(CHANNEL_TYPES, channel.type, field('type'))
  checkKeys(channel, `type rules language ${FIELDS[type]}`, at(name))
  const common = {
    name,
    rules:
      channel.rules === undefined
        ? ALERT_RULES
        : listOf(channel.rules).map((rule) => oneOf(ALERT_RULES, rule, field('rules'))),
    language: channel.language === undefined ? language : oneOf(ALERT_LANGUAGES, channel.language, field('language')),
  }
  /** From the environment, else from the configuration; never shown, whatever is wrong with it. */
  const secret = (
    key: 'url' | 'secret' | 'token',
    fits: (value: string) => boolean,
    form: string,
    standard?: string,
  ) => {
    const variable = secretVariable(name, key)
    const text = env[variable]?.trim()
    const value = text || (channel as unknown as Record<string, unknown>)[key] || standard
    if (value === undefined || value === '') throw bad(field(key), value, `${form}; ${variable} may hold it`)
    if (typeof value === 'string' && fits(value)) return value
    throw bad(text ? variable : field(key), '***', form)
  }
  const web = (standard?: string) =>
    secret(
      'url',
      (value) => isWebAddress(value, allowed),
      'an https address (http only to what allowPrivate names)',
      standard,
    )
  switch (channel.type) {
    case 'email':
      return {
        ...{ ...common, type: 'email' as const, from: addressOf(channel.from, field('from')) },
        url: secret('url', isMailServer, 'smtp://user:password@host:587 or smtps://user:password@host:465'),
        to: recipientsOf(channel.to, field('to')),
      }
    case 'telegram':
      return {
        ...{ ...common, type: 'telegram' as const, url: web(TELEGRAM), chat: chatOf(channel.chat, field('chat')) },
        token: secret('token', (value) => /^\d{1,20}:[\w-]{10,100}$/.test(value), "a bot's token, as 123456:ABC-DEF…"),
      }
    case 'webhook':
      return {
        ...{ ...common, type: 'webhook' as const, url: web() },
        secret: secret('secret', isSigningSecret, 'whsec_ and 24 to 64 bytes in base64'),
      }
    case 'function':
      if (typeof channel.send === 'function') return { ...common, type: 'function', send: channel.send }
      throw bad(field('send'), channel.send, 'a function')
    default:
      return { ...common, type: channel.type, url: web() }
  }
}

/** The variable that holds a channel's secret: `FAENA_ALERT_ON_CALL_URL`. */
export function secretVariable(channel: string, key: 'url' | 'secret' | 'token'): string {
  return `FAENA_ALERT_${channel}_${key}`.toUpperCase().replaceAll('-', '_')
}

/** All variables that these channels may be read from. */
export function secretVariables(channels: readonly { name: string }[]): string[] {
  return channels.flatMap(({ name }) => (['url', 'secret', 'token'] as const).map((key) => secretVariable(name, key)))
}

function isWebAddress(text: string, allowed: Reachable): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.username !== '' || url.password !== '') return false
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return url.protocol === 'https:' || (url.protocol === 'http:' && (allowed.host(host) || allowed.address(host)))
}

function isMailServer(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url !== undefined && ['smtp:', 'smtps:'].includes(url.protocol) && url.hostname !== ''
}

function isSigningSecret(text: string): boolean {
  const base64 = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text)?.[1]
  const bytes = base64 === undefined ? 0 : Buffer.from(base64, 'base64').length
  return bytes >= 24 && bytes <= 64
}

function addressOf(value: unknown, name: string): string {
  if (typeof value === 'string' && ADDRESS.test(value) && value.includes('<') === value.endsWith('>')) return value
  throw bad(name, value, 'an address, as ops@example.com or Ops <ops@example.com>')
}

function recipientsOf(value: unknown, name: string): string[] {
  const list = (Array.isArray(value) ? value : [value]).map((one) => addressOf(one, name))
  if (list.length > 0 && list.length <= 50) return list
  throw bad(name, value, '1 to 50 addresses')
}

function chatOf(value: unknown, name: string): string {
  if (/^(-?\d{1,20}|@\w{1,64})$/.test(String(value))) return String(value)
  throw bad(name, value, "a chat's number, or @channel")
}

function reachableFrom(value: unknown, name: string): Reachable {
  const entries = textsOf(value, name)
  const found = reachable(entries)
  if (found !== undefined) return found
  throw bad(name, entries, 'names of hosts, addresses and networks, as hooks.lan, 127.0.0.1, 10.0.0.0/8')
}

function panelOf(value: unknown, name: string): string {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  if (url !== undefined && ['http:', 'https:'].includes(url.protocol)) return String(value).replace(/\/+$/, '')
  throw bad(name, value, 'the address of the panel, as https://queue.example.com')
}

function yesOrNo(value: unknown, name: string): boolean {
  if (typeof value === 'boolean') return value
  throw bad(name, value, 'true, false')
}

function objectOf(value: unknown, name: string): object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw bad(name, value, 'an object')
}

function checkKeys(value: object, known: string, name: string): void {
  const unknown = Object.keys(objectOf(value, name)).find((key) => !known.split(' ').includes(key))
  if (unknown !== undefined) throw bad(`a setting of ${name}`, unknown, known.replaceAll(' ', ', '))
}
