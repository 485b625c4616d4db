import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { PoolDefinition } from '../../src/core/pools.ts'
import { uuidv7 } from '../../src/core/uuid.ts'
import type { NewJob, Store } from '../../src/store.ts'
import type { ProcessRow } from '../../src/supervisor/rows.ts'
import { type Installation, installation, type Running } from '../cli/support.ts'
import { newJob } from '../support/jobs.ts'
import { until } from './support.ts'

const JOBS = fileURLToPath(new URL('./fixtures/supervised-jobs.ts', import.meta.url))
const INDEX = new URL('../../src/index.ts', import.meta.url).href

/** An installation with pools, whose jobs write their uuids into a ledger. */
export interface Supervised extends Installation {
  configure(pools: Record<string, PoolDefinition>): void
  supervise(): Promise<Running>
  rows(): Promise<ProcessRow[]>
  /** Resolves once so many processes work. */
  working(count: number): Promise<ProcessRow[]>
  /** Uuids of jobs that began, as often as they did. */
  begun(): string[]
  /** Uuids of jobs that ran to their end, in order. */
  ledger(): string[]
  /** Processes that have this folder as theirs: whatever a test started here, by whichever way. */
  processes(): { pid: number; parent: number; state: string; command: string }[]
}

export function supervisedInstallation(pools: Record<string, PoolDefinition>): Supervised {
  const faena = installation()
  const ledger = join(faena.folder, 'ledger')
  faena.env.LEDGER = ledger
  faena.env.FAENA_LOG_FORMAT = 'pretty'
  const configure = (given: Record<string, PoolDefinition>) => {
    writeFileSync(
      join(faena.folder, 'faena.config.ts'),
      `import { defineConfig } from '${INDEX}'
export default defineConfig({ handlers: ['supervised-jobs.ts'], pools: ${JSON.stringify(given)} })\n`,
    )
  }
  writeFileSync(join(faena.folder, 'supervised-jobs.ts'), `export { noting } from '${JOBS}'\n`)
  configure(pools)
  onTestFinished(() => {
    for (const { pid } of processes()) killNow(pid)
  })
  const rows = async () => JSON.parse((await faena.faena('ps', '--json')).stdout || '[]') as ProcessRow[]
  const processes = () => processesOf(faena.folder)
  return {
    ...faena,
    configure,
    rows,
    processes,
    async supervise() {
      const running = faena.begin('supervise')
      await running.prints('keeps')
      return running
    },
    async working(count) {
      let last: ProcessRow[] = []
      await until(`${count} processes work`, async () => {
        last = (await rows()).filter(({ state }) => state === 'RUNNING')
        return last.length === count
      })
      return last
    },
    begun: () => uuidsIn(`${ledger}.begun`),
    ledger: () => uuidsIn(ledger),
  }
}

function uuidsIn(file: string): string[] {
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => line.split(' ')[0]!)
}

/** Jobs that note their uuid. */
export function notedJobs(count: number, queue = 'default', input: { ms?: number; kill?: boolean } = {}): NewJob[] {
  return Array.from({ length: count }, () => newJob({ uuid: uuidv7(), queue, name: 'supervised.noted', input }))
}

export async function waiting(store: Store): Promise<number> {
  return (await store.counts()).reduce((sum, { due, delayed, reserved }) => sum + due + delayed + reserved, 0)
}

/** One that ends by itself in this moment is as dead as it should be. */
export function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function processesOf(folder: string) {
  const real = realpathSync(folder)
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        // A zombie has no folder any more: it is told by its parent.
        const [, state, parent] = /^\d+ \(.*\) (\S) (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8')) ?? []
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
        const found = { pid: Number(name), parent: Number(parent), state: state!, command }
        if (state === 'Z') return [found]
        return readlinkSync(`/proc/${name}/cwd`) === real ? [found] : []
      } catch {
        return []
      }
    })
    .filter((one, _, all) => one.state !== 'Z' || all.some(({ pid, state }) => pid === one.parent && state !== 'Z'))
}
