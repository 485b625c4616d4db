import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import mysql, { type RowDataPacket } from 'mysql2/promise'
import { startMariadb } from '../../test/support/servers/mariadb.ts'
import { folder, removeFolder } from './none.ts'
import { cpuMsOf, memoryMiBOf } from './processes.ts'
import type { Server } from './server.ts'

/** MariaDB as it comes (flush at every commit); a place is a database of its own. */
export async function mariadbServer(): Promise<Server> {
  const server = await startMariadb()
  const admin = await mysql.createConnection({ uri: server.url, multipleStatements: true })
  // Ctrl-C ends the server too, before the bench says good-bye to it.
  admin.on('error', () => {})
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
      await flushed(admin, status)
    },
    counters: async () => ({
      cpuMs: cpuMsOf(pid),
      logBytes: await status('Innodb_os_log_written'),
      // Those of data files are among them; 10.11 counts none of the log alone.
      logSyncs: await status('Innodb_data_fsyncs'),
    }),
    memoryMiB: () => memoryMiBOf(pid),
    async snapshot({ url }) {
      const connection = await mysql.createConnection(url)
      connection.on('error', () => {})
      await connection.query('start transaction with consistent snapshot')
      return async () => {
        await connection.query('commit')
        await connection.end()
      }
    },
    async stop() {
      await admin.end().catch(() => {})
      await server.stop()
    },
  }
}

const MOST_FLUSHING_MS = 20_000
/** InnoDB counts its dirty pages about once a second. */
const COUNTED_EVERY_MS = 1_100
/** Some pages are dirtied by the flushing itself. */
const FEW_PAGES = 100
const SHORT_HISTORY = 1_000

/** What a checkpoint is elsewhere: dirty pages on the disk and old versions purged, so that neither weighs on what is measured next. */
async function flushed(admin: mysql.Connection, status: (name: string) => Promise<number>): Promise<void> {
  const [[usual]] = await admin.query<RowDataPacket[]>(`select @@global.innodb_max_dirty_pages_pct as dirty,
    @@global.innodb_max_dirty_pages_pct_lwm as dirty_lwm, @@global.innodb_io_capacity as io, @@global.innodb_io_capacity_max as io_max`)
  await admin.query(`set global innodb_max_dirty_pages_pct_lwm = 0; set global innodb_max_dirty_pages_pct = 0;
    set global innodb_io_capacity_max = 20000; set global innodb_io_capacity = 20000`)
  try {
    const deadline = performance.now() + MOST_FLUSHING_MS
    do await delay(COUNTED_EVERY_MS)
    while (
      performance.now() < deadline &&
      ((await status('Innodb_buffer_pool_pages_dirty')) > FEW_PAGES ||
        (await status('Innodb_history_list_length')) > SHORT_HISTORY)
    )
  } finally {
    await admin.query(
      `set global innodb_max_dirty_pages_pct = ?; set global innodb_max_dirty_pages_pct_lwm = ?;
      set global innodb_io_capacity = ?; set global innodb_io_capacity_max = ?`,
      [usual!.dirty, usual!.dirty_lwm, usual!.io, usual!.io_max].map(Number),
    )
  }
}

function nameOf(url: string): string {
  return new URL(url).pathname.slice(1)
}
