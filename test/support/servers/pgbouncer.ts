import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { ensureInstalled, type Software } from './install.ts'
import { folderOf, freePort, serverUser, startServer, type Throwaway, untilReady } from './throwaway.ts'

export const PGBOUNCER: Software = {
  name: 'PgBouncer',
  program: 'pgbouncer',
  folders: ['/usr/sbin'],
  package: 'pgbouncer',
}

/** A PgBouncer in transaction mode with two connections to the server behind it: each statement may get another one. */
export async function startPgbouncer(postgres: string): Promise<Throwaway> {
  const binaries = await ensureInstalled(PGBOUNCER)
  const user = serverUser('postgres')
  const folder = folderOf(user, 'pgbouncer')
  const port = await freePort()
  const { hostname, port: behind, username, pathname } = new URL(postgres)
  const file = join(folder, 'pgbouncer.ini')
  const lines = [
    '[databases]',
    `pooled = host=${hostname} port=${behind} dbname=${pathname.slice(1)} user=${username}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    `unix_socket_dir = ${folder}`,
    'auth_type = any',
    'pool_mode = transaction',
    'default_pool_size = 2',
    'max_client_conn = 200',
  ]
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o644 })
  const server = startServer(join(binaries, 'pgbouncer'), [file], { ...user, folder, cwd: folder })
  const url = `postgres://faena@127.0.0.1:${port}/pooled`
  await untilReady(server, async () => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.end()
  })
  return { url, stop: () => server.stop() }
}
