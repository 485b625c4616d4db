import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { DEFAULT_BACKOFF } from './backoff.ts'
import { defineConfig, type FaenaConfig } from './config.ts'
import { handle } from './handler.ts'
import { defineJob } from './job.ts'
import { settingsFrom } from './settings.ts'

const fetchCase = defineJob({ name: 'cases.fetch', input: z.object({}) })
const syncOrder = defineJob({ name: 'orders.sync', input: z.object({}) })

describe('settings', () => {
  test('without any environment or configuration are those of an embedded store', () => {
    expect(settingsFrom({})).toEqual({
      connection: 'database',
      sync: false,
      url: 'sqlite:.faena/faena.db',
      queues: ['default'],
      concurrency: 10,
      tries: 3,
      timeoutMs: 60_000,
      backoff: DEFAULT_BACKOFF,
      leaseMs: 30_000,
      sleepMs: 3_000,
      maxPayloadBytes: 1_048_576,
      timezone: 'UTC',
      surface: '',
      mask: '',
      jobs: [],
      handlers: [],
      schedules: [],
      history: { retentionMs: 86_400_000, perSecond: 20, metricsMs: 1_209_600_000, options: {} },
      data: '.faena',
      host: '127.0.0.1',
      port: 8_080,
      mount: '',
      jwtSecret: null,
      defaultRole: 'viewer',
      jwtPublicKey: null,
      jwtJwksUrl: null,
      jwtAlgorithm: null,
      jwtKeyId: null,
      jwtIssuer: null,
      jwtAudience: null,
      roleClaim: 'role',
      corsOrigins: [],
      trustProxy: [],
      logLevel: 'info',
      ...{ logFormat: null, logFolder: null, logDays: 14, onError: null, telemetry: undefined },
      // src/core/alert-settings.test.ts
      alerts: expect.objectContaining({ on: true, channels: [] }),
      pools: [expect.objectContaining({ name: 'worker', queues: undefined, min: 1, max: 1, balance: 'off' })],
      processes: [],
      from: {},
      warnings: [],
    })
  })

  test('come from the configuration, and the environment wins over it', () => {
    const config = defineConfig({
      url: 'sqlite:a.db',
      queues: ['high', 'default'],
      concurrency: 4,
      tries: 0,
      timeout: '2m',
      backoff: ['1s', '5s'],
      lease: '10s',
      sleep: 500,
      maxPayload: '4MiB',
      timezone: 'Europe/Madrid',
      history: { perSecond: 0 },
      port: 9_000,
    })
    const env = {
      DATABASE_URL: 'sqlite:b.db',
      FAENA_LEASE: '5s',
      FAENA_PORT: ' 0 ',
      FAENA_HOST: '',
      FAENA_TIMEZONE: 'America/Bogota',
    }
    expect(settingsFrom(env, config)).toMatchObject({
      url: 'sqlite:b.db',
      queues: ['high', 'default'],
      concurrency: 4,
      tries: 0,
      timeoutMs: 120_000,
      backoff: [1_000, 5_000],
      leaseMs: 5_000,
      sleepMs: 500,
      maxPayloadBytes: 4_194_304,
      timezone: 'America/Bogota',
      history: { retentionMs: 86_400_000, perSecond: 0 },
      host: '127.0.0.1',
      port: 0,
      from: { url: 'DATABASE_URL', lease: 'FAENA_LEASE', port: 'FAENA_PORT', queues: 'faena.config.ts' },
    })
  })

  test('keep their files in the folder FAENA_DATA names', () => {
    expect(settingsFrom({ FAENA_DATA: '/var/lib/faena' }).url).toBe('sqlite:/var/lib/faena/faena.db')
  })

  test('a list of queues may be one text, and a queue named twice is served once', () => {
    expect(settingsFrom({}, { queues: 'high, default,high' }).queues).toEqual(['high', 'default'])
  })

  test('a variable that looks like a setting and is none is told', () => {
    expect(settingsFrom({ FAENA_LEASES: '5s', PATH: '/bin' }).warnings).toEqual([
      expect.stringMatching(/^FAENA_LEASES is not a setting; those are FAENA_DATA, .*FAENA_LEASE/),
    ])
  })
})

