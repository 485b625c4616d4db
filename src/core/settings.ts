import { type AlertSettings, alertSettings, secretVariables } from './alert-settings.ts'
import { DEFAULT_BACKOFF, type StoredBackoff } from './backoff.ts'
import { type ChosenStore, chosenStore, withOptions } from './chosen-store.ts'
import {
  CONFIG_FILE,
  type ErrorHook,
  type FaenaConfig,
  type JobSource,
  LOG_FORMATS,
  LOG_LEVELS,
  type LogFormat,
  type LogLevel,
  PUBLIC_KEY_ALGORITHMS,
  type PublicKeyAlgorithm,
  ROLES,
  type Role,
} from './config.ts'
import {
  backoffOf,
  HISTORY,
  type HistorySettings,
  historyOf,
  jobsOf,
  maskOf,
  schedulesOf,
  surfaceOf,
  telemetryOf,
} from './config-parts.ts'
import type { Duration } from './duration.ts'
import { type AnyJob, DEFAULT_QUEUE, wholeNumber } from './job.ts'
import { type PoolPlan, poolsOf, standardPool } from './pools.ts'
import { type ProcessPlan, processesOf } from './processes.ts'
import {
  bad,
  bytesOf,
  configured,
  durationOf,
  functionOf,
  listOf,
  mountOf,
  numberIn,
  oneOf,
  queuesOf,
  secretOf,
  textOf,
  textsOf,
} from './readers.ts'
import type { ConfiguredSchedule } from './schedule.ts'
import type { Telemetry } from './telemetry.ts'
import { retryAfterOf, type Tables, tablesOf } from './url-options.ts'
import { wallClock } from './wallclock.ts'

/** All settings, checked, with their defaults: what queues, workers, schedulers and the command line are made from. */
export interface Settings extends ChosenStore {
  queues: readonly string[]
  concurrency: number
  /** 0 = no limit. */
  tries: number
  /** 0 = none. */
  timeoutMs: number
  backoff: StoredBackoff
  leaseMs: number
  sleepMs: number
  maxPayloadBytes: number
  timezone: string
  /** As `surfacedFields` reads it; '' = none. */
  surface: string
  /** As `masker` reads it. */
  mask: string
  jobs: readonly AnyJob[]
  handlers: readonly string[]
  schedules: readonly ConfiguredSchedule[]
  history: HistorySettings
  data: string
  host: string
  port: number
  /** Path below which API and dashboard stand; '' = at the root. */
  mount: string
  jwtSecret: string | null
  defaultRole: Role
  /** PEM, or the path of a file that holds it. */
  jwtPublicKey: string | null
  jwtJwksUrl: string | null
  jwtAlgorithm: PublicKeyAlgorithm | null
  jwtKeyId: string | null
  jwtIssuer: string | null
  jwtAudience: string | null
  roleClaim: string
  corsOrigins: readonly string[]
  trustProxy: readonly string[]
  logLevel: LogLevel
  /** Null: by where standard output leads. */
  logFormat: LogFormat | null
  logFolder: string | null
  /** 0 = for ever. */
  logDays: number
  onError: ErrorHook | null
  telemetry: Telemetry | undefined
  alerts: AlertSettings
  pools: readonly PoolPlan[]
  processes: readonly ProcessPlan[]
  /** Where each setting that is not its default comes from: a variable's name, or `faena.config.ts`. */
  from: Readonly<Record<string, string>>
  /** Variables that look like misspelt settings. */
  warnings: readonly string[]
}

type Env = Record<string, string | undefined>

