import type { AlertsConfig } from './alert-config.ts'
import type { Backoff } from './backoff.ts'
import type { Duration } from './duration.ts'
import type { HistoryOptions } from './history.ts'
import type { AnyJob } from './job.ts'
import type { PoolDefinition } from './pools.ts'
import type { ProcessDefinition } from './processes.ts'
import type { ScheduleDefinition } from './schedule.ts'
import type { Telemetry } from './telemetry.ts'
import type { Tables } from './url-options.ts'

/** What the configuration's file is called, in everything that is said of it. */
export const CONFIG_FILE = 'faena.config.ts'

export const ROLES = ['viewer', 'operator', 'admin'] as const
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
export const LOG_FORMATS = ['pretty', 'json'] as const

/** What tokens may be signed with, beside HS256 with a secret. */
export const PUBLIC_KEY_ALGORITHMS = ['EdDSA', 'ES256', 'RS256'] as const

export type PublicKeyAlgorithm = (typeof PUBLIC_KEY_ALGORITHMS)[number]
export type Role = (typeof ROLES)[number]
export type LogLevel = (typeof LOG_LEVELS)[number]
export type LogFormat = (typeof LOG_FORMATS)[number]

/**
 * Told of each error that somebody should hear of: attempts that failed, calls to the store, requests that ended in an
 * error of the server, and what went wrong beside. For Sentry and its like. What it throws is logged and changes nothing.
 */
export type ErrorHook = (error: unknown, about: ErrorAbout) => unknown

export interface ErrorAbout {
  source: 'job' | 'store' | 'api' | 'process'
  /** Of source `job`. */
  job?: {
    name: string
    queue: string
    uuid: string
    id: number
    attempt: number
    /** The job failed for good; else it is tried again. */
    final: boolean
    /** Of the input, as `surface` names them. */
    fields: Readonly<Record<string, unknown>>
  }
}

/** Definitions, or a module that exports some (`import * as jobs from './jobs.ts'`); its other exports are passed over. */
export type JobSource = AnyJob | Readonly<Record<string, unknown>>

