import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/** The package as users get it: packed, installed in an empty folder, and used there with the code of the README. */
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

describe('the packed package in an empty folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'faena-package-'))
  const project = join(folder, 'project')
  let packed: string[]

  beforeAll(() => {
    sh(root, 'npm', 'pack', '--pack-destination', folder)
    const [tarball] = globSync('*.tgz', { cwd: folder })
    mkdirSync(project)
    writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'project', type: 'module', private: true }))
    // The guide has users of `faena/otel` install OpenTelemetry's API; drivers of databases are asked for when one is opened.
    const beside = ['zod', '@opentelemetry/api'].map((name) => `${name}@${manifest.devDependencies[name]}`)
    sh(project, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', join(folder, tarball!), ...beside)
    packed = globSync('**/*.*', { cwd: join(project, 'node_modules/faena') })
    for (const [name, code] of readmeFiles()) writeFileSync(join(project, name), code)
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('it holds what it needs and nothing else', () => {
    const odd = packed.filter(
      (path) => !/^(dist\/[\w/-]+\.(js|d\.ts)|package\.json|(README|README\.es|CHANGELOG)\.md)$/.test(path),
    )
    const page = 'dist/http/reference/page.html'
    const built = /^dist\/dashboard\/(index\.html|[\w-]+\.svg|assets\/[\w.-]+\.(js|css|woff2)(\.br|\.gz)?)$/
    expect(odd.filter((path) => path !== page && !built.test(path))).toEqual([])
    expect(packed).toContain(page)
    expect(packed).toContain('dist/dashboard/index.html')
    expect(packed.filter((path) => path.includes('.test.'))).toEqual([])
    expect(existsSync(join(project, 'node_modules/faena/LICENSE'))).toBe(true)
  })

  test('npx faena --help names its commands', () => {
    const help = sh(project, 'npx', '--no-install', 'faena', '--help')
    for (const command of ['start', 'work', 'dispatch', 'failed', 'retry', 'migrate']) expect(help).toContain(command)
  })

  test('every entry point can be imported, with its types', () => {
    const entries = Object.keys(manifest.exports).filter((entry) => !entry.endsWith('.json'))
    const names = entries.map((entry) => `faena${entry.slice(1)}`)
    writeFileSync(
      join(project, 'entries.ts'),
      names
        .map((name, at) => `import * as entry${at} from '${name}'\nconsole.log(Object.keys(entry${at}).length)\n`)
        .join(''),
    )
    const counts = sh(project, 'node', 'entries.ts').trim().split('\n').map(Number)
    expect(counts.every((count) => count > 0)).toBe(true)
    const options = {
      module: 'nodenext',
      target: 'es2024',
      strict: true,
      noEmit: true,
      skipLibCheck: false,
      allowImportingTsExtensions: true,
    }
    const types = {
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
      lib: ['es2024', 'esnext.disposable'],
    }
    writeFileSync(
      join(project, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { ...options, ...types }, include: ['*.ts'] }),
    )
    expect(sh(project, 'node', join(root, 'node_modules/typescript/bin/tsc'), '-p', '.')).toBe('')
  })

  test('faena serve shows the dashboard', async () => {
    const env = { ...process.env, FAENA_PORT: '0', FAENA_LOG_FORMAT: 'pretty', DATABASE_URL: undefined }
    const faena = join(project, 'node_modules/faena/dist/cli/main.js')
    const child = spawn(process.execPath, [faena, 'serve'], { cwd: project, env, stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      let printed = ''
      for await (const chunk of child.stdout) {
        printed += chunk
        if (/log in +http/.test(printed)) break
      }
      const [, address] = /dashboard +(http\S+)/.exec(printed)!
      const page = await (await fetch(`${address}failed`)).text()
      const [, script] = /<script type="module"[^>]* src="([^"]+)"/.exec(page)!
      expect((await fetch(new URL(script!, address))).headers.get('cache-control')).toContain('immutable')
    } finally {
      child.kill('SIGTERM')
    }
  })

  test('what runs in threads and processes of its own does so from here too', { timeout: 60_000 }, async () => {
    const apart = join(project, 'apart')
    mkdirSync(apart)
    for (const [name, code] of Object.entries(APART)) writeFileSync(join(apart, name), code)
    const faena = join(project, 'node_modules/faena/dist/cli/main.js')
    const env = { ...process.env, DATABASE_URL: undefined }
    const supervisor = spawn(process.execPath, [faena, 'supervise', '--verbose'], { cwd: apart, env, stdio: 'pipe' })
    let said = ''
    supervisor.stderr.on('data', (chunk) => {
      said += chunk
    })
    const ended = once(supervisor, 'exit')
    try {
      expect(JSON.parse(sh(apart, 'node', 'ask.ts'))).toEqual({ thread: false, process: true })
    } finally {
      supervisor.kill('SIGTERM')
      await ended
    }
    // Its worker says where no thread keeps the lease.
    const logs = globSync('.faena/logs/*', { cwd: apart }).map((path) => readFileSync(join(apart, path), 'utf8'))
    expect(logs.join('')).toContain('in.process')
    expect(said + logs.join('')).not.toContain('a timer')
  })

  test('the code of the README dispatches a job from one process and runs it in another', () => {
    expect(sh(project, 'node', 'web.ts')).toContain('dispatched')
    const worked = sh(project, 'npx', '--no-install', 'faena', 'work', '--queue', 'cases', '--stop-when-empty')
    expect(worked).toContain('cases.fetch')
    const status = JSON.parse(sh(project, 'npx', '--no-install', 'faena', 'status', '--json'))
    expect(JSON.stringify(status)).not.toContain('"due":1')
  })
})

/** Two handlers that run apart from their worker, and who asks both where they ran. */
const APART = {
  'faena.config.ts': `import { defineConfig } from 'faena'
export default defineConfig({ handlers: ['handlers.ts'] })`,
  'handlers.ts': `import { isMainThread } from 'node:worker_threads'
import { defineJob, handle } from 'faena'
import { z } from 'zod'
const where = (name: string) => defineJob({ name, input: z.null(), keepResult: '1h' })
export const [inThread, inProcess] = [where('in.thread'), where('in.process')]
const module = import.meta.url
export const thread = handle(inThread, async () => isMainThread, { isolate: { in: 'thread', module } })
export const child = handle(inProcess, async () => isMainThread, { isolate: { in: 'process', module } })`,
  'ask.ts': `import { openQueue } from 'faena'
import { inProcess, inThread } from './handlers.ts'
const queue = await openQueue()
const jobs = [await queue.dispatch(inThread, null), await queue.dispatch(inProcess, null)]
const [thread, process] = await Promise.all(jobs.map((job) => queue.wait(job, { timeout: '30s' })))
console.log(JSON.stringify({ thread: thread!.result, process: process!.result }))
await queue.close()`,
}

/** The files that the README shows, by the name in their first line. */
function readmeFiles(): [string, string][] {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  return [...readme.matchAll(/^```ts\n\/\/ ([\w.-]+\.ts)\b[^\n]*\n([\s\S]*?)^```/gm)].map(([, name, code]) => [
    name!,
    code!,
  ])
}

/** Runs a command and answers what it printed; a command that fails fails the test with all it printed. */
function sh(cwd: string, command: string, ...args: string[]): string {
  try {
    return execFileSync(command, args, {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, DATABASE_URL: undefined },
    })
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`)
  }
}