/** The variables Faena reads, beside Laravel's `DB_*`. */
const VARIABLES = {
  url: 'DATABASE_URL',
  connection: 'QUEUE_CONNECTION',
  data: 'FAENA_DATA',
  host: 'FAENA_HOST',
  port: 'FAENA_PORT',
  mount: 'FAENA_MOUNT',
  jwtSecret: 'FAENA_JWT_SECRET',
  defaultRole: 'FAENA_DEFAULT_ROLE',
  jwtPublicKey: 'FAENA_JWT_PUBLIC_KEY',
  jwtJwksUrl: 'FAENA_JWT_JWKS_URL',
  jwtAlgorithm: 'FAENA_JWT_ALGORITHM',
  jwtKeyId: 'FAENA_JWT_KEY_ID',
  jwtIssuer: 'FAENA_JWT_ISSUER',
  jwtAudience: 'FAENA_JWT_AUDIENCE',
  roleClaim: 'FAENA_ROLE_CLAIM',
  corsOrigins: 'FAENA_CORS_ORIGINS',
  trustProxy: 'FAENA_TRUST_PROXY',
  timezone: 'FAENA_TIMEZONE',
  surface: 'FAENA_SURFACE',
  mask: 'FAENA_MASK',
  lease: 'FAENA_LEASE',
  retryAfter: 'FAENA_RETRY_AFTER',
  logLevel: 'FAENA_LOG_LEVEL',
  logFormat: 'FAENA_LOG_FORMAT',
  logFolder: 'FAENA_LOG_FOLDER',
  logDays: 'FAENA_LOG_DAYS',
} as const

const CONFIG_KEYS =
  'url connection connections tables retryAfter queues concurrency tries timeout backoff lease sleep maxPayload timezone surface mask jobs handlers ' +
  'schedules history data host port mount defaultRole jwtPublicKey jwtJwksUrl jwtAlgorithm jwtKeyId jwtIssuer jwtAudience roleClaim ' +
  'corsOrigins trustProxy logLevel logFormat logFolder logDays onError telemetry pools processes alerts'
const MIB = 1024 * 1024

/**
 * Settings from the environment and `faena.config.ts`, the environment first. A variable that is empty counts as not set.
 * Throws BAD_CONFIGURATION that names the setting, its value (never a secret) and what is allowed.
 */
