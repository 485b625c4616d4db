import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { buildDashboard, dashboardIsStale } from '../../../scripts/dashboard.ts'
import type { Role } from '../../../src/core/config.ts'
import { type Admin, createAdmin, createQueue, openStore, type Queue, type Store } from '../../../src/index.ts'

const MAIN = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url))
const CONFIG = fileURLToPath(new URL('../fixtures/faena.config.ts', import.meta.url))

export const SECRET = 'a secret for browser tests alone, of thirty-two bytes and more'
export const PASSWORD = 'correct horse battery staple'

/** One database with the processes that a user would start on it: `faena serve`, `faena work`. */
export interface Installation {
  readonly url: string
  readonly store: Store
  readonly queue: Queue
  readonly admin: Admin
  /** Where the dashboard is, without a slash at its end. */
  readonly address: string
  serve(env?: NodeJS.ProcessEnv): Promise<Process>
  work(...words: string[]): Promise<Process>
  /** Makes a user with the password of the tests. */
  user(name: string, role: Role): Promise<void>
  close(): Promise<void>
}

export interface Process {
  readonly child: ChildProcess
  printed(): string
  /** Resolves once this was printed; rejects when the process ends without, or half a minute is over. */
  prints(text: RegExp): Promise<void>
  kill(signal?: NodeJS.Signals): Promise<void>
}

export interface InstallationOptions {
  /** Left out: a SQLite file of its own. */
  url?: string
  env?: NodeJS.ProcessEnv
}

/** With a server that runs, and a build of the dashboard that is as new as its sources. */
export async function install({ url: given, env = {} }: InstallationOptions = {}): Promise<Installation> {
  if (dashboardIsStale()) buildDashboard()
  const folder = mkdtempSync(join(tmpdir(), 'faena-browser-'))
  const url = given ?? `sqlite:${join(folder, 'faena.db')}`
  const store = await openStore(url)
  await store.migrate()
  const queue = createQueue({ store })
  const processes: Process[] = []
  let address = ''
  const start = async (words: readonly string[], ready: RegExp, more: NodeJS.ProcessEnv = {}): Promise<Process> => {
    const started = run([...words, '--config', CONFIG], folder, {
      PATH: process.env.PATH,
      DATABASE_URL: url,
      FAENA_PORT: '0',
      FAENA_LOG_FORMAT: 'pretty',
      FAENA_JWT_SECRET: SECRET,
      ...env,
      ...more,
    })
    processes.push(started)
    await started.prints(ready)
    return started
  }
  const installation: Installation = {
    url,
    store,
    queue,
    admin: createAdmin({ store }),
    get address() {
      return address
    },
    async serve(more) {
      const served = await start(['serve'], /API +http\S+/, { FAENA_LOG_LEVEL: 'warn', ...more })
      address = /API +(http\S+)\/api\/v1\/queue/.exec(served.printed())![1]!
      return served
    },
    work: (...words) => start(['work', ...words], /Processing jobs from/),
    async user(name, role) {
      await installation.admin.accounts.saveUser({ name, password: PASSWORD, role })
    },
    async close() {
      await Promise.all(processes.map((one) => one.kill('SIGTERM')))
      await queue.close()
      await store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  try {
    await installation.serve()
  } catch (error) {
    await installation.close()
    throw error
  }
  return installation
}

function run(words: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Process {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...words], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  // Whatever ends the tests ends it too.
  const end = () => child.kill('SIGKILL')
  process.once('exit', end)
  child.once('exit', () => process.off('exit', end))
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      printed += chunk
    })
  }
  return {
    child,
    printed: () => printed,
    async prints(text) {
      const deadline = performance.now() + 30_000
      while (!text.test(printed)) {
        if (child.exitCode !== null || performance.now() > deadline) {
          throw new Error(`faena ${words.join(' ')} has not printed ${text}:\n${printed}`)
        }
        await sleep(20)
      }
    },
    async kill(signal = 'SIGKILL') {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill(signal)
      await ended
    },
  }
}
