import { CamelCasePlugin, type Generated, Kysely, MysqlDialect, PostgresDialect } from 'kysely'
import mysql from 'mysql2'
import pg from 'pg'
import type { Library, Place } from './library.ts'

interface Tables {
  [table: string]: { id: Generated<number> }
}

/** With a plugin that renames columns, as many applications have one: it must not reach the queue's own statements. */
export async function openKysely({ kind, url, table }: Place): Promise<Library> {
  const dialect =
    kind === 'postgres'
      ? new PostgresDialect({ pool: new pg.Pool({ connectionString: url }) })
      : new MysqlDialect({ pool: mysql.createPool(url) })
  const db = new Kysely<Tables>({ dialect, plugins: [new CamelCasePlugin()] })
  return {
    whole: db,
    transaction: (work) =>
      db.transaction().execute((trx) => work(trx, (id) => trx.insertInto(table).values({ id }).execute())),
    close: () => db.destroy(),
  }
}

/** The same with a transaction that begins and ends by hand. */
export async function openControlledKysely(place: Place): Promise<Library> {
  const { kind, url, table } = place
  const dialect =
    kind === 'postgres'
      ? new PostgresDialect({ pool: new pg.Pool({ connectionString: url }) })
      : new MysqlDialect({ pool: mysql.createPool(url) })
  const db = new Kysely<Tables>({ dialect })
  return {
    whole: db,
    transaction: async (work) => {
      const trx = await db.startTransaction().execute()
      try {
        await work(trx, (id) => trx.insertInto(table).values({ id }).execute())
        await trx.commit().execute()
      } catch (error) {
        await trx.rollback().execute()
        throw error
      }
    },
    close: () => db.destroy(),
  }
}
