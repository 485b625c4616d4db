import { join } from 'node:path'
import mysql from 'mysql2/promise'
import { startMariadb } from '../../test/support/servers/mariadb.ts'
import { startPostgres } from '../../test/support/servers/postgres.ts'

export interface SoakServer {
  url(folder: string): string
  stop(): Promise<void>
}

/** A database of its own for one soak, on a server with the settings it comes with. */
export async function throwawayServer(store: string): Promise<SoakServer> {
  if (store === 'sqlite') return { url: (folder) => `sqlite:${join(folder, 'faena.db')}`, stop: async () => {} }
  if (store === 'postgres') {
    const server = await startPostgres()
    return { url: () => server.url, stop: () => server.stop() }
  }
  if (store !== 'mysql') throw new Error(`--store is ${store}; allowed: postgres, mysql, sqlite`)
  const server = await startMariadb()
  const connection = await mysql.createConnection(server.url)
  await connection.query('create database soak')
  await connection.end()
  return { url: () => server.url.replace(/\/mysql$/, '/soak'), stop: () => server.stop() }
}
