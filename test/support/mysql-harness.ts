import { randomBytes } from 'node:crypto'
import mysql from 'mysql2/promise'
import { afterAll } from 'vitest'
import type { Store } from '../../src/store.ts'
import { type MysqlOptions, mysqlStore } from '../../src/stores/mysql/store.ts'
import { testClock } from './clock.ts'
import type { Harness, HarnessOptions } from './harness.ts'
import { LARAVEL_TABLES } from './laravel-mysql.ts'
import { failedColumns, jobColumns, type RawFailedRow, type RawJobRow, type RawTables } from './raw.ts'
import { serverUrl } from './servers/url.ts'
import { WaitingClient } from './servers/waiting-client.ts'

/** Databases that were migrated and are free again, by who made their tables; of this test file. */
const free = new Map<string, string[]>()
const made: string[] = []
let looking: WaitingClient | undefined

afterAll(async () => {
  for (const database of made) looking?.all(`drop database if exists ${database}`)
  made.length = 0
  free.clear()
  await looking?.close()
  looking = undefined
})

/** On tables that Faena makes. */
export function openMysql(options: HarnessOptions = {}): Promise<Harness> {
  return open(options, 'faena')
}

/** On tables that a Laravel made, and that its workers share. */
export function openMysqlOfLaravel(options: HarnessOptions = {}): Promise<Harness> {
  return open(options, 'laravel-12')
}

async function open(
  { timezone, connection }: HarnessOptions,
  maker: 'faena' | keyof typeof LARAVEL_TABLES,
): Promise<Harness> {
  const server = await serverUrl('mysql')
  looking ??= new WaitingClient('mysql', server)
  const client = looking
  const database = free.get(maker)?.pop() ?? newDatabase(client, maker)
  const url = server.replace(/\/[^/]*$/, `/${database}`)
  const clock = testClock()
  const opened: Store[] = []
  const connect = async () => {
    const options: MysqlOptions = { url, clock: clock.now, timezone, connection }
    const store = mysqlStore(options)
    opened.push(store)
    await store.open()
    return store
  }
  const store = await connect()
  await store.migrate()
  return {
    store,
    clock,
    second: connect,
    raw: rawTables(client, database, clock.now),
    begin: async () => {
      const tx = await mysql.createConnection(url)
      await tx.beginTransaction()
      const end = async (how: 'commit' | 'rollback') => {
        await tx.query(how)
        await tx.end()
      }
      return { tx, commit: () => end('commit'), rollback: () => end('rollback') }
    },
    close: async () => {
      for (const each of opened) await each.close()
      emptyDatabase(client, database)
      free.set(maker, [...(free.get(maker) ?? []), database])
    },
  }
}

function newDatabase(client: WaitingClient, maker: 'faena' | keyof typeof LARAVEL_TABLES): string {
  const database = `faena_${randomBytes(5).toString('hex')}`
  client.all(`create database ${database}`)
  made.push(database)
  if (maker !== 'faena') client.all(`use ${database}; ${LARAVEL_TABLES[maker]}`)
  return database
}

const NUMBERED = ['jobs', 'failed_jobs', 'faena_workers', 'faena_runs']

/** As new, ids beginning at 1, and without the cost of making it again. */
function emptyDatabase(client: WaitingClient, database: string): void {
  const tables = client.all<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = ? and table_name <> 'faena_migrations'`,
    [database],
  )
  const statements = [
    ...tables.map(({ name }) => `delete from ${database}.${name}`),
    ...NUMBERED.map((name) => `alter table ${database}.${name} auto_increment = 1`),
  ]
  client.all(statements.join('; '))
}

export function rawTables(client: WaitingClient, database: string, now: () => number): RawTables {
  const insert = (table: string, row: Record<string, string | number | null>) => {
    const columns = Object.keys(row)
    const places = columns.map(() => '?').join(', ')
    const text = `insert into ${database}.${table} (${columns.join(', ')}) values (${places})`
    return client.all<{ id: number }>(text, Object.values(row))[0]!.id
  }
  return {
    insertJob: (row) => insert('jobs', jobColumns(row, now())),
    insertFailed: (row) => insert('failed_jobs', failedColumns(row)),
    deleteJob: (id) => {
      client.all(`delete from ${database}.jobs where id = ?`, [id])
    },
    deleteAllJobs: () => {
      client.all(`delete from ${database}.jobs`)
    },
    jobRows: () => client.all<RawJobRow>(`select * from ${database}.jobs order by id`),
    failedRows: () => client.all<RawFailedRow>(`select * from ${database}.failed_jobs order by id`),
  }
}
