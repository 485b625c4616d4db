import { describe, expect, test } from 'vitest'
import { laravelUrl, maskedUrl, parseUrl } from './url.ts'

describe('the URL of a store', () => {
  test.each([
    ['sqlite:.faena/faena.db', { kind: 'sqlite', path: '.faena/faena.db' }],
    ['sqlite:///var/lib/faena.db', { kind: 'sqlite', path: '/var/lib/faena.db' }],
    ['file:./a b.db', { kind: 'sqlite', path: './a b.db' }],
    ['file:///a%20b.db?mode=rw', { kind: 'sqlite', path: '/a b.db' }],
    ['sqlite:100%.db', { kind: 'sqlite', path: '100%.db' }],
    ['sqlite::memory:', { kind: 'sqlite', path: ':memory:' }],
    ['memory:', { kind: 'memory' }],
    ['postgres://u:p@h:5432/d', { kind: 'postgres', url: 'postgres://u:p@h:5432/d' }],
    ['POSTGRESQL://h/d', { kind: 'postgres', url: 'POSTGRESQL://h/d' }],
    [' mariadb://h/d ', { kind: 'mysql', url: 'mariadb://h/d' }],
    ['mysql://[::1]/d', { kind: 'mysql', url: 'mysql://[::1]/d' }],
    ['rediss://h:6380/1', { kind: 'redis', url: 'rediss://h:6380/1' }],
    ['sqlite:a.db?retry_after=2m', { kind: 'sqlite', path: 'a.db', options: { retryAfterMs: 120_000 } }],
    ['postgres://h/d?sslmode=require', { kind: 'postgres', url: 'postgres://h/d?sslmode=require' }],
    [
      'postgres://h/d?schema=app&prefix=queue_&sslmode=require&notifications=false',
      {
        kind: 'postgres',
        url: 'postgres://h/d?sslmode=require',
        options: { schema: 'app', prefix: 'queue_', notifications: false },
      },
    ],
    [
      'mysql://h/d?jobs=work&failed_jobs=broken&job_batches=groups&retry_after=90s',
      {
        kind: 'mysql',
        url: 'mysql://h/d',
        options: { jobs: 'work', failedJobs: 'broken', jobBatches: 'groups', retryAfterMs: 90_000 },
      },
    ],
  ])('%s is read', (url, expected) => {
    expect(parseUrl(url)).toEqual(expected)
  })

  test.each([
    '',
    'faena.db',
    '/var/lib/faena.db',
    'sqlserver://h/d',
    'http://h',
    'sqlite:',
    'sqlite://',
    'postgres:h',
    'postgres://',
    'mysql:///d',
  ])('%j is refused with what is allowed', (url) => {
    expect(() => parseUrl(url)).toThrow(expect.objectContaining({ code: 'BAD_CONFIGURATION' }))
    expect(() => parseUrl(url)).toThrow(/^DATABASE_URL is ".*"; allowed: .+/)
  })

  test.each([
    ['postgres://h/d?prefix=a-b', 'prefix of DATABASE_URL is "a-b"; allowed: letters, digits, _ and $, at most 63'],
    ['postgres://h/d?jobs=', 'jobs of DATABASE_URL is ""; allowed: letters'],
    ['mysql://h/d?retry_after=90', 'retry_after of DATABASE_URL is "90"; allowed: milliseconds as a number, or 250ms'],
    ['mysql://h/d?retry_after=1s', 'retry_after of DATABASE_URL is "1s"; allowed: 3000 ms to'],
    ['mysql://h/d?notifications=false', 'a parameter of DATABASE_URL is "notifications"; allowed: schema, prefix'],
    ['postgres://h/d?failedJobs=a', 'a parameter of DATABASE_URL is "failedJobs"; allowed: schema, prefix, jobs'],
    ['postgres://h/d?schema=a&schema=b', 'schema of DATABASE_URL is ["a","b"]; allowed: one value'],
    ['postgres://h/d?notifications=no', 'notifications of DATABASE_URL is "no"; allowed: true, false'],
    ['sqlite:a.db?jobs=work', 'a parameter of DATABASE_URL is "jobs"; allowed: retry_after'],
  ])('%s is refused for what stands at its end', (url, says) => {
    expect(() => parseUrl(url)).toThrow(
      expect.objectContaining({ code: 'BAD_CONFIGURATION', message: expect.stringContaining(says) }),
    )
  })

  test('no message shows its password', () => {
    expect(maskedUrl('postgres://ana:s3cret@h/d')).toBe('postgres://ana:***@h/d')
    expect(maskedUrl('postgres://ana:p@ss:w/rd@h/d')).toBe('postgres://ana:***@h/d')
    expect(maskedUrl('sqlite:a@b.db')).toBe('sqlite:a@b.db')
    for (const url of ['postgres://ana:s3cret@', 'mysql://ana:s3#cret@h/d', 'oracle://ana:s3cret@h']) {
      expect(() => parseUrl(url)).toThrow(expect.objectContaining({ message: expect.not.stringContaining('cret') }))
    }
  })
})

