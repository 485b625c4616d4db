import mysql from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Finding, Store } from '../../src/store.ts'
import { mysqlStore } from '../../src/stores/mysql/store.ts'
import { newJob } from '../support/jobs.ts'
import { testDatabase } from '../support/mysql-database.ts'
import { type MariadbServer, startMariadb } from '../support/servers/mariadb.ts'
import { startWorker } from '../support/worker.ts'

async function about(store: Store, topic: string): Promise<Finding[]> {
  return (await store.diagnose()).filter((finding) => finding.topic === topic)
}

test('a server as it comes, with tables of ours, is fine', async () => {
  await using database = await testDatabase()
  const store = await database.store()
  await store.migrate()

  const findings = await store.diagnose()

  expect(findings.filter(({ level }) => level !== 'ok')).toEqual([])
  expect(findings.map(({ topic }) => topic)).toEqual(
    expect.arrayContaining(['schema', 'version', 'clock', 'indexes', 'tables', 'purge', 'transactions']),
  )
})

test('a database without tables is a problem, with the remedy', async () => {
  await using database = await testDatabase()
  const store = await database.store()

  expect(await about(store, 'schema')).toEqual([
    expect.objectContaining({ level: 'problem', remedy: 'Run faena migrate.' }),
  ])
})

describe('indexes', () => {
  test('over columns that reservations change are named, whoever made them', async () => {
    await using database = await testDatabase('laravel-12')
    await database.rows('create index jobs_queue_reserved_at_index on jobs (queue, reserved_at)')
    const store = await database.store()
    await store.migrate()

    const findings = await about(store, 'indexes')

    expect(findings).toContainEqual(
      expect.objectContaining({
        level: 'warning',
        text: expect.stringContaining('jobs_queue_reserved_at_index (queue,reserved_at)'),
        remedy: expect.stringContaining('drop index jobs_queue_reserved_at_index on jobs'),
      }),
    )
    expect(findings).toContainEqual(
      expect.objectContaining({ level: 'ok', text: expect.stringContaining('made by Laravel') }),
    )
  })

  test('that somebody dropped are missed', async () => {
    await using database = await testDatabase()
    const store = await database.store()
    await store.migrate()
    await database.rows('drop index faena_jobs_uuid on jobs')

    expect(await about(store, 'indexes')).toContainEqual(
      expect.objectContaining({ level: 'warning', remedy: 'create index faena_jobs_uuid on jobs (payload(45))' }),
    )
  })

  test('that vanish under a running worker are done without', async () => {
    await using database = await testDatabase()
    const store = await database.store()
    await store.migrate()
    await store.push([newJob(), newJob()])
    const worker = await startWorker(store)
    expect(await worker.reserve({ limit: 1 })).toHaveLength(1)
    await database.rows('drop index faena_jobs_due on jobs')

    await expect(worker.reserve({ limit: 1 })).rejects.toMatchObject({ code: 'MIGRATION_NEEDED' })
    expect(await worker.reserve({ limit: 1 })).toHaveLength(1)
  })
})

describe('a server set up in ways that lose or hinder', () => {
  let server: MariadbServer

  beforeAll(async () => {
    server = await startMariadb({
      'innodb-flush-log-at-trx-commit': '0',
      'sql-mode': '',
      'log-bin': 'log',
      'binlog-format': 'MIXED',
      'max-allowed-packet': '1M',
    })
  }, 60_000)

  afterAll(() => server.stop())

  test('is described, each with what to do', async () => {
    const store = mysqlStore({ url: server.url })
    await store.open()

    const findings = (await store.diagnose()).filter(({ level }) => level !== 'ok')

    expect(findings.map(({ topic, level }) => [topic, level])).toEqual(
      expect.arrayContaining([
        ['durability', 'warning'],
        ['strict mode', 'warning'],
        ['replication', 'warning'],
        ['packet size', 'warning'],
      ]),
    )
    expect(findings.every(({ remedy }) => remedy)).toBe(true)
    await store.close()
  })

  test('that replicates statements is refused', async () => {
    const connection = await mysql.createConnection(server.url)
    await connection.query('set global binlog_format = STATEMENT')

    await expect(mysqlStore({ url: server.url }).open()).rejects.toMatchObject({
      code: 'STORE_UNSAFE',
      message: /set binlog_format to ROW/,
    })
    await connection.query('set global binlog_format = ROW')
    await connection.end()
  })

  test('with small packets stores what fits and says what does not', async () => {
    const connection = await mysql.createConnection(server.url)
    await connection.query('create database small')
    const store = mysqlStore({ url: server.url.replace(/mysql$/, 'small') })
    await store.open()
    await store.migrate()
    const large = newJob({ input: 'x'.repeat(1_100_000) })

    await expect(store.push([large])).rejects.toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
      message: /max_allowed_packet 1048576/,
    })
    const many = Array.from({ length: 40 }, (_, at) => newJob({ input: `${at}${'x'.repeat(60_000)}` }))
    await store.push(many)

    expect((await store.counts())[0]?.due).toBe(40)
    const worker = await startWorker(store)
    expect((await worker.complete(...(await worker.reserve()))).applied).toHaveLength(40)
    await store.close()
    await connection.end()
  })
})

test('a table of an engine without transactions is refused', async () => {
  await using database = await testDatabase('laravel-12')
  await database.rows('alter table jobs engine = MyISAM')

  await expect(database.store()).rejects.toMatchObject({
    code: 'STORE_UNSAFE',
    message: /alter table jobs engine = InnoDB/,
  })
})
