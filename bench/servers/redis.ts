import { join } from 'node:path'
import { Redis } from 'ioredis'
import { ensureInstalled, type Software } from '../../test/support/servers/install.ts'
import { folderOf, freePort, startServer, untilReady } from '../../test/support/servers/throwaway.ts'
import { folder, removeFolder } from './none.ts'
import { cpuMsOf, memoryMiBOf } from './processes.ts'
import type { Server } from './server.ts'

export const REDIS: Software = {
  name: 'Redis',
  program: 'redis-server',
  folders: ['/usr/bin', '/usr/local/bin'],
  package: 'redis-server',
}

/** Redis with its append-only file, brought to the disk each second, and no snapshots: what its peers' pages recommend. */
export async function redisServer(): Promise<Server> {
  const program = join(await ensureInstalled(REDIS), REDIS.program)
  const home = folderOf(undefined, 'redis')
  const port = await freePort()
  const listens = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', home]
  // Never rewritten, so that its size only grows: that is the count of what was logged.
  const logs = ['--save', '', '--appendonly', 'yes', '--auto-aof-rewrite-percentage', '0']
  const settings = [...listens, ...logs]
  const server = startServer(program, settings, { folder: home, cwd: home })
  const url = `redis://127.0.0.1:${port}`
  const admin = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 1, retryStrategy: () => null })
  admin.on('error', () => {})
  await untilReady(server, async () => {
    await admin.connect()
    await admin.ping()
  })
  const pid = server.child.pid!
  const info = async (name: string) => new RegExp(`^${name}:(.*)\\r`, 'm').exec(await admin.info())?.[1] ?? ''
  return {
    version: `Redis ${await info('redis_version')}`,
    async place() {
      await admin.flushall()
      return { url, folder: folder() }
    },
    async drop(place) {
      removeFolder(place)
      await admin.flushall()
    },
    rest: async () => {},
    counters: async () => ({
      cpuMs: cpuMsOf(pid),
      logBytes: Number(await info('aof_current_size')),
      logSyncs: Number.NaN,
    }),
    memoryMiB: () => memoryMiBOf(pid),
    async stop() {
      admin.disconnect()
      await server.stop()
    },
  }
}
