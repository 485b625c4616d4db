import { type ChildProcess, execFile, execFileSync, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** A server that lives for one run of the tests. */
export interface Throwaway {
  readonly url: string
  stop(): Promise<void>
}

/** One that can be killed as a loss of power would kill it, its files staying as they are. */
export interface CrashingServer extends Throwaway {
  /** False once it has ended, by itself too. */
  readonly running: boolean
  /** SIGKILL for all its processes at once. */
  crash(): Promise<void>
  /** Starts it on the same files and port. */
  restart(): Promise<void>
}

/** Where a server's folder is to be. */
export interface Place {
  readonly folder: string
  /** The folder is a file system mounted for it, which goes with it. */
  readonly mounted?: boolean
}

/** The system's user that a server is run as: servers refuse root. Undefined where the tests do not run as root. */
export function serverUser(name: string): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

/** A new folder of that user's. */
export function folderOf(
  user: { uid: number; gid: number } | undefined,
  name: string,
  { folder: parent = tmpdir() }: Partial<Place> = {},
): string {
  const folder = mkdtempSync(join(parent, `faena-${name}-`))
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
  readonly running: boolean
  /** Ends it and all it started as a crash does, and leaves its folder. */
  crash(): Promise<void>
  /** Starts it anew after a crash. */
  again(): void
  /** Ends it and takes its folder away. */
  stop(): Promise<void>
}

/** Starts a server process that ends, with its folder, when this process ends, however that happens. */
export function startServer(
  program: string,
  args: readonly string[],
  options: SpawnOptions & { folder: string; place?: Place | undefined },
): ServerProcess {
  const { folder, place, ...spawning } = options
  const guarded = [folder, ...(place?.mounted ? [place.folder] : [])]
  const guard = spawn(process.execPath, [fileURLToPath(new URL('./guard.ts', import.meta.url)), ...guarded], {
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
    get running() {
      return child.exitCode === null && child.signalCode === null
    },
    async crash() {
      const ended = exited(child)
      // It stands still first, so that it starts no further process and does not notice that its own die.
      child.kill('SIGSTOP')
      const children = (await processes()).filter(({ parent }) => parent === child.pid).map(({ pid }) => pid)
      for (const pid of [child.pid!, ...children]) kill(pid)
      await ended
      // One that ended and that nobody has asked about yet holds nothing any more.
      const isLeft = async () =>
        (await processes()).some(({ pid, state }) => children.includes(pid) && !state.startsWith('Z'))
      while (await isLeft()) await delay(20)
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

/** All processes, as `ps` shows them. Asked for without standing still: those who share this process's event loop go on. */
async function processes(): Promise<{ pid: number; parent: number; state: string }[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,stat='])
  return stdout
    .trim()
    .split('\n')
    .map((line) => {
      const [pid, parent, state] = line.trim().split(/\s+/)
      return { pid: Number(pid), parent: Number(parent), state: state! }
    })
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
