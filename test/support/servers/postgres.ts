import { execFileSync } from 'node:child_process'
import { cpSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
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

/** `13` or `18` stands for a package of versions/package.json; without it the system's own PostgreSQL is started. */
const VERSION = process.env.FAENA_TEST_POSTGRES_VERSION

/** A PostgreSQL with the settings it comes with (fsync on), on a free port of the loopback. */
export async function startPostgres(settings: Record<string, string> = {}, place?: Place): Promise<PostgresServer> {
  const installed = VERSION ? packaged(VERSION) : await ensureInstalled(POSTGRES)
  const user = serverUser('postgres')
  const folder = folderOf(user, 'postgres', place)
  const binaries = VERSION ? within(folder, installed) : installed
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

/** The folder of what `npm ci` in versions/ installed. */
function packaged(version: string): string {
  const folder = fileURLToPath(new URL(`./versions/node_modules/postgres-${version}`, import.meta.url))
  if (!existsSync(folder)) {
    throw new Error(
      `FAENA_TEST_POSTGRES_VERSION is ${version}, and ${folder} is not there; run: npm ci --prefix test/support/servers/versions`,
    )
  }
  // A package cannot hold the links that its libraries need; it brings a script that makes them.
  execFileSync(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: folder })
  return join(folder, 'native')
}

/** A copy that the server's user can read: a checkout may lie in a folder of root's. Answers where its programs are. */
function within(folder: string, native: string): string {
  cpSync(native, join(folder, 'native'), { recursive: true, verbatimSymlinks: true })
  return join(folder, 'native', 'bin')
}
