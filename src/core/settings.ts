import { type AlertSettings, alertSettings, secretVariables } from './alert-settings.ts'
import { DEFAULT_BACKOFF, type StoredBackoff, storedBackoff } from './backoff.ts'
import {
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
import { type Duration, milliseconds } from './duration.ts'
import { isHandler, isJob } from './handler.ts'
import { type HistoryOptions, historyRules } from './history.ts'
import { type AnyJob, DEFAULT_QUEUE, queueName, wholeNumber } from './job.ts'
import { masker } from './mask.ts'
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
  secretOf,
  textOf,
  textsOf,
} from './readers.ts'
import { type ConfiguredSchedule, checkSchedule } from './schedule.ts'
import { surfacedFields } from './surface.ts'
import type { Telemetry } from './telemetry.ts'
import { asPath, laravelUrl, parseUrl } from './url.ts'
import { retryAfterOf, type Tables, tablesOf, urlWith } from './url-options.ts'
import { wallClock } from './wallclock.ts'

/** All settings, checked, with their defaults: what queues, workers, schedulers and the command line are made from. */
export interface Settings {
  /** `database`, `sync` or the name of a configured connection; what `failed_jobs.connection` holds. */
  connection: string
  /** Whether jobs run at their dispatch. */
  sync: boolean
  /** Of the store; checked by its form alone, and not at all with `sync`, which opens none. */
  url: string
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
  history: { retentionMs: number; perSecond: number; metricsMs: number; options: HistoryOptions }
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
const FILE = 'faena.config.ts'
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
    from[key] = FILE
    return configured(() => read(value, `${key} of ${FILE}`))
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
  const chosen = store(env, file, setting, data, from)
  const timezone = setting('timezone', 'UTC', (value, name) => wallClock(value as string, name).zone)
  const alerts = setting('alerts', alertSettings(undefined, env, FILE), (value) =>
    alertSettings(value as FaenaConfig['alerts'], env, FILE),
  )
  const queues = setting('queues', [DEFAULT_QUEUE], queuesOf)
  const concurrency = whole('concurrency', 10, 1, 10_000)
  const forPools = { queues: from.queues === undefined ? undefined : queues, concurrency }
  return {
    ...chosen,
    url: chosen.sync ? chosen.url : withOptions(chosen.url, tables, retryAfter, from),
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

/** Which store: the named connection's, else DATABASE_URL, else `url`, else Laravel's DB_* where QUEUE_CONNECTION=database asks for it. */
function store(
  env: Env,
  file: FaenaConfig,
  setting: <T>(key: 'connection' | 'url', standard: T, read: (value: unknown, name: string) => T) => T,
  data: string,
  from: Record<string, string>,
): Pick<Settings, 'connection' | 'sync' | 'url'> {
  const others = connectionsOf(file.connections)
  const names = ['database', 'sync', ...others.keys()]
  const connection = setting('connection', 'database', (value, name) => oneOf(names, value, name))
  const sync = connection === 'sync'
  const named = others.get(connection)
  if (named !== undefined) {
    from.url = FILE
    return { connection, sync, url: named }
  }
  const given = setting<string | undefined>('url', undefined, (value, name) => {
    if (!sync) parseUrl(textOf(value, name), name)
    return value as string
  })
  const shared = given === undefined && !sync && from.connection !== undefined ? laravelUrl(env) : undefined
  if (shared !== undefined) from.url = 'DB_CONNECTION'
  return { connection, sync, url: given ?? shared ?? `sqlite:${asPath(data)}/faena.db` }
}

/** What is said of every store becomes part of its URL, which processes and threads are given. */
function withOptions(
  url: string,
  tables: Tables | undefined,
  retryAfter: Duration | undefined,
  from: Readonly<Record<string, string>>,
): string {
  const { kind } = parseUrl(url)
  if (kind === 'memory' || kind === 'redis') return url
  if (kind === 'sqlite' && tables !== undefined && Object.keys(tables).length > 0)
    throw bad(`tables of ${FILE}`, tables, 'none for SQLite, whose tables have the names of Laravel')
  const whole = urlWith(urlWith(url, { tables }, false), { retryAfter }, from.retryAfter === VARIABLES.retryAfter)
  parseUrl(whole)
  return whole
}

function connectionsOf(connections: FaenaConfig['connections'] = {}): Map<string, string> {
  const found = new Map<string, string>()
  for (const [name, value] of Object.entries(connections)) {
    const where = `connections.${name} of ${FILE}`
    if (name === 'database' || name === 'sync')
      throw bad('a connection', name, `another name: ${name} stands for itself (use url)`)
    const url = textOf(typeof value === 'object' && value !== null ? value.url : value, where)
    parseUrl(url, where)
    found.set(name, url)
  }
  return found
}

const HISTORY: Settings['history'] = {
  ...{ retentionMs: 86_400_000, perSecond: 20, metricsMs: 14 * 86_400_000 },
  options: {},
}

function historyOf(value: unknown, name: string): Settings['history'] {
  const keys = 'retention, perSecond, metrics, keep, queues'
  if (typeof value !== 'object' || value === null) throw bad(name, value, `an object of ${keys}`)
  const { retention, perSecond, metrics, keep, queues, ...rest } = value as NonNullable<FaenaConfig['history']>
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw bad(name, unknown, keys)
  const options = { keep, retention, queues }
  return {
    retentionMs: historyRules(options, 'history').pruneMs,
    perSecond: wholeNumber(perSecond ?? HISTORY.perSecond, 0, 10_000, `history.perSecond of ${FILE}`),
    metricsMs: metrics === undefined ? HISTORY.metricsMs : milliseconds(metrics, `history.metrics of ${FILE}`),
    options,
  }
}

function jobsOf(sources: JobSource | readonly JobSource[]): AnyJob[] {
  const jobs = new Map<string, AnyJob>()
  for (const source of Array.isArray(sources) ? sources : [sources]) {
    if (typeof source !== 'object' || source === null) {
      throw bad(`jobs of ${FILE}`, source, 'definitions made by defineJob, or modules that export them')
    }
    const found = definitionsIn(source)
    if (found.length === 0)
      throw bad(`jobs of ${FILE}`, Object.keys(source), 'a module that exports a definition made by defineJob')
    for (const job of found) {
      const known = jobs.get(job.name)
      if (known !== undefined && known !== job)
        throw bad(`jobs of ${FILE}`, job.name, 'one definition per name; two have this one')
      jobs.set(job.name, job)
    }
  }
  return [...jobs.values()]
}

function definitionsIn(source: JobSource): AnyJob[] {
  return [source, ...Object.values(source)].flatMap((value) =>
    isJob(value) ? [value] : isHandler(value) ? [value.job] : [],
  )
}

function schedulesOf(value: unknown, timezone: string): ConfiguredSchedule[] {
  if (!Array.isArray(value)) throw bad(`schedules of ${FILE}`, value, 'a list')
  const schedules = value.map((definition) => checkSchedule(definition ?? {}, timezone))
  const keys = schedules.map(({ key }) => key)
  const twice = keys.find((key, at) => keys.indexOf(key) !== at)
  if (twice !== undefined)
    throw bad(`schedules of ${FILE}`, twice, 'one schedule per key; give one of them a key of its own')
  return schedules
}

function queuesOf(value: unknown, name: string): string[] {
  const queues = listOf(value).map((queue) => queueName(typeof queue === 'string' ? queue.trim() : queue, name))
  if (queues.length === 0) throw bad(name, value, 'at least one queue')
  return [...new Set(queues)]
}

function backoffOf(value: unknown, name: string): StoredBackoff {
  const stored = storedBackoff(value as NonNullable<FaenaConfig['backoff']>, name)
  if (stored === undefined) throw bad(name, value, 'a duration, a list of them, or { base, factor, max, jitter }')
  return stored
}

function surfaceOf(value: unknown, name: string): string {
  surfacedFields(textOf(value, name), name)
  return value as string
}

function maskOf(value: unknown, name: string): string {
  masker(textOf(value, name), name)
  return value as string
}

function telemetryOf(value: unknown, name: string): Telemetry {
  const { dispatch, attempt } = (value ?? {}) as Partial<Telemetry>
  if (typeof dispatch === 'function' && typeof attempt === 'function') return value as Telemetry
  throw bad(name, value, 'what openTelemetry() of faena/otel returns')
}

function checkKeys(file: FaenaConfig): void {
  if (typeof file !== 'object' || file === null) throw bad(FILE, file, 'a default export made by defineConfig')
  const unknown = Object.keys(file).find((key) => !CONFIG_KEYS.split(' ').includes(key))
  if (unknown !== undefined) throw bad(`a setting of ${FILE}`, unknown, CONFIG_KEYS.replaceAll(' ', ', '))
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
