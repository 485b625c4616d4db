import { type ChildProcess, fork, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readlinkSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { askSupervisor } from '../../src/supervisor/control-client.ts'
import type { ProcessRow } from '../../src/supervisor/rows.ts'
import type { Told } from './producer.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
/**
 * The young generation has its full size from the start, as Faena's worker processes give it to themselves: where it grows in its
 * own time, that goes on for minutes and looks like a leak.
 */
const FLAGS = ['--disable-warning=ExperimentalWarning', '--min-semi-space-size=8', '--max-semi-space-size=8']

/** Nobody restarts the first; the processes of the second are killed, stopped and restarted all the time. */
const POOLS = {
  steady: { processes: 1, concurrency: 20 },
  restless: { processes: 2, concurrency: 20, grace: '5s' },
}

export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
}

export interface Started {
  readonly pid: number
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** What it printed last. */
  printed(): string
}

/** A folder with a configuration, and what runs in it: the supervisor with its workers, the API, and an application. */
export class SoakInstallation {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'faena-soak-')))
  readonly paths = {
    dispatched: join(this.folder, 'dispatched'),
    ended: join(this.folder, 'ended'),
    heaps: join(this.folder, 'heaps'),
  }
  readonly #env: NodeJS.ProcessEnv
  readonly #started: Started[] = []

  /** `url`: by the name of its folder, where the database is to lie in it. */
  constructor(url: (folder: string) => string, rate: number) {
    this.#env = {
      PATH: process.env.PATH,
      DATABASE_URL: url(this.folder),
      FAENA_PORT: '0',
      FAENA_JWT_SECRET: 'a secret for the time of one soak',
      FAENA_LOG_FORMAT: 'pretty',
      NODE_OPTIONS: `--expose-gc --import=${fileURLToPath(new URL('./live-heap.ts', import.meta.url))}`,
      SOAK_HEAPS: this.paths.heaps,
      SOAK_LEDGER: this.paths.ended,
      SOAK_DISPATCHED: this.paths.dispatched,
      SOAK_RATE: String(rate),
    }
    const [index, jobs] = ['../../src/index.ts', './jobs.ts'].map((path) => new URL(path, import.meta.url).href)
    writeFileSync(
      join(this.folder, 'faena.config.ts'),
      `import { defineConfig } from '${index}'
export default defineConfig({ handlers: ['handlers.ts'], pools: ${JSON.stringify(POOLS)} })\n`,
    )
    writeFileSync(join(this.folder, 'handlers.ts'), `export { soaking } from '${jobs}'\n`)
  }

  get url(): string {
    return this.#env.DATABASE_URL!
  }

  /** A command to its end. Throws what it printed where it failed. */
  async faena(...words: string[]): Promise<string> {
    const started = this.begin(words)
    const { code } = await started.ended
    if (code !== 0) throw new Error(`faena ${words.join(' ')} ended with ${code}: ${started.printed()}`)
    return started.printed()
  }

  begin(words: readonly string[], stdout: 'ignore' | 'pipe' = 'pipe'): Started {
    return this.#follow(
      spawn(process.execPath, [...FLAGS, MAIN, ...words], {
        ...{ cwd: this.folder, env: this.#env, stdio: ['ignore', stdout, 'pipe'] },
      }),
    )
  }

  /** `told` is called about once a second. */
  produce(told: (now: Told) => void): Started {
    const child = fork(new URL('./producer.ts', import.meta.url), {
      ...{ cwd: this.folder, env: this.#env, execArgv: FLAGS, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
    })
    child.on('message', (now: Told) => told(now))
    return this.#follow(child)
  }

  /** The supervisor's processes; none while it cannot be asked. */
  async processes(): Promise<ProcessRow[]> {
    const answer = await askSupervisor<ProcessRow[]>(join(this.folder, '.faena'), { command: 'ps', names: [] })
    return answer?.value ?? []
  }

  /** Pids of all that runs in this folder. */
  left(): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((name) => {
        try {
          return readlinkSync(`/proc/${name}/cwd`) === this.folder
        } catch {
          return false
        }
      })
      .map(Number)
  }

  async remove(): Promise<void> {
    for (const pid of this.left()) process.kill(pid, 'SIGKILL')
    await Promise.all(this.#started.map(({ ended }) => ended))
    rmSync(this.folder, { recursive: true, force: true })
  }

  #follow(child: ChildProcess): Started {
    let printed = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        printed = (printed + chunk).slice(-10_000)
      })
    }
    const ended = new Promise<Ended>((resolve) => child.once('close', (code, signal) => resolve({ code, signal })))
    const started = { pid: child.pid!, child, ended, printed: () => printed }
    this.#started.push(started)
    return started
  }
}
