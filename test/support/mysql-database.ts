import { randomBytes } from 'node:crypto'
import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise'
import type { Store } from '../../src/store.ts'
import { type MysqlOptions, mysqlStore } from '../../src/stores/mysql/store.ts'
import { LARAVEL_TABLES } from './laravel-mysql.ts'
import { serverUrl } from './servers/url.ts'

/** A database of its own on the run's server, for tests that look at the server itself. */
export interface TestDatabase extends AsyncDisposable {
  readonly url: string
  readonly name: string
  /** A connection of the test's own. */
  readonly connection: Connection
  /** Opens a store there; closed with the database. */
  store(options?: Partial<MysqlOptions>): Promise<Store>
  rows<Row = Record<string, unknown>>(text: string, values?: unknown[]): Promise<Row[]>
  /** A further connection; closed with the database. */
  connect(options?: Record<string, unknown>): Promise<Connection>
}

export async function testDatabase(tables?: keyof typeof LARAVEL_TABLES): Promise<TestDatabase> {
  const server = await serverUrl('mysql')
  const name = `faena_${randomBytes(5).toString('hex')}`
  const url = server.replace(/\/[^/]*$/, `/${name}`)
  const first = await mysql.createConnection({ uri: server, multipleStatements: true, dateStrings: true })
  await first.query(`create database ${name}`)
  await first.changeUser({ database: name })
  if (tables) await first.query(LARAVEL_TABLES[tables])
  const stores: Store[] = []
  const connections = [first]
  return {
    url,
    name,
    connection: first,
    async store(options = {}) {
      const store = mysqlStore({ url, ...options })
      stores.push(store)
      await store.open()
      return store
    },
    async rows<Row>(text: string, values: unknown[] = []) {
      const [rows] = await first.query<RowDataPacket[]>(text, values)
      return rows as Row[]
    },
    async connect(options = {}) {
      const connection = await mysql.createConnection({ uri: url, ...options })
      connection.on('error', () => {})
      connections.push(connection)
      return connection
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(stores.map((store) => store.close()))
      for (const connection of connections.slice(1)) connection.destroy()
      await first.query(`drop database ${name}`)
      await first.end()
    },
  }
}