/** What `faena.config.ts` exports. All of it is optional; the environment wins over it where both speak. */
export interface FaenaConfig {
  /** The store. `DATABASE_URL`; default `sqlite:.faena/faena.db`. */
  url?: string
  /** `'database'` (default), `'sync'`, which runs jobs at their dispatch, or one of `connections`. `QUEUE_CONNECTION`. */
  connection?: string
  /** Further stores by name. */
  connections?: Readonly<Record<string, string | { url: string }>>
  /** Where the tables lie and what they are called, for every store whose URL does not say so. */
  tables?: Tables
  /**
   * Laravel's `retry_after`, where its workers share the table of jobs; in whose URL it is not said. `FAENA_RETRY_AFTER`;
   * default 90 s where Laravel made the table, else none.
   */
  retryAfter?: Duration
  /** Queues a worker serves, in strict order; default `['default']`. A list may also be written `'high,default'`. */
  queues?: string | readonly string[]
  /** Jobs a worker runs at once; default 10. */
  concurrency?: number
  /** Attempts of jobs that say nothing themselves; 0 = no limit; default 3. */
  tries?: number
  /** Of one attempt of such jobs; 0 = none; default 60 s. */
  timeout?: Duration
  /** Wait after a failed attempt of such jobs; default 5 s, doubled up to an hour. */
  backoff?: Exclude<Backoff, (...given: never[]) => unknown>
  /** How long a worker's jobs stay its own after its last heartbeat. `FAENA_LEASE`; default 30 s. */
  lease?: Duration
  /** Longest gap between two looks at the store while nothing is due; default 3 s. */
  sleep?: Duration
  /** What a job may weigh as stored, as bytes or `'4MiB'`; default 1 MiB. */
  maxPayload?: number | string
  /** Zone of `failed_at`, of times that are shown and of schedules that name none. `FAENA_TIMEZONE`; default UTC. */
  timezone?: string
  /** Fields of the input that lists show, with aliases: `'order_id|orderId,tienda_id'`. `FAENA_SURFACE`; default none. */
  surface?: string
  /** Keys whose values are masked beside the usual secrets: `'email,phone*,-pin'`. `FAENA_MASK`; default none. */
  mask?: string
  /** Definitions of jobs, or modules that export them. */
  jobs?: JobSource | readonly JobSource[]
  /** Files that export handlers, as globs from the configuration's folder; only workers load them. */
  handlers?: string | readonly string[]
  schedules?: readonly ScheduleDefinition[]
  /**
   * Recent attempts: which are kept (`sampled`, `all`, `none`), for how long (default 24 h), what is different for some
   * `queues`, and of a sample how many a worker writes per second (default 20, 0 = none). `metrics`: how long counts by time.
   */
  history?: HistoryOptions & { perSecond?: number; metrics?: Duration }
  /** Folder of what Faena keeps in files. `FAENA_DATA`; default `.faena`. */
  data?: string
  /** `FAENA_HOST` (default 127.0.0.1), `FAENA_PORT` (default 8080; 0 = any free one). */
  host?: string
  port?: number
  /** Path below which API and dashboard stand, such as `/admin/queues`. `FAENA_MOUNT`; default none. */
  mount?: string
  /** Role of API tokens that name none. `FAENA_DEFAULT_ROLE`; default viewer. */
  defaultRole?: Role
  /** What API tokens are checked with, instead of the secret FAENA_JWT_SECRET: a public key (PEM, or the path of its file)... */
  jwtPublicKey?: string
  /** ... or the address where the issuer publishes its keys. `FAENA_JWT_PUBLIC_KEY`, `FAENA_JWT_JWKS_URL`. */
  jwtJwksUrl?: string
  /** The only algorithm that is taken from a key set. `FAENA_JWT_ALGORITHM`. */
  jwtAlgorithm?: PublicKeyAlgorithm
  /** What tokens call the key, if they name it (`kid`). `FAENA_JWT_KEY_ID`. */
  jwtKeyId?: string
  /** Must be what tokens carry as `iss` and among their `aud`. `FAENA_JWT_ISSUER`, `FAENA_JWT_AUDIENCE`. */
  jwtIssuer?: string
  jwtAudience?: string
  /** Under which key tokens name their role; default `role`. `FAENA_ROLE_CLAIM`. */
  roleClaim?: string
  /** Origins of browsers that may use the API from other pages. `FAENA_CORS_ORIGINS`; default none. */
  corsOrigins?: string | readonly string[]
  /** Proxies in front of the API, by address or network, whose X-Forwarded-For is believed. `FAENA_TRUST_PROXY`; default none. */
  trustProxy?: string | readonly string[]
  /** Groups of worker processes that `faena supervise` keeps running, by name; default one process, `worker`. */
  pools?: Readonly<Record<string, PoolDefinition>>
  /** What `faena dev` runs beside the API and the workers, by name: a command, or a command with what it waits for. */
  processes?: Readonly<Record<string, string | ProcessDefinition>>
  /** `FAENA_LOG_LEVEL`; default info. */
  logLevel?: LogLevel
  /** `pretty` for people, `json` for programs: a line per event. `FAENA_LOG_FORMAT`; default pretty on a terminal, else json. */
  logFormat?: LogFormat
  /** A folder that also gets all lines as JSON, in a file per day: `faena-YYYY-MM-DD.log`. `FAENA_LOG_FOLDER`; default none. */
  logFolder?: string
  /** Days that such files are kept, today included; 0 = for ever. `FAENA_LOG_DAYS`; default 14. */
  logDays?: number
  onError?: ErrorHook
  /** What traces dispatches and attempts: `openTelemetry()` of faena/otel. */
  telemetry?: Telemetry
  /** What is watched for and who is told; false: nothing and nobody. */
  alerts?: false | AlertsConfig
}

/** Gives an editor the types of a configuration; it is checked when it is read. */
export function defineConfig(config: FaenaConfig): FaenaConfig {
  return config
}
