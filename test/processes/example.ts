import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect } from 'vitest'
import { until } from './support.ts'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

const PATIENCE_MS = 60_000

/** The example application as a newcomer brings it up, with a database and ports of its own. */
export interface Example {
  /** The file that holds its jobs. */
  readonly database: string
  /**
   * Types a command line, in which 127.0.0.1:3000 and :3001 mean this example's application and source, and answers all
   * it printed.
   */
  type(command: string): Promise<string>
  /** Types it until it shows all of these, or the patience is over. One that changes something is typed once. */
  typeUntil(command: string, shows: readonly string[]): Promise<string>
}

/** `npm start` for all tests of the block (or file) that this is called in. */
export function started(extra: Record<string, string> = {}): Example {
  const folder = mkdtempSync(join(tmpdir(), 'faena-example-'))
  const database = join(folder, 'faena.db')
  const env: NodeJS.ProcessEnv = { ...process.env, ...extra, DATABASE_URL: `sqlite:${database}`, FAENA_DATA: folder }
  let group: number
  let printed = ''

  beforeAll(async () => {
    const [app, source, api] = await freePorts(3)
    Object.assign(env, { APP_PORT: `${app}`, SOURCE_PORT: `${source}`, FAENA_PORT: `${api}` })
    // A group of its own, so that it can be stopped as Ctrl+C stops it: all of its processes at once.
    const npm = spawn('npm', ['start'], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    group = npm.pid!
    await new Promise<void>((resolve, reject) => {
      const read = (chunk: Buffer) => {
        printed += chunk
        if (printed.includes(`http://127.0.0.1:${app}/cases`)) resolve()
      }
      npm.stdout.on('data', read)
      npm.stderr.on('data', read)
      npm.once('exit', (code) => reject(new Error(`npm start ended with ${code}:\n${printed}`)))
    })
  })

  afterAll(async () => {
    process.kill(-group, 'SIGINT')
    await until('all processes of npm start have ended', () => !lives(group))
    rmSync(folder, { recursive: true, force: true })
  })

  const type = (command: string) => {
    const meant = command.replaceAll(':3000', `:${env.APP_PORT}`).replaceAll(':3001', `:${env.SOURCE_PORT}`)
    return new Promise<string>((resolve) => {
      execFile('bash', ['-c', meant], { cwd: root, env }, (error, stdout, stderr) => {
        resolve(`${stdout}${stderr}${error ? `exit code ${error.code}` : ''}`)
      })
    })
  }
  return {
    database,
    type,
    async typeUntil(command, shows) {
      const changes = / -X (POST|DELETE)| -- (retry|flush|forget|clear|cancel)/.test(command)
      const deadline = performance.now() + PATIENCE_MS
      for (;;) {
        const output = await type(command)
        const missing = shows.filter((fragment) => !output.includes(fragment))
        if (missing.length === 0) return output
        if (changes || performance.now() > deadline) {
          const last = printed.slice(-4_000)
          expect.fail(`${command}\n\ndid not show ${missing.join(', ')} but\n\n${output}\n\nnpm start: …${last}`)
        }
      }
    },
  }
}

function lives(group: number): boolean {
  try {
    process.kill(-group, 0)
    return true
  } catch {
    return false
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
