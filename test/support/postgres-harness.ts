import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll } from 'vitest'
import type { Store } from '../../src/store.ts'
import { type PostgresOptions, postgresStore } from '../../src/stores/postgres/store.ts'
import { testClock } from './clock.ts'
import type { Harness, HarnessOptions } from './harness.ts'
import { LARAVEL_TABLES } from './laravel-postgres.ts'
import { failedColumns, jobColumns, type RawFailedRow, type RawJobRow, type RawTables } from './raw.ts'
import { serverUrl } from './servers/url.ts'
import { WaitingClient } from './servers/waiting-client.ts'

/** Schemas of this test file, by what their tables were made from; those that are free again may be used once more. */
const made: string[] = []
const free = new Map<string, string[]>()
let looking: WaitingClient | undefined

afterAll(async () => {
  for (const schema of made) looking?.all(`drop schema if exists ${schema} cascade`)
  made.length = 0
  free.clear()
  await looking?.close()
  looking = undefined
})

export function openPostgres(options: HarnessOptions = {}): Promise<Harness> {
  return openOn('', options)
}

/** The same on tables that Laravel made and that were migrated then. */
export function openPostgresOfLaravel(options: HarnessOptions = {}): Promise<Harness> {
  return openOn(LARAVEL_TABLES['laravel 8 and 12'], options)
}

async function openOn(tables: string, { timezone, connection }: HarnessOptions): Promise<Harness> {
  const url = await serverUrl('postgres')
  const clock = testClock()
  looking ??= new WaitingClient('postgres', url)
  const client = looking
  const unused = free.get(tables) ?? []
  free.set(tables, unused)
  const schema = unused.pop() ?? makeSchema(client, tables)
  const opened: Store[] = []
  const connect = async () => {
    const options: PostgresOptions = { url, schema, clock: clock.now, timezone, connection }
    const store = postgresStore(options)
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
    raw: rawTables(client, schema, clock.now),
    begin: async () => {
      const tx = new pg.Client({ connectionString: url })
      await tx.connect()
      await tx.query('begin')
      const end = async (how: 'commit' | 'rollback') => {
        await tx.query(how)
        await tx.end()
      }
      return { tx, commit: () => end('commit'), rollback: () => end('rollback') }
    },
    close: async () => {
      for (const each of opened) await each.close()
      emptySchema(client, schema)
      unused.push(schema)
    },
  }
}

function makeSchema(client: WaitingClient, tables: string): string {
  const schema = `faena_${randomBytes(5).toString('hex')}`
  made.push(schema)
  client.all(`create schema ${schema}`)
  for (const statement of tables.split(';')) if (statement.trim()) client.all(statement.replaceAll('{}', schema))
  return schema
}

/** As new, ids beginning at 1, and without the cost of making it again. */
function emptySchema(client: WaitingClient, schema: string): void {
  const tables = client.all<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = $1 and tablename <> 'faena_migrations'`,
    [schema],
  )
  for (const { name } of tables) client.all(`delete from ${schema}.${name}`)
  client.all(
    'select setval(c.oid, 1, false) from pg_class c where c.relnamespace = $1::regnamespace and c.relkind = $2',
    [schema, 'S'],
  )
}

export function rawTables(client: WaitingClient, schema: string, now: () => number): RawTables {
  const insert = (table: string, row: Record<string, string | number | null>) => {
    const columns = Object.keys(row)
    const places = columns.map((_, at) => `$${at + 1}`).join(', ')
    const text = `insert into ${schema}.${table} (${columns.join(', ')}) values (${places}) returning id`
    return client.all<{ id: number }>(text, Object.values(row))[0]!.id
  }
  return {
    insertJob: (row) => insert('jobs', jobColumns(row, now())),
    insertFailed: (row) => insert('failed_jobs', failedColumns(row)),
    deleteJob: (id) => {
      client.all(`delete from ${schema}.jobs where id = $1`, [id])
    },
    deleteAllJobs: () => {
      client.all(`delete from ${schema}.jobs`)
    },
    jobRows: () => client.all<RawJobRow>(`select * from ${schema}.jobs order by id`),
    failedRows: () => client.all<RawFailedRow>(`select * from ${schema}.failed_jobs order by id`),
  }
}
