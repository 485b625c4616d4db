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
    [{ DB_URL: 'odbc://h' }, /^DB_URL is "odbc:\/\/h"; allowed: sqlite:PATH/],
  ])('%j are refused', (env, message) => {
    expect(() => laravelUrl(env)).toThrow(message)
  })
})