describe('which store', () => {
  const laravel = {
    DB_CONNECTION: 'pgsql',
    DB_HOST: 'db',
    DB_DATABASE: 'shop',
    DB_USERNAME: 'ana',
    DB_PASSWORD: 's3cret',
  }

  test('QUEUE_CONNECTION=database is DATABASE_URL, else Laravel’s DB_*, else the embedded one', () => {
    const database = { QUEUE_CONNECTION: 'database' }
    expect(settingsFrom({ ...database, ...laravel, DATABASE_URL: 'mysql://h/d' }).url).toBe('mysql://h/d')
    expect(settingsFrom({ ...database, ...laravel }, { url: 'sqlite:a.db' }).url).toBe('sqlite:a.db')
    expect(settingsFrom({ ...database, ...laravel })).toMatchObject({
      connection: 'database',
      url: 'postgres://ana:s3cret@db/shop',
      from: { url: 'DB_CONNECTION' },
    })
    expect(settingsFrom(database).url).toBe('sqlite:.faena/faena.db')
  })

  test('Laravel’s DB_* are left alone where nobody asked for its connection', () => {
    expect(settingsFrom(laravel).url).toBe('sqlite:.faena/faena.db')
    expect(settingsFrom({ DB_CONNECTION: 'sqlsrv', QUEUE_CONNECTION: 'sync' }).sync).toBe(true)
  })

  test('sync runs jobs inline, whatever store the application has', () => {
    expect(settingsFrom({ QUEUE_CONNECTION: 'sync', DATABASE_URL: 'mongodb://h/d' })).toMatchObject({
      connection: 'sync',
      sync: true,
    })
  })

  test('a configured connection is chosen by its name, and DATABASE_URL is not its', () => {
    const connections = { logs: 'mysql://h/logs', local: { url: 'sqlite:l.db' } }
    const env = { QUEUE_CONNECTION: 'logs', DATABASE_URL: 'sqlite:other.db' }
    expect(settingsFrom(env, { connections })).toMatchObject({ connection: 'logs', url: 'mysql://h/logs', sync: false })
    expect(settingsFrom({}, { connections, connection: 'local' }).url).toBe('sqlite:l.db')
    expect(() => settingsFrom({ QUEUE_CONNECTION: 'redis' }, { connections })).toThrow(
      'QUEUE_CONNECTION is "redis"; allowed: database, sync, logs, local',
    )
  })
})

describe('jobs and schedules', () => {
  test('jobs are found in lists and in modules, beside whatever else these export', () => {
    const module = { fetchCase, handler: handle(syncOrder, () => {}), other: 7, helper: () => {} }
    expect(settingsFrom({}, { jobs: module }).jobs).toEqual([fetchCase, syncOrder])
    expect(settingsFrom({}, { jobs: [module, fetchCase] }).jobs).toEqual([fetchCase, syncOrder])
    expect(settingsFrom({}, { jobs: fetchCase }).jobs).toEqual([fetchCase])
  })

  test('schedules are checked, in the configured zone', () => {
    const schedules = [{ job: fetchCase, cron: '0 2 * * *' }]
    expect(settingsFrom({ FAENA_TIMEZONE: 'America/Bogota' }, { schedules }).schedules).toMatchObject([
      { key: 'cases.fetch', timing: { cron: '0 2 * * *', zone: 'America/Bogota' } },
    ])
  })

  test('handlers are globs, one or several', () => {
    expect(settingsFrom({}, { handlers: 'handlers/*.ts' }).handlers).toEqual(['handlers/*.ts'])
  })
})

