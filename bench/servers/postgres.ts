import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { startPostgres } from '../../test/support/servers/postgres.ts'
import { folder, removeFolder } from './none.ts'
import { cpuMsOf, memoryMiBOf, parentOf, titlesOfChildren } from './processes.ts'
import type { Server } from './server.ts'

/** `postgres: user database host(port) doing`, with `[local]` on a socket; no title is left of a process that has ended. */
const CLIENT_OR_ENDED = /^$|(\(\d+\)|\[local\]) /

/** PostgreSQL as it comes (fsync and synchronous_commit on, 128 MB of shared buffers); a place is a database of its own. */
export async function postgresServer(): Promise<Server> {
  const server = await startPostgres()
  const admin = new pg.Client({ connectionString: server.url })
  // Ctrl-C ends the server too, before the bench says good-bye to it.
  admin.on('error', () => {})
  await admin.connect()
  const value = async (query: string) => Number((await admin.query(`select (${query}) as value`)).rows[0].value)
  const backend = await value('pg_backend_pid()')
  const pid = parentOf(backend)
  const { rows } = await admin.query('show server_version')
  let places = 0
  return {
    version: `PostgreSQL ${rows[0].server_version.split(' ')[0]}`,
    async place() {
      const name = `bench_${++places}`
      await admin.query(`create database ${name}`)
      const url = new URL(server.url)
      url.pathname = `/${name}`
      return { url: url.href, folder: folder() }
    },
    async drop(place) {
      removeFolder(place)
      await admin.query(`drop database ${new URL(place.url).pathname.slice(1)} with (force)`)
    },
    async rest({ url }) {
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      await client.query('analyze')
      await client.query('checkpoint')
      await client.end()
    },
    counters: async () => ({
      cpuMs: cpuMsOf(pid),
      logBytes: await value(`pg_current_wal_insert_lsn() - '0/0'::pg_lsn`),
      logSyncs: await value('select wal_sync from pg_stat_wal'),
    }),
    async left() {
      const others = `select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> ${backend}`
      // One that has left the list still has its memory to give back, which is processor time too.
      const there = () => titlesOfChildren(pid).some((one) => one.pid !== backend && CLIENT_OR_ENDED.test(one.title))
      for (let tries = 0; tries < 100 && ((await value(others)) > 0 || there()); tries++) await delay(20)
    },
    memoryMiB: () => memoryMiBOf(pid),
    async snapshot({ url }) {
      const client = new pg.Client({ connectionString: url })
      client.on('error', () => {})
      await client.connect()
      await client.query('begin isolation level repeatable read')
      await client.query('select count(*) from pg_class')
      return async () => {
        await client.query('commit')
        await client.end()
      }
    },
    async stop() {
      await admin.end().catch(() => {})
      await server.stop()
    },
  }
}
