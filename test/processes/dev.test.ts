import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { FaenaConfig } from '../../src/core/config.ts'
import { isAlive, notedJobs, supervisedInstallation } from './supervised.ts'
import { until } from './support.ts'

/** `faena dev` as a developer has it: one command, everything beside it, and nothing left behind. */

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const INDEX = new URL('../../src/index.ts', import.meta.url).href

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

function project(processes: FaenaConfig['processes'], files: Record<string, string> = {}) {
  const faena = supervisedInstallation({})
  writeFileSync(
    join(faena.folder, 'faena.config.ts'),
    `import { defineConfig } from '${INDEX}'
export default defineConfig({ handlers: ['supervised-jobs.ts'], processes: ${JSON.stringify(processes)} })\n`,
  )
  for (const [name, text] of Object.entries(files)) writeFileSync(join(faena.folder, name), text)
  return faena
}

const DATABASE = `
import { createServer } from 'node:net'
setTimeout(() => createServer().listen(Number(process.argv[2]), '127.0.0.1', () => console.log('listens')), 500)
process.on('SIGTERM', () => { console.log('ends'); process.exit(0) })
`

test('what can be waited for comes first, what dies comes back, and Ctrl+C stops the database last', async () => {
  const port = await freePort()
  const faena = project(
    {
      web: { command: 'echo page; exec sleep 600', dependsOn: 'worker' },
      migrate: { command: 'echo migrated', once: true, dependsOn: 'db' },
      db: { command: `exec node db.mjs ${port}`, ready: { tcp: port } },
      slow: { command: 'sleep 0.2; echo almost; echo it is up; exec sleep 600', ready: { log: 'is up' } },
    },
    { 'db.mjs': DATABASE },
  )
  const dev = faena.begin('dev')
  await dev.prints(/^web +\| page$/m)
  const printed = dev.printed()
  const at = (text: string) => {
    expect(printed).toContain(text)
    return printed.indexOf(text)
  }
  expect(at('db is ready')).toBeLessThan(at('migrated'))
  expect(at('migrated')).toBeLessThan(at('Processing jobs from'))
  expect(at('slow is ready')).toBeLessThan(at('Processing jobs from'))
  expect(at('Processing jobs from')).toBeLessThan(at('| page'))
  expect(printed.match(/migrated/g)).toHaveLength(1)

  const store = await faena.store()
  const [job] = notedJobs(1)
  await store.push([job!])
  await until('the worker runs jobs', () => faena.ledger().includes(job!.uuid))

  const database = faena.processes().find(({ parent, command }) => parent === dev.pid && command.includes('db.mjs'))!
  process.kill(database.pid, 'SIGKILL')
  await dev.prints(/db \(process \d+\) was killed by SIGKILL; starting it anew/)
  await until('it is back', () => dev.printed().match(/db is ready/g)?.length === 2)

  dev.child.kill('SIGINT')
  expect((await dev.ended).code).toBe(0)
  expect(dev.printed().trimEnd().split('\n').at(-1)).toMatch(/^db +\| ends$/)
  await until('nothing is left', () => faena.processes().length === 0)
})

test('a changed file starts the worker anew with it, also one in a folder that is new, and after a mistake', async () => {
  const faena = project({})
  const handler = (word: string) => `
import { appendFileSync } from 'node:fs'
import { defineJob, handle } from '${INDEX}'
const job = defineJob({ name: 'supervised.noted', input: { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } } })
export const noting = handle(job, ({ uuid }) => appendFileSync('words', uuid + ' ${word}\\n'))
`
  const dev = faena.begin('dev')
  await dev.prints('Processing jobs from')
  const store = await faena.store()
  const path = join(faena.folder, 'supervised-jobs.ts')
  const begun = () => dev.printed().match(/Process \d+ goes on/g)?.length ?? 0

  writeFileSync(path, handler('first'))
  await dev.prints('supervised-jobs.ts changed')
  await until('the next worker', () => begun() === 1)
  writeFileSync(path, 'export const noting = [')
  await dev.prints(/worker \(process \d+\) ended with exit code 2; starting it anew in .*, or when a file changes/)
  writeFileSync(path, "export { noting } from './inner/handler.ts'\n")
  mkdirSync(join(faena.folder, 'inner'))
  writeFileSync(join(faena.folder, 'inner', 'handler.ts'), handler('second'))
  await until('the worker that has it', () => begun() === 2)
  const [job] = notedJobs(1)
  await store.push([job!])
  await until('it has run', async () => (await store.counts()).length === 0)
  expect(readFileSync(join(faena.folder, 'words'), 'utf8')).toBe(`${job!.uuid} second\n`)
  dev.child.kill('SIGTERM')
  expect((await dev.ended).code).toBe(0)
})

test('when faena dev itself is killed, nothing of it is left', async () => {
  const faena = project({ web: 'echo page; sleep 600 & sleep 600' })
  const dev = faena.begin('dev', '--no-watch')
  await dev.prints('Processing jobs from')
  await dev.prints('| page')
  expect(faena.processes().filter(({ command }) => command.startsWith('sleep'))).toHaveLength(2)
  dev.child.kill('SIGKILL')
  await until('nothing is left', () => faena.processes().length === 0, 30_000)
})

// The options of `script`, which makes the terminal, are others elsewhere.
test.skipIf(process.platform !== 'linux')(
  'on a terminal each has a prefix in a colour of its own, and Ctrl+C typed there stops all of them',
  async () => {
    const faena = project({ web: 'echo page; exec sleep 600', ingest: 'echo rows; exec sleep 600' })
    // `script` gives a command a terminal of its own; a shell in between would tell its own end by Ctrl+C.
    const command = `exec '${process.execPath}' '${MAIN}' dev --no-watch`
    const dev = spawn('script', ['-qefc', command, '/dev/null'], {
      ...{ cwd: faena.folder, env: { ...faena.env, TERM: 'xterm' }, stdio: ['pipe', 'pipe', 'inherit'] },
    })
    const ended = new Promise((resolve) => dev.once('close', resolve))
    let printed = ''
    dev.stdout.on('data', (chunk: Buffer) => {
      printed += chunk
    })
    const colourOf = (line: RegExp) => line.exec(printed)?.[1]
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
    const [page, rows] = [/\u001b\[(\d+)mweb +\|\u001b\[39m page/, /\u001b\[(\d+)mingest +\|\u001b\[39m rows/]
    await until('both lines', () => page.test(printed) && rows.test(printed))
    expect(colourOf(page)).not.toBe(colourOf(rows))
    await until('the worker', () => printed.includes('Processing jobs from'))
    dev.stdin.write('\x03')
    expect(await ended).toBe(0)
    await until('nothing is left', () => faena.processes().length === 0)
  },
)

test('a second Ctrl+C ends at once what does not want to stop', async () => {
  const faena = project({
    deaf: `exec node -e "process.on('SIGTERM',()=>console.log('no'));setInterval(()=>{},1e3);console.log('here')"`,
  })
  const dev = faena.begin('dev')
  await dev.prints('| here')
  await dev.prints('Processing jobs from')
  const deaf = faena.processes().find(({ parent, command }) => parent === dev.pid && command.includes('SIGTERM'))!
  dev.child.kill('SIGINT')
  await dev.prints('| no')
  await new Promise((resolve) => setTimeout(resolve, 600))
  dev.child.kill('SIGINT')
  expect((await dev.ended).code).toBe(0)
  expect(isAlive(deaf.pid)).toBe(false)
  await until('nothing is left', () => faena.processes().length === 0)
})
