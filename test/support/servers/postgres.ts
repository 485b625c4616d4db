import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import pg from 'pg'
import { ensureInstalled, type Software } from './install.ts'
import {
  type CrashingServer,
  folderOf,
  freePort,
  type Place,
  serverUser,
  startServer,
  untilReady,
} from './throwaway.ts'

export const POSTGRES: Software = {
  name: 'PostgreSQL',
  program: 'initdb',
  folders: ['/usr/lib/postgresql/*/bin'],
  package: 'postgresql',
}

export type PostgresServer = CrashingServer

/** A PostgreSQL with the settings it comes with (fsync on), on a free port of the loopback. */
export async function startPostgres(settings: Record<string, string> = {}, place?: Place): Promise<PostgresServer> {
  const binaries = ensureInstalled(POSTGRES)
  const user = serverUser('postgres')
  const folder = folderOf(user, 'postgres', place)
  const data = join(folder, 'data')
  const asUser = { ...user, env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' }, cwd: folder }
  execFileSync(join(binaries, 'initdb'), ['-D', data, '-U', 'faena', '-A', 'trust', '-E', 'UTF8', '--no-sync'], {
    ...asUser,
    stdio: 'pipe',
  })
  const port = await freePort()
  const given: Record<string, string | number> = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: folder,
    max_connections: 200,
    ...settings,
  }
  const args = Object.entries(given).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = startServer(join(binaries, 'postgres'), ['-D', data, ...args], { ...asUser, folder, place })
  const url = `postgres://faena@127.0.0.1:${port}/postgres`
  const ready = () =>
    untilReady(server, async () => {
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      await client.end()
    })
  await ready()
  return {
    url,
    get running() {
      return server.running
    },
    crash: () => server.crash(),
    async restart() {
      server.again()
      await ready()
    },
    stop: () => server.stop(),
  }
}
