import { readFileSync } from 'node:fs'
import mysql, { type RowDataPacket } from 'mysql2/promise'
import { startMariadb } from '../../test/support/servers/mariadb.ts'
import { folder, removeFolder } from './none.ts'
import { cpuMsOf, memoryMiBOf } from './processes.ts'
import type { Server } from './server.ts'

/** MariaDB as it comes (flush at every commit); a place is a database of its own. */
export async function mariadbServer(): Promise<Server> {
  const server = await startMariadb()
  const admin = await mysql.createConnection({ uri: server.url, multipleStatements: true })
  const [[about]] = await admin.query<RowDataPacket[]>('select version() as version, @@pid_file as pid_file')
  const pid = Number(readFileSync(about!.pid_file, 'utf8'))
  const status = async (name: string) => {
    const [[row]] = await admin.query<RowDataPacket[]>('show global status where variable_name = ?', [name])
    return row === undefined ? Number.NaN : Number(row.Value)
  }
  let places = 0
  return {
    version: `MariaDB ${String(about!.version).split('-')[0]}`,
    async place() {
      const name = `bench_${++places}`
      await admin.query(`create database ${name} default charset utf8mb4`)
      const url = new URL(server.url)
      url.pathname = `/${name}`
      return { url: url.href, folder: folder() }
    },
    async drop(place) {
      removeFolder(place)
      await admin.query(`drop database ${nameOf(place.url)}`)
    },
    async rest({ url }) {
      const [tables] = await admin.query<RowDataPacket[]>(
        'select table_name as name from information_schema.tables where table_schema = ?',
        [nameOf(url)],
      )
      for (const { name } of tables) await admin.query(`analyze table ${nameOf(url)}.${name}`)
    },
    counters: async () => ({
      cpuMs: cpuMsOf(pid),
      logBytes: await status('Innodb_os_log_written'),
      logSyncs: await status('Innodb_os_log_fsyncs'),
    }),
    memoryMiB: () => memoryMiBOf(pid),
    async snapshot({ url }) {
      const connection = await mysql.createConnection(url)
      await connection.query('start transaction with consistent snapshot')
      return async () => {
        await connection.query('commit')
        await connection.end()
      }
    },
    async stop() {
      await admin.end()
      await server.stop()
    },
  }
}

function nameOf(url: string): string {
  return new URL(url).pathname.slice(1)
}
