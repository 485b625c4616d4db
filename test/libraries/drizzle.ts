import { sql } from 'drizzle-orm'
import { drizzle as onMysql } from 'drizzle-orm/mysql2'
import { drizzle as onPostgres } from 'drizzle-orm/node-postgres'
import mysql from 'mysql2'
import mysqlWithPromises from 'mysql2/promise'
import pg from 'pg'
import type { Library, Place } from './library.ts'

export async function openDrizzle({ kind, url, table }: Place): Promise<Library> {
  const insert = (id: number) => sql`insert into ${sql.raw(table)} (id) values (${id})`
  if (kind === 'postgres') {
    const pool = new pg.Pool({ connectionString: url })
    const db = onPostgres(pool)
    return {
      whole: db,
      transaction: (work) => db.transaction((tx) => work(tx, (id) => tx.execute(insert(id)))),
      close: () => pool.end(),
    }
  }
  const pool = mysqlWithPromises.createPool(url)
  const db = onMysql(pool)
  return {
    whole: db,
    transaction: (work) => db.transaction((tx) => work(tx, (id) => tx.execute(insert(id)))),
    close: () => pool.end(),
  }
}

/** On a pool with callbacks, and in a nested transaction. */
export async function openNestedDrizzle({ url, table }: Place): Promise<Library> {
  const pool = mysql.createPool(url)
  const db = onMysql(pool)
  const insert = (id: number) => sql`insert into ${sql.raw(table)} (id) values (${id})`
  return {
    whole: db,
    transaction: (work) =>
      db.transaction((outer) => outer.transaction((tx) => work(tx, (id) => tx.execute(insert(id))))),
    close: () => new Promise((resolve, reject) => pool.end((error) => (error ? reject(error) : resolve()))),
  }
}