describe('the settings of a Laravel application', () => {
  test.each([
    [{ DB_CONNECTION: 'sqlite' }, 'sqlite:database/database.sqlite'],
    [{ DB_CONNECTION: 'sqlite', DB_DATABASE: '/srv/50%?.sqlite' }, 'sqlite:/srv/50%25%3F.sqlite'],
    [{ DB_CONNECTION: 'pgsql' }, 'postgres://root@127.0.0.1/laravel'],
    [
      {
        DB_CONNECTION: 'mysql',
        DB_HOST: 'db',
        DB_PORT: '3307',
        DB_DATABASE: 'api logs',
        DB_USERNAME: 'ana',
        DB_PASSWORD: 'a/b#c@',
      },
      'mysql://ana:a%2Fb%23c%40@db:3307/api%20logs',
    ],
    [{ DB_CONNECTION: 'mariadb', DB_HOST: '::1', DB_PASSWORD: '' }, 'mariadb://root@[::1]/laravel'],
    [{ DB_URL: 'pgsql://u@h/d', DB_CONNECTION: 'mysql' }, 'postgres://u@h/d'],
    [
      { DB_CONNECTION: 'pgsql', DB_QUEUE_TABLE: 'work', DB_QUEUE_RETRY_AFTER: '3600' },
      'postgres://root@127.0.0.1/laravel?jobs=work&retry_after=3600s',
    ],
    [
      { DB_CONNECTION: 'sqlite', DB_QUEUE_TABLE: 'jobs', DB_QUEUE_RETRY_AFTER: '60' },
      'sqlite:database/database.sqlite?retry_after=60s',
    ],
    [{ DB_QUEUE_RETRY_AFTER: '60' }, undefined],
    [{ DB_USERNAME: 'ana' }, undefined],
    [{ DB_CONNECTION: ' ', DB_HOST: '' }, undefined],
    [{}, undefined],
  ])('%j say %s', (env, expected) => {
    expect(laravelUrl(env)).toBe(expected)
    if (expected !== undefined) expect(() => parseUrl(expected)).not.toThrow()
  })

  test('a path comes through the URL as it was', () => {
    expect(parseUrl(laravelUrl({ DB_CONNECTION: 'sqlite', DB_DATABASE: '/srv/50%?#a b.sqlite' })!)).toEqual({
      kind: 'sqlite',
      path: '/srv/50%?#a b.sqlite',
    })
  })

  test.each([
    [
      { DB_CONNECTION: 'sqlsrv' },
      /^DB_CONNECTION is "sqlsrv"; allowed: sqlite, pgsql, mysql, mariadb \(or set DATABASE_URL\)$/,
    ],
    [{ DB_HOST: 'db' }, /^DB_CONNECTION is not set; allowed: sqlite, pgsql/],
    [{ DB_CONNECTION: 'pgsql', DB_PORT: '99999' }, /^DB_PORT is "99999"; allowed: a whole number from 1 to 65535$/],
    [{ DB_CONNECTION: 'pgsql', DB_QUEUE_TABLE: 'my jobs' }, /^DB_QUEUE_TABLE is "my jobs"; allowed: letters/],
    [
      { DB_CONNECTION: 'pgsql', DB_QUEUE_RETRY_AFTER: '90s' },
      /^DB_QUEUE_RETRY_AFTER is "90s"; allowed: a whole number/,
    ],
    [{ DB_CONNECTION: 'pgsql', DB_QUEUE_RETRY_AFTER: '1' }, /^DB_QUEUE_RETRY_AFTER is "1s"; allowed: 3000 ms/],
    [
      { DB_CONNECTION: 'sqlite', DB_QUEUE_TABLE: 'work' },
      /^DB_QUEUE_TABLE is "work"; allowed: jobs, the only name on SQLite$/,
    ],
    [{ DB_URL: 'odbc://h' }, /^DB_URL is "odbc:\/\/h"; allowed: sqlite:PATH/],
  ])('%j are refused', (env, message) => {
    expect(() => laravelUrl(env)).toThrow(message)
  })
})
