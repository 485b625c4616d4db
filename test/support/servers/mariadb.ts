import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import mysql from 'mysql2/promise'
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

export const MARIADB: Software = {
  name: 'MariaDB',
  program: 'mariadbd',
  folders: ['/usr/sbin', '/usr/local/sbin'],
  package: 'mariadb-server',
}

export type MariadbServer = CrashingServer

/** A MariaDB with the settings it comes with (flush at every commit), on a free port of the loopback. */
export async function startMariadb(settings: Record<string, string> = {}, place?: Place): Promise<MariadbServer> {
  const binaries = await ensureInstalled(MARIADB)
  const user = serverUser('mysql')
  const folder = folderOf(user, 'mariadb', place)
  const data = join(folder, 'data')
  const asUser = { ...user, env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' }, cwd: folder }
  const install = ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db']
  execFileSync('mariadb-install-db', install, { ...asUser, stdio: 'pipe' })
  const port = await freePort()
  const given: Record<string, string | number> = {
    datadir: data,
    port,
    'bind-address': '127.0.0.1',
    socket: join(folder, 'socket'),
    'pid-file': join(folder, 'pid'),
    tmpdir: folder,
    'max-connections': 300,
    ...settings,
  }
  const args = Object.entries(given).map(([name, value]) => `--${name}=${value}`)
  const program = join(binaries, 'mariadbd')
  const server = startServer(program, ['--no-defaults', '--skip-name-resolve', ...args], { ...asUser, folder, place })
  const url = `mysql://root@127.0.0.1:${port}/mysql`
  const ready = () =>
    untilReady(server, async () => {
      const connection = await mysql.createConnection(url)
      await connection.end()
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
    async stop() {
      server.child.kill('SIGTERM')
      await server.stop()
    },
  }
}