describe('what stops the start', () => {
  test.each<[Record<string, string>, unknown, string]>([
    [{ DATABASE_URL: 'oracle://h' }, {}, 'DATABASE_URL is "oracle://h"; allowed: sqlite:PATH'],
    [{ FAENA_PORT: '80a' }, {}, 'FAENA_PORT is "80a"; allowed: a whole number from 0 to 65535'],
    [{ FAENA_LEASE: '30' }, {}, 'FAENA_LEASE is "30"; allowed: milliseconds as a number, or 250ms'],
    [{ FAENA_LEASE: '10ms' }, {}, 'FAENA_LEASE is "10ms"; allowed: 1000 ms to 3600 s'],
    [{ FAENA_TIMEZONE: 'Bogota' }, {}, 'FAENA_TIMEZONE is "Bogota"; allowed: a zone of the IANA list'],
    [{ FAENA_SURFACE: 'a b' }, {}, 'FAENA_SURFACE is "a b"; allowed: names with aliases'],
    [{ FAENA_SURFACE: 'id' }, {}, 'field of FAENA_SURFACE is "id"; allowed: a name that rows do not use'],
    [{ FAENA_DEFAULT_ROLE: 'root' }, {}, 'FAENA_DEFAULT_ROLE is "root"; allowed: viewer, operator, admin'],
    [{ FAENA_LOG_LEVEL: 'loud' }, {}, 'FAENA_LOG_LEVEL is "loud"; allowed: debug, info, warn, error, silent'],
    [{}, { tries: -1 }, 'tries of faena.config.ts is -1; allowed: a whole number from 0'],
    [{}, { concurrency: 0 }, 'concurrency of faena.config.ts is 0; allowed: a whole number from 1'],
    [{}, { queues: [] }, 'queues of faena.config.ts is []; allowed: at least one queue'],
    [{}, { queues: ['a', 7] }, 'queues of faena.config.ts is 7; allowed: 1 to 255 characters'],
    [{}, { timeout: 'soon' }, 'timeout of faena.config.ts is "soon"'],
    [{}, { backoff: () => 1 }, 'backoff of faena.config.ts is a function; allowed: a duration'],
    [{}, { maxPayload: '4 giga' }, 'maxPayload of faena.config.ts is "4 giga"'],
    [{}, { maxPayload: '1GiB' }, 'maxPayload of faena.config.ts is "1GiB"'],
    [
      {},
      { history: { kept: '1d' } },
      'history of faena.config.ts is "kept"; allowed: retention, perSecond, metrics, keep, queues',
    ],
    [{}, { history: { keep: 'some' } }, 'history.keep is "some"; allowed: sampled, all, none'],
    [{}, { history: { queues: { mail: 'some' } } }, 'history.queues.mail is "some"; allowed: sampled, all, none'],
    [{}, { history: { perSecond: -1 } }, 'history.perSecond of faena.config.ts is -1'],
    [{}, { connections: { sync: 'sqlite:a' } }, 'a connection is "sync"; allowed: another name'],
    [{}, { connections: { a: 'b' } }, 'connections.a of faena.config.ts is "b"; allowed: sqlite:PATH'],
    [{}, { jobs: [{}] }, 'jobs of faena.config.ts is []; allowed: a module that exports a definition'],
    [{}, { jobs: ['a'] }, 'jobs of faena.config.ts is "a"; allowed: definitions made by defineJob'],
    [
      {},
      { jobs: [fetchCase, { ...fetchCase }] },
      'jobs of faena.config.ts is "cases.fetch"; allowed: one definition per name',
    ],
    [{}, { schedules: {} }, 'schedules of faena.config.ts is {}; allowed: a list'],
    [{}, { schedules: [{ job: fetchCase }] }, 'schedule cases.fetch needs either cron or every'],
    [
      {},
      {
        schedules: [
          { job: fetchCase, every: '1m' },
          { job: fetchCase, every: '2m' },
        ],
      },
      'schedules of faena.config.ts is "cases.fetch"; allowed: one schedule per key',
    ],
    [{}, { handlers: [''] }, 'handlers of faena.config.ts is ""; allowed: a text that is not empty'],
    [{}, { leese: '5s' }, 'a setting of faena.config.ts is "leese"; allowed: url, connection,'],
    [{}, null, 'faena.config.ts is null; allowed: a default export made by defineConfig'],
  ])('%j and %j', (env, config, message) => {
    expect(() => settingsFrom(env, config as FaenaConfig)).toThrow(
      expect.objectContaining({ code: 'BAD_CONFIGURATION', message: expect.stringContaining(message) }),
    )
  })

  test('a secret that is too short, which is not shown', () => {
    expect(() => settingsFrom({ FAENA_JWT_SECRET: 'hunter2' })).toThrow(
      /^FAENA_JWT_SECRET has 7 bytes; allowed: at least 32, as `openssl rand -hex 32` makes$/,
    )
    expect(settingsFrom({ FAENA_JWT_SECRET: 'x'.repeat(32) }).jwtSecret).toHaveLength(32)
  })
})

