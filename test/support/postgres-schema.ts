import { randomBytes } from 'node:crypto'
import pg from 'pg'
import type { Store } from '../../src/store.ts'
import { type PostgresOptions, postgresStore } from '../../src/stores/postgres/store.ts'
import { serverUrl } from './servers/url.ts'
import { WaitingClient } from './servers/waiting-client.ts'

/** A schema of one test's own on the server for the tests, taken away at its end. */
export interface GivenSchema extends AsyncDisposable {
  readonly url: string
  readonly schema: string
  readonly look: WaitingClient
  /** A store on it, opened, closed with it. */
  store(options?: Partial<PostgresOptions>): Promise<Store>
  /** A connection of somebody else, closed with it; by another way where one is given. */
  client(way?: { url?: string }): Promise<pg.Client>
}

export async function givenSchema(sql = ''): Promise<GivenSchema> {
  const url = await serverUrl('postgres')
  const schema = `given_${randomBytes(5).toString('hex')}`
  const look = new WaitingClient('postgres', url)
  look.all(`create schema ${schema}`)
  for (const statement of sql.split(';')) if (statement.trim()) look.all(statement.replaceAll('{}', schema))
  const open: { close(): Promise<void> }[] = []
  return {
    url,
    schema,
    look,
    async store(options = {}) {
      const store = postgresStore({ url, schema, ...options })
      open.push(store)
      await store.open()
      return store
    },
    async client(way = {}) {
      const client = new pg.Client({ connectionString: way.url ?? url })
      client.on('error', () => {})
      open.push({ close: () => client.end().catch(() => {}) })
      await client.connect()
      return client
    },
    async [Symbol.asyncDispose]() {
      for (const each of open) await each.close()
      look.all(`drop schema ${schema} cascade`)
      await look.close()
    },
  }
}