export function settingsFrom(env: Env, file: FaenaConfig = {}): Settings {
  checkKeys(file)
  const from: Record<string, string> = {}
  /** The first of variable, configuration and default, read; what it throws is the configuration's fault. */
  function setting<T>(key: keyof FaenaConfig | 'jwtSecret', standard: T, read: (value: unknown, name: string) => T): T {
    const variable = key in VARIABLES ? VARIABLES[key as keyof typeof VARIABLES] : undefined
    const text = variable && env[variable]?.trim()
    if (variable && text) {
      from[key] = variable
      return configured(() => read(text, variable))
    }
    const value = key === 'jwtSecret' ? undefined : file[key]
    if (value === undefined) return standard
    from[key] = CONFIG_FILE
    return configured(() => read(value, `${key} of ${CONFIG_FILE}`))
  }
  const duration = (key: keyof FaenaConfig, standard: number, least = 0, most = Number.POSITIVE_INFINITY) =>
    setting(key, standard, (value, name) => durationOf(value, name, least, most))
  const whole = (key: keyof FaenaConfig, standard: number, least: number, most: number) =>
    setting(key, standard, (value, name) =>
      wholeNumber(typeof value === 'string' ? numberIn(value) : value, least, most, name),
    )

  const optional = (key: keyof FaenaConfig) => setting<string | null>(key, null, textOf)

  const data = setting('data', '.faena', textOf)
  const tables = setting<Tables | undefined>('tables', undefined, tablesOf)
  const retryAfter = setting<Duration | undefined>('retryAfter', undefined, retryAfterOf)
  const chosen = chosenStore(env, file, setting, data, from)
  const timezone = setting('timezone', 'UTC', (value, name) => wallClock(value as string, name).zone)
  const alerts = setting('alerts', alertSettings(undefined, env, CONFIG_FILE), (value) =>
    alertSettings(value as FaenaConfig['alerts'], env, CONFIG_FILE),
  )
  const queues = setting('queues', [DEFAULT_QUEUE], queuesOf)
  const concurrency = whole('concurrency', 10, 1, 10_000)
  const forPools = { queues: from.queues === undefined ? undefined : queues, concurrency }
  return {
    ...chosen,
    url: chosen.sync
      ? chosen.url
      : withOptions(chosen.url, tables, retryAfter, from.retryAfter === VARIABLES.retryAfter),
    queues,
    concurrency,
    tries: whole('tries', 3, 0, 65_535),
    timeoutMs: duration('timeout', 60_000),
    backoff: setting('backoff', DEFAULT_BACKOFF, backoffOf),
    leaseMs: duration('lease', 30_000, 1_000, 3_600_000),
    sleepMs: duration('sleep', 3_000, 1, 3_600_000),
    maxPayloadBytes: setting('maxPayload', MIB, (value, name) => wholeNumber(bytesOf(value), 1_024, 64 * MIB, name)),
    timezone,
    surface: setting('surface', '', surfaceOf),
    mask: setting('mask', '', maskOf),
    jobs: setting('jobs', [], (value) => jobsOf(value as JobSource)),
    handlers: setting('handlers', [], (value, name) => listOf(value).map((glob) => textOf(glob, name))),
    schedules: setting('schedules', [], (value) => schedulesOf(value, timezone)),
    history: setting('history', HISTORY, historyOf),
    data,
    host: setting('host', '127.0.0.1', textOf),
    port: whole('port', 8_080, 0, 65_535),
    mount: setting('mount', '', mountOf),
    jwtSecret: setting('jwtSecret', null, secretOf),
    defaultRole: setting('defaultRole', 'viewer', (value, name) => oneOf(ROLES, value, name)),
    jwtPublicKey: optional('jwtPublicKey'),
    jwtJwksUrl: optional('jwtJwksUrl'),
    jwtAlgorithm: setting('jwtAlgorithm', null, (value, name) => oneOf(PUBLIC_KEY_ALGORITHMS, value, name)),
    jwtKeyId: optional('jwtKeyId'),
    jwtIssuer: optional('jwtIssuer'),
    jwtAudience: optional('jwtAudience'),
    roleClaim: setting('roleClaim', 'role', textOf),
    corsOrigins: setting('corsOrigins', [], textsOf),
    trustProxy: setting('trustProxy', [], textsOf),
    logLevel: setting('logLevel', 'info', (value, name) => oneOf(LOG_LEVELS, value, name)),
    logFormat: setting<LogFormat | null>('logFormat', null, (value, name) => oneOf(LOG_FORMATS, value, name)),
    logFolder: optional('logFolder'),
    logDays: whole('logDays', 14, 0, 36_500),
    telemetry: setting<Telemetry | undefined>('telemetry', undefined, telemetryOf),
    onError: setting<ErrorHook | null>('onError', null, functionOf),
    alerts,
    pools: setting('pools', [standardPool(forPools)], (value, name) => poolsOf(value, name, forPools)),
    processes: setting('processes', [], processesOf),
    from,
    warnings: misspelt(env, secretVariables(alerts.channels)),
  }
}

function checkKeys(file: FaenaConfig): void {
  if (typeof file !== 'object' || file === null) throw bad(CONFIG_FILE, file, 'a default export made by defineConfig')
  const unknown = Object.keys(file).find((key) => !CONFIG_KEYS.split(' ').includes(key))
  if (unknown !== undefined) throw bad(`a setting of ${CONFIG_FILE}`, unknown, CONFIG_KEYS.replaceAll(' ', ', '))
}

/** Variables that begin as ours do and that nobody reads: most likely a setting that has no effect. */
function misspelt(env: Env, ofChannels: readonly string[]): string[] {
  const known: string[] = Object.values(VARIABLES)
  const read = [...known, ...ofChannels]
  const unread = Object.keys(env).filter((name) => /^FAENA_/.test(name) && !read.includes(name))
  return unread.map(
    (name) => `${name} is not a setting; those are ${known.filter((one) => one.startsWith('FAENA_')).join(', ')}`,
  )
}
