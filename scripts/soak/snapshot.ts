import { DatabaseSync } from 'node:sqlite'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { parseUrl } from '../../src/core/url.ts'

/**
 * Holds an old picture of the whole database, as a long report or a forgotten `begin` does: the server forgets nothing that was
 * deleted since (PostgreSQL, MariaDB), and the log is not taken into the file (SQLite). Resolves to what lets go of it.
 */
export async function holdSnapshot(url: string): Promise<() => Promise<void>> {
  const parsed = parseUrl(url)
  if (parsed.kind === 'sqlite') {
    const database = new DatabaseSync(parsed.path)
    database.exec('begin; select 1 from jobs limit 1')
    return async () => database.close()
  }
  if (parsed.kind === 'mysql') {
    const connection = await mysql.createConnection(parsed.url)
    // Where the soak breaks off, the server goes first.
    connection.on('error', () => {})
    await connection.query('start transaction with consistent snapshot')
    await connection.query('select 1 from jobs limit 1')
    return () => connection.end()
  }
  const client = new pg.Client({ connectionString: url.split('?')[0] })
  client.on('error', () => {})
  await client.connect()
  await client.query('begin isolation level repeatable read')
  await client.query('select 1 from pg_class limit 1')
  return () => client.end()
}