describe('what is said of a store', () => {
  const server = 'postgres://h/d'

  test('in the configuration becomes part of its URL, which says it to every process', () => {
    const config = { tables: { schema: 'app', failedJobs: 'broken' }, retryAfter: '5m' } as const
    const { url, from } = settingsFrom({ DATABASE_URL: server }, config)
    expect(url).toBe('postgres://h/d?schema=app&failed_jobs=broken&retry_after=5m')
    expect(from).toMatchObject({ tables: 'faena.config.ts', retryAfter: 'faena.config.ts', url: 'DATABASE_URL' })
    const others = { ...config, connection: 'reports', connections: { reports: 'mysql://h/r?jobs=work' } }
    expect(settingsFrom({}, others).url).toBe('mysql://h/r?jobs=work&schema=app&failed_jobs=broken&retry_after=5m')
  })

  test('by the URL goes before the configuration, and by the environment before both', () => {
    const config = { url: `${server}?retry_after=1m&prefix=a_`, retryAfter: '2m', tables: { prefix: 'b_' } } as const
    expect(settingsFrom({}, config).url).toBe(`${server}?retry_after=1m&prefix=a_`)
    expect(settingsFrom({ FAENA_RETRY_AFTER: '3m' }, config).url).toBe(`${server}?retry_after=3m&prefix=a_`)
    expect(settingsFrom({ FAENA_RETRY_AFTER: '3m' }).url).toBe('sqlite:.faena/faena.db?retry_after=3m')
  })

  test.each<[FaenaConfig, Record<string, string>, string]>([
    [{ tables: { job: 'work' } as object }, {}, 'a setting of tables of faena.config.ts is "job"; allowed: schema'],
    [
      { tables: { jobs: 'my jobs' } },
      { DATABASE_URL: server },
      'jobs of tables of faena.config.ts is "my jobs"; allowed',
    ],
    [{ tables: { jobs: 'work' } }, {}, 'tables of faena.config.ts is {"jobs":"work"}; allowed: none for SQLite'],
    [{ retryAfter: 10 }, {}, 'retryAfter of faena.config.ts is 10; allowed: 3000 ms to'],
    [{}, { FAENA_RETRY_AFTER: '90' }, 'FAENA_RETRY_AFTER is "90"; allowed: milliseconds as a number, or 250ms'],
    [{}, { DATABASE_URL: `${server}?prefix=a-b` }, 'prefix of DATABASE_URL is "a-b"; allowed'],
  ])('%j, %j is refused', (config, env, says) => {
    expect(() => settingsFrom(env, config)).toThrow(
      expect.objectContaining({ code: 'BAD_CONFIGURATION', message: expect.stringContaining(says) }),
    )
  })
})
