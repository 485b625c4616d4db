import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/**
 * The README says what to type and what one then sees; here it is typed. In a block below `<!-- run -->` a line is a
 * command, and each `# → …` below it is something that its output must hold, at once or after a few seconds.
 */
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const PATIENCE_MS = 60_000

interface Command {
  text: string
  shows: string[]
}

const readme = readFileSync(join(root, 'README.md'), 'utf8')

describe('the example application with its workers', () => {
  const example = started({})
  test.each(commands(readme, 'run'))('$text', (command) => example.type(command))
})

describe('the example application with QUEUE_CONNECTION=sync', () => {
  const example = started({ QUEUE_CONNECTION: 'sync' })
  test.each(commands(readme, 'run with QUEUE_CONNECTION=sync'))('$text', (command) => example.type(command))
})

test('the Spanish README has the same commands', () => {
  const spanish = readFileSync(join(root, 'README.es.md'), 'utf8')
  for (const label of ['run', 'run with QUEUE_CONNECTION=sync']) {
    expect(commands(spanish, label)).toEqual(commands(readme, label))
    expect(commands(readme, label).length).toBeGreaterThan(0)
  }
})

/** `npm start` in its own folder and on its own ports, for the tests of the block it is called in. */
function started(extra: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), 'faena-readme-'))
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    ...extra,
    DATABASE_URL: `sqlite:${join(folder, 'faena.db')}`,
    FAENA_DATA: folder,
  }
  let example: ChildProcess
  let printed = ''

  beforeAll(async () => {
    const [app, source, api] = await freePorts(3)
    Object.assign(environment, { APP_PORT: String(app), SOURCE_PORT: String(source), FAENA_PORT: String(api) })
    example = spawn('npm', ['start'], {
      cwd: root,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    const up = new Promise<void>((resolve, reject) => {
      const read = (chunk: Buffer) => {
        printed += chunk
        if (printed.includes(`http://127.0.0.1:${app}/cases`)) resolve()
      }
      example.stdout?.on('data', read)
      example.stderr?.on('data', read)
      example.once('exit', (code) => reject(new Error(`npm start ended with ${code}:\n${printed}`)))
    })
    await up
  })

  afterAll(async () => {
    const ended = once(example, 'exit')
    process.kill(-example.pid!, 'SIGTERM')
    await ended
    rmSync(folder, { recursive: true, force: true })
  })

  return {
    async type({ text, shows }: Command) {
      const command = text
        .replaceAll('127.0.0.1:3000', `127.0.0.1:${environment.APP_PORT}`)
        .replaceAll('127.0.0.1:3001', `127.0.0.1:${environment.SOURCE_PORT}`)
      const repeatable = !/ -X (POST|DELETE)| -- (retry|flush|forget|clear|cancel)/.test(command)
      const deadline = Date.now() + PATIENCE_MS
      for (;;) {
        const output = await run(command, environment)
        const missing = shows.filter((fragment) => !output.includes(fragment))
        if (missing.length === 0) return
        if (!repeatable || Date.now() > deadline) {
          expect.fail(
            `${command}\n\nshould show ${missing.join(', ')} but showed\n\n${output}\n\nnpm start printed\n\n${printed}`,
          )
        }
      }
    },
  }
}

function run(command: string, env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve) => {
    execFile('bash', ['-c', command], { cwd: root, env }, (error, stdout, stderr) => {
      resolve(stdout + stderr + (error ? `exit code ${error.code}` : ''))
    })
  })
}

function commands(text: string, label: string): Command[] {
  const found: Command[] = []
  for (const [, block = ''] of text.matchAll(new RegExp(`<!-- ${label} -->\\n+\`\`\`sh\\n([\\s\\S]*?)\`\`\``, 'g'))) {
    for (const line of block.trim().split('\n')) {
      const fragment = /^# → (.+)$/.exec(line)?.[1]
      if (fragment !== undefined) found.at(-1)?.shows.push(fragment)
      else if (line !== '' && !line.startsWith('#')) found.push({ text: line, shows: [] })
    }
  }
  return found
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
