import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'

const HELP = `npm run bench [-- options]     Faena beside its peers on this machine, in one run

  --only=NAMES     contestants, by comma (default faena,plainjob,plainjob-full)
  --rounds=N       runs of each measurement, interleaved; the table shows medians (default 3)
  --jobs=N         jobs of a bulk dispatch and a drain (default 50000)
  --full           seven rounds
  --json           figures of every run as JSON instead of the table
`
const here = import.meta.dirname
/** As the contestants' own command lines start their workers. */
const NODE_FLAGS: Record<string, readonly string[]> = { faena: ['--max-semi-space-size=8'] }

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'faena,plainjob,plainjob-full' },
    rounds: { type: 'string' },
    jobs: { type: 'string', default: '50000' },
    full: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

type Figures = Record<string, number>
type Measured = Record<string, Record<string, Figures[]>>

if (values.help) {
  process.stdout.write(HELP)
} else {
  installPeers()
  buildFaena()
  await main(values.only.split(','), Number(values.rounds ?? (values.full ? 7 : 3)), Number(values.jobs))
}

async function main(names: string[], rounds: number, jobs: number): Promise<void> {
  const measured: Measured = {}
  for (let round = 1; round <= rounds; round++) {
    for (const name of names) {
      progress(`round ${round} of ${rounds}: ${name}`)
      const figures = await measure(name, jobs)
      for (const [workload, found] of Object.entries(figures)) {
        measured[workload] ??= {}
        measured[workload][name] ??= []
        measured[workload][name].push(found)
      }
    }
  }
  progress('')
  process.stdout.write(values.json ? `${JSON.stringify(measured)}\n` : table(measured, names, rounds))
}

/** All workloads of one contestant, each on a fresh folder, one after the other. */
async function measure(name: string, jobs: number): Promise<Record<string, Figures>> {
  const figures: Record<string, Figures> = {}
  figures.single = await inFolder((folder) => child(name, 'single', folder, { flight: 32, ms: 3_000 }).result)
  for (const concurrency of [10, 100]) {
    await inFolder(async (folder) => {
      figures.bulk = await child(name, 'bulk', folder, { count: jobs }).result
      figures[`drain ${concurrency}`] = await child(name, 'drain', folder, { count: jobs, concurrency }).result
    })
  }
  figures.pickup = await inFolder(async (folder) => {
    const worker = child(name, 'pickup', folder, { count: 200 })
    await worker.ready
    await child(name, 'send', folder, { count: 200, gap: 50 }).result
    return worker.result
  })
  return figures
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'faena-bench-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function child(name: string, workload: string, folder: string, parameters: Figures) {
  const started: ChildProcess = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      ...(NODE_FLAGS[name] ?? []),
      join(here, 'child.ts'),
      name,
      workload,
      folder,
      JSON.stringify(parameters),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let isReady: () => void = () => {}
  const ready = new Promise<void>((resolve) => {
    isReady = resolve
  })
  const result = new Promise<Figures>((resolve, reject) => {
    createInterface({ input: started.stdout! }).on('line', (line) => {
      if (line === 'ready') isReady()
      else resolve(JSON.parse(line) as Figures)
    })
    started.on('exit', (code) => reject(new Error(`${name} ${workload} ended with ${code} before it printed a result`)))
  })
  return { ready, result }
}

function table(measured: Measured, names: string[], rounds: number): string {
  const columns: [string, string, string][] = [
    ['single dispatch, 32 in flight, jobs/s', 'single', 'jobsPerSecond'],
    ['bulk dispatch, jobs/s', 'bulk', 'jobsPerSecond'],
    ['drain, concurrency 10, jobs/s', 'drain 10', 'jobsPerSecond'],
    ['drain, concurrency 100, jobs/s', 'drain 100', 'jobsPerSecond'],
    ['CPU of the worker at 100, µs/job', 'drain 100', 'cpuMicros'],
    ['peak memory at 100, MiB', 'drain 100', 'memoryMiB'],
    ['every job exactly once', 'drain 100', 'exactlyOnce'],
    ['pick-up p50, ms', 'pickup', 'p50'],
    ['pick-up p99, ms', 'pickup', 'p99'],
    ['idle worker with 20 jobs/s, % of a core', 'pickup', 'cpuPercent'],
  ]
  const lines = [
    `| median of ${rounds} (min–max) | ${names.join(' | ')} |`,
    `|---|${names.map(() => '---').join('|')}|`,
  ]
  for (const [title, workload, figure] of columns) {
    const cells = names.map((name) => cell((measured[workload]?.[name] ?? []).map((run) => run[figure] ?? Number.NaN)))
    lines.push(`| ${title} | ${cells.join(' | ')} |`)
  }
  return `${machine()}\n\n${lines.join('\n')}\n`
}

function cell(numbers: number[]): string {
  const sorted = numbers.filter((number) => !Number.isNaN(number)).sort((a, b) => a - b)
  if (sorted.length === 0) return '–'
  const shown = (number: number) =>
    number >= 1_000 ? Math.round(number).toLocaleString('en') : number.toFixed(number >= 100 ? 0 : 2)
  return `${shown(sorted[sorted.length >> 1]!)} (${shown(sorted[0]!)}–${shown(sorted.at(-1)!)})`
}

function machine(): string {
  const [cpu] = cpus()
  const sqlite = process.versions.sqlite
  return `${cpus().length} × ${cpu?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, SQLite ${sqlite}`
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
  else if (text !== '') process.stderr.write(`${text}\n`)
}

/** What is measured is what is published: the built package. */
function buildFaena(): void {
  progress('building Faena')
  execFileSync(process.execPath, [join(here, '..', 'scripts', 'build.ts')], { stdio: ['ignore', 'ignore', 'inherit'] })
}

function installPeers(): void {
  if (existsSync(join(here, 'node_modules', 'plainjob'))) return
  progress('installing the peers into bench/node_modules (npm ci), once\n')
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: here, stdio: ['ignore', 'ignore', 'inherit'] })
}
