import knex, { type Knex } from 'knex'
import Sqlite from 'knex/lib/dialects/better-sqlite3/index.js'
import { BetterForm } from './better-form.ts'
import type { Library, Place } from './library.ts'

/** Its client for better-sqlite3, on SQLite as Node brings it. */
class NodeSqlite extends Sqlite {
  _driver(): unknown {
    return BetterForm
  }
}

export async function openKnex({ kind, url, table }: Place): Promise<Library> {
  const db = knex(configuration(kind, url))
  return {
    whole: db,
    transaction: (work) => db.transaction((trx) => work(trx, async (id) => trx(table).insert({ id }))),
    close: () => db.destroy(),
  }
}

function configuration(kind: Place['kind'], url: string): Knex.Config {
  if (kind !== 'sqlite') return { client: kind === 'postgres' ? 'pg' : 'mysql2', connection: url }
  return { client: NodeSqlite, connection: { filename: url }, useNullAsDefault: true }
}
