import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** A server that lives for one run of the tests. */
export interface Throwaway {
  readonly url: string
  stop(): Promise<void>
}

/** The system's user that a server is run as: servers refuse root. Undefined where the tests do not run as root. */
export function serverUser(name: string): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

/** A new folder of that user's. */
export function folderOf(user: { uid: number; gid: number } | undefined, name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `faena-${name}-`))
  if (user) chownSync(folder, user.uid, user.gid)
  return folder
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  return port
}

/** Starts a server process that ends, with its folder, when this process ends, however that happens. */
export function startServer(program: string, args: readonly string[], options: SpawnOptions & { folder: string }) {
  const { folder, ...spawning } = options
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], ...spawning })
  let log = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    log = (log + chunk).slice(-4_000)
  })
  const guard = spawn(
    process.execPath,
    [fileURLToPath(new URL('./guard.ts', import.meta.url)), String(child.pid), folder],
    {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    },
  )
  guard.unref()
  return { child, log: () => log, stop: () => stopped(child, guard) }
}

/** Asks again and again until the server answers; gives up when its process has ended or after half a minute. */
export async function untilReady(child: ChildProcess, log: () => string, ask: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + 30_000
  for (;;) {
    try {
      return await ask()
    } catch (cause) {
      if (child.exitCode !== null || Date.now() > deadline) {
        throw new Error(`the server for the tests did not start: ${log()}`, { cause })
      }
      await delay(50)
    }
  }
}

async function stopped(child: ChildProcess, guard: ChildProcess): Promise<void> {
  const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
  guard.stdin?.end()
  await ended
}
