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

export interface ServerProcess {
  /** The process as it runs now. */
  readonly child: ChildProcess
  /** The last of what it said. */
  log(): string
  /** Ends it as a crash does and leaves its folder. */
  crash(signal?: NodeJS.Signals): Promise<void>
  /** Starts it anew after a crash. */
  again(): void
  /** Ends it and takes its folder away. */
  stop(): Promise<void>
}

/** Starts a server process that ends, with its folder, when this process ends, however that happens. */
export function startServer(
  program: string,
  args: readonly string[],
  options: SpawnOptions & { folder: string },
): ServerProcess {
  const { folder, ...spawning } = options
  const guard = spawn(process.execPath, [fileURLToPath(new URL('./guard.ts', import.meta.url)), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  guard.unref()
  let log = ''
  const started = () => {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], ...spawning })
    child.stderr?.on('data', (chunk: Buffer) => {
      log = (log + chunk).slice(-4_000)
    })
    guard.stdin?.write(`${child.pid}\n`)
    return child
  }
  let child = started()
  return {
    get child() {
      return child
    },
    log: () => log,
    async crash(signal = 'SIGKILL') {
      const ended = exited(child)
      child.kill(signal)
      await ended
      guard.stdin?.write('0\n')
    },
    again() {
      child = started()
    },
    async stop() {
      const ended = exited(child)
      guard.stdin?.end()
      await ended
    },
  }
}

/** Asks again and again until the server answers; gives up when its process has ended or after half a minute. */
export async function untilReady(server: ServerProcess, ask: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + 30_000
  for (;;) {
    try {
      return await ask()
    } catch (cause) {
      if (server.child.exitCode !== null || Date.now() > deadline) {
        throw new Error(`the server for the tests did not start: ${server.log()}`, { cause })
      }
      await delay(50)
    }
  }
}

async function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}
