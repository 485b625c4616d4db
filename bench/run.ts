import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CONTESTANTS } from './contestants/list.ts'
import { machine } from './machine.ts'
import { HELP, type Options, optionsFrom } from './options.ts'
import type { Records as RecordsOfRun } from './records.ts'
import type { Servers as ServersOfRun } from './servers/servers.ts'
import { WORKLOADS } from './workloads/list.ts'

const here = import.meta.dirname
const PAGE = join(here, '..', 'docs', 'reference', 'benchmarks.md')
const MARKS = /(<!-- results -->\n)[\s\S]*(\n<!-- \/results -->)/
/** The exit code of who was ended by Ctrl-C. */
const INTERRUPTED = 130

try {
  const options = optionsFrom(process.argv.slice(2))
  if (options === 'help') process.stdout.write(HELP)
  else if (options === 'list') process.stdout.write(`${list()}\n${listOfWorkloads()}`)
  else await main(options)
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}

async function main(options: Options): Promise<void> {
  installPeers()
  buildFaena()
  // What follows needs what was just installed.
  const { Servers } = await import('./servers/servers.ts')
  const { Records } = await import('./records.ts')
  const { profileInto } = await import('./workloads/child-process.ts')
  profileInto(options.profile)
  const servers = new Servers()
  const records = new Records(options.into)
  const interrupted = new AbortController()
  process.once('SIGINT', () => interrupted.abort())
  process.once('SIGTERM', () => interrupted.abort())
  const began = machine([])
  try {
    await measureAll(options, servers, records, interrupted.signal)
    const about = began.replace(/, \. Load/, `, ${(await servers.versions()).join(', ')}. Load`)
    await report(options, records, about, interrupted.signal)
  } finally {
    progress('')
    await servers.stop()
  }
  const troubles = records.troubles()
  for (const trouble of troubles) process.stderr.write(`bench: ${trouble}\n`)
  if (troubles.length > 0) process.exitCode = 1
  if (interrupted.signal.aborted) process.exitCode = INTERRUPTED
}

async function measureAll(
  { contestants, workloads, rounds, scale }: Options,
  servers: ServersOfRun,
  records: RecordsOfRun,
  interrupted: AbortSignal,
): Promise<void> {
  const { Course } = await import('./workloads/course.ts')
  // Before anything is measured: a server that cannot be had should not be found missing after an hour.
  for (const store of new Set(contestants.map((name) => CONTESTANTS[name]!.on))) {
    progress(`starting ${store}`)
    await servers.of(store)
  }
  for (const workload of WORKLOADS.filter(({ name }) => workloads.includes(name))) {
    const most = Math.min(rounds, workload.mostRounds)
    for (let round = 1; round <= most; round++) {
      for (const name of contestants) {
        if (interrupted.aborted) return
        const entry = CONTESTANTS[name]!
        if (entry.without?.includes(workload.name)) continue
        progress(`${workload.number} ${workload.name}, round ${round} of ${most}: ${name}`)
        try {
          const server = await servers.of(entry.on)
          const measured = await workload.measure({ scale, course: (work) => Course.on(name, server, work) })
          records.add(name, measured)
        } catch (error) {
          // The processes hear of Ctrl-C too, and end: that is nobody's failure.
          if (interrupted.aborted) return
          records.fail(name, workload.name, error)
          progress('')
          process.stderr.write(`${error instanceof Error ? error.message.split('\n')[0] : error}\n`)
        }
      }
    }
  }
}

async function report(
  { json, full, write, into }: Options,
  records: RecordsOfRun,
  about: string,
  interrupted: AbortSignal,
): Promise<void> {
  const { tables } = await import('./tables.ts')
  const { targets } = await import('./targets.ts')
  progress('')
  if (json) {
    process.stdout.write(
      `${JSON.stringify({ machine: about, records: records.records, failures: records.failures })}\n`,
    )
    return
  }
  const parts = [[about, records.when()].join('\n').trim(), tables(records)]
  if (full || into !== undefined) parts.push(`#### To reach\n\n${targets(records)}`)
  const text = parts.join('\n\n')
  process.stdout.write(`${text}\n`)
  if (!write) return
  if (interrupted.aborted) {
    process.stderr.write('bench: interrupted, so the page is left as it is\n')
    return
  }
  const page = readFileSync(PAGE, 'utf8')
  if (!MARKS.test(page)) throw new Error('docs/reference/benchmarks.md has no place for results: the marks are gone')
  writeFileSync(
    PAGE,
    page.replace(MARKS, (_, before, after) => `${before}\n${text}\n${after}`),
  )
}

function list(): string {
  const width = Math.max(...Object.keys(CONTESTANTS).map((name) => name.length))
  const lines = Object.entries(CONTESTANTS).map(
    ([name, { on, settings }]) => `${name.padEnd(width)}  ${on.padEnd(8)}  ${settings}`,
  )
  return `${lines.join('\n')}\n`
}

function listOfWorkloads(): string {
  const width = Math.max(...WORKLOADS.map(({ name }) => name.length))
  return WORKLOADS.map(({ name, number, what }) => `${name.padEnd(width)}  ${number}: ${what}\n`).join('')
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
  else if (text !== '') process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`)
}

/** What is measured is what is published: the built package. */
function buildFaena(): void {
  progress('building Faena')
  execFileSync(process.execPath, [join(here, '..', 'scripts', 'build.ts')], { stdio: ['ignore', 'ignore', 'inherit'] })
}

function installPeers(): void {
  if (peersInstalled()) return
  progress('installing the peers into bench/node_modules (npm ci), once\n')
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: here, stdio: ['ignore', 'ignore', 'inherit'] })
}

/** In the versions of the lock file, by npm's own note of what it installed. */
function peersInstalled(): boolean {
  const note = join(here, 'node_modules', '.package-lock.json')
  if (!existsSync(note)) return false
  const packagesOf = (file: string) =>
    JSON.parse(readFileSync(file, 'utf8')).packages as Record<string, { version?: string; optional?: boolean }>
  const installed = packagesOf(note)
  return Object.entries(packagesOf(join(here, 'package-lock.json'))).every(
    // What is optional may be for another system.
    ([path, { version, optional }]) => path === '' || optional || installed[path]?.version === version,
  )
}
