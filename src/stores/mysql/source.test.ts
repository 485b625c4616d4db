import { describe, expect, test } from 'vitest'
import { tableNames } from './names.ts'
import { tooOld } from './safety.ts'
import { serverName } from './server.ts'
import { sourceOf } from './source.ts'

describe('a URL', () => {
  test('is read with its parts decoded', () => {
    const { config, database, shown } = sourceOf('mysql://ca%40ses:p%2Fw@db.internal:3307/back%2Doffice')
    expect(config).toEqual({
      host: 'db.internal',
      port: 3307,
      user: 'ca@ses',
      password: 'p/w',
      database: 'back-office',
    })
    expect([database, shown]).toEqual(['back-office', 'db.internal:3307/back-office'])
  })

  test.each([
    ['ssl=true', { rejectUnauthorized: true, verifyIdentity: true }],
    ['ssl-mode=REQUIRED', { rejectUnauthorized: false }],
    ['sslmode=verify-ca', { rejectUnauthorized: true }],
    ['ssl=false', undefined],
    ['connection_limit=5', undefined],
  ])('%s is understood', (query, ssl) => {
    expect(sourceOf(`mariadb://root@localhost/app?${query}`).config.ssl).toEqual(ssl)
  })

  test('may say where the tables are', () => {
    expect(sourceOf('mysql://root@localhost/app?schema=queue&prefix=q_').names).toEqual({
      schema: 'queue',
      prefix: 'q_',
    })
  })

  test('may name a socket', () => {
    expect(sourceOf('mysql://root@localhost/app?socketPath=/run/db.sock').config.socketPath).toBe('/run/db.sock')
  })

  test('without a database, or with an unknown kind of encryption, is refused without its password', () => {
    expect(() => sourceOf('mysql://root:secret@localhost')).toThrow(
      /mysql:\/\/root:\*\*\*@localhost.*names no database/,
    )
    expect(() => sourceOf('mysql://root@localhost/app?ssl-mode=MAYBE')).toThrow(/ssl-mode is "maybe"/)
  })
})

describe('names of tables', () => {
  test('are Laravel’s, in the database of the URL', () => {
    const { jobs, failedJobs, workers, plain } = tableNames({}, 'app')
    expect([jobs, failedJobs, workers].map(({ text }) => text[0])).toEqual([
      '`app`.`jobs`',
      '`app`.`failed_jobs`',
      '`app`.`faena_workers`',
    ])
    expect(plain.jobBatches).toBe('job_batches')
  })

  test('may be others', () => {
    const { jobs, locks } = tableNames({ schema: 'queue', prefix: 'q_', jobs: 'pro_jobs' }, 'app')
    expect([jobs.text[0], locks.text[0]]).toEqual(['`queue`.`pro_jobs`', '`queue`.`q_locks`'])
  })

  test.each([{ jobs: 'jobs`; drop table x' }, { prefix: 'a b' }, { schema: 'x`y' }, { jobs: '' }])(
    'that cannot be quoted are refused: %o',
    (options) => {
      expect(() => tableNames(options, 'app')).toThrow(/allowed/)
    },
  )

  test('that would make one table of two are refused', () => {
    expect(() => tableNames({ prefix: '', jobs: 'workers' }, 'app')).toThrow(/workers twice/)
  })
})

test.each([
  ['8.0.36', undefined],
  ['8.4.0-commercial', undefined],
  ['9.1.0', undefined],
  ['10.6.12-MariaDB-1:10.6.12', undefined],
  ['5.5.5-10.11.6-MariaDB-log', undefined],
  ['11.4.2-MariaDB', undefined],
  ['8.0.0', /MySQL 8.0.0 is too old.*8.0.1 and later/],
  ['5.7.44-log', /MySQL 5.7.44-log is too old/],
  ['10.5.9-MariaDB', /MariaDB 10.5.9-MariaDB is too old.*10.6 and later/],
  ['5.5.5-10.3.39-MariaDB', /too old/],
])('version %s', (version, refusal) => {
  const text = tooOld(version)
  if (refusal === undefined) expect(text).toBeUndefined()
  else expect(text).toMatch(refusal)
})

test('a server is called what people call it', () => {
  expect(serverName('5.5.5-10.11.6-MariaDB-log')).toBe('MariaDB 10.11.6')
  expect(serverName('8.0.36')).toBe('MySQL 8.0.36')
})
