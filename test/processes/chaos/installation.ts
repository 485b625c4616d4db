import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished } from 'vitest'
import { CRASH_PATIENCE_MS } from '../../../src/core/failure.ts'
import { createQueue } from '../../../src/index.ts'
import { openStore } from '../../../src/stores/open.ts'
import type { CrashingServer } from '../../support/servers/throwaway.ts'
import { type FaultyNetwork, startProxy } from '../proxy.ts'
import {
  completions,
  expectEndedOnce,
  type LedgerLine,
  readLedger,
  retryBlamed,
  startedAfterCompletion,
  startWorker,
  temporaryFolder,
  until,
  type WorkerProcess,
} from '../support.ts'
import type { Kind } from './kinds.ts'
import { expectKeysHeldOnce, expectNoneEarly, expectNoPhantoms, expectStaleTold } from './ledger.ts'
import { Producer } from './producer.ts'

export const WORKERS = 4
const LEASE_MS = 2_000
/** What a dispatch may take beyond its own time-out of 5 s while this machine is busy. */
const SLACK_MS = 2_000
/** New jobs come until there were so many faults. */
const LEAST_FAULTS = 5
/** From when on the faults stop: so many jobs are left. */
const FEW = 200
/** Faults stop by then, whatever is left; only a machine that is very busy gets there. */
const MOST_FAULTS_MS = 180_000
/** So many jobs end between two faults, if nothing else is said. */
const PROGRESS = 150

export interface Options {
  jobs: number
  leaseMs?: number
  /** Workers are stopped and go on. */
  stopped?: boolean
  /** The workers and the producers reach the server through a proxy. */
  proxied?: boolean
  /** Statements before the migration. */
  tables?: string
  /** What each worker's process finds in its environment. */
  env?(worker: number): Record<string, string>
}

export interface Faults {
  /** One fault, over when it resolves. */
  fault(): Promise<unknown>
  /** Once, after the last. */
  calm?(): Promise<unknown>
  /** So many jobs end between two faults, so that few are left after the last, whatever the machine's speed. */
  progress?: number
}

let databases = 0

/** A database, four workers, and a producer that dispatches a part of the jobs before the faults and the rest during them. */
export async function installation(kind: Kind, server: CrashingServer, options: Options) {
  const { jobs, leaseMs = LEASE_MS, proxied, stopped } = options
  const ledger = join(temporaryFolder(), 'ledger')
  const database = `chaos_${++databases}`
  const direct = server.url.replace(/\/[^/]*$/, `/${database}`)
  await asked(kind, server.url, `create database ${database}`)
  if (options.tables) await asked(kind, direct, options.tables)
  const proxy = proxied ? await startProxy(Number(new URL(direct).port)) : undefined
  const url = proxy ? direct.replace(/:\d+\//, `:${proxy.port}/`) : direct
  const store = await openStore(direct)
  await store.migrate()
  const producing = await openStore(url)
  onTestFinished(async () => {
    await Promise.all([store.close(), producing.close()])
  })
  const producer = new Producer(createQueue({ store: producing }))
  if (jobs > 0) await producer.dispatch(Math.ceil(jobs * 0.8))
  const killed = new Set<number>()
  let started = 0
  const startOne = () => startWorker(url, ledger, { lease: leaseMs }, options.env?.(started++))
  const workers = await Promise.all(Array.from({ length: WORKERS }, startOne))
  const begin = performance.now()
  const left = async () =>
    (await store.counts()).reduce((sum, { due, delayed, reserved }) => sum + due + delayed + reserved, 0)

  /** A signal for one of the workers; another takes its place. */
  async function replace(at: number, signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<WorkerProcess> {
    const victim = workers[at] as WorkerProcess
    if (signal === 'SIGKILL') killed.add(victim.pid)
    process.kill(victim.pid, signal)
    await victim.ended
    workers[at] = await startOne()
    return victim
  }

  async function ended(withinMs: number): Promise<void> {
    await until('every job ended', async () => (await left()) === 0, withinMs).catch(async (error: Error) => {
      const rows = await store.list({}, { limit: 5 })
      throw new Error(`${error.message}; ${await left()} left, as ${JSON.stringify(rows.rows)}; ${troubles(ledger)}`)
    })
    // Events of the last completions follow their commit.
    await sleep(300)
  }

  /** Faults again and again, while the rest is dispatched and until few jobs are left; then what must hold. */
  async function survives({
    fault,
    calm = async () => {},
    progress = PROGRESS,
  }: Faults): Promise<{ rounds: number; lines: LedgerLine[] }> {
    let rounds = 0
    let dispatched = false
    const rest = producer
      .trickle(jobs, () => rounds < LEAST_FAULTS)
      .then(() => {
        dispatched = true
      })
    const done = completions(ledger)
    const few = () => dispatched && done() >= producer.acknowledged.size - FEW
    while (!few() && performance.now() - begin < MOST_FAULTS_MS) {
      await fault()
      rounds++
      const next = done() + progress
      await until('some jobs end between two faults', () => done() >= next || few())
    }
    await calm()
    const calmAt = performance.now()
    await rest
    // A third count of crashes is not acted on at once.
    await ended(leaseMs + 10_000 + (killed.size > 0 ? CRASH_PATIENCE_MS : 0))
    const blamed = killed.size > 0 ? await retryBlamed(store, readLedger(ledger), killed) : 0
    expect(blamed).toBeLessThan(10)
    console.info(
      `${kind.name}: ${producer.acknowledged.size} jobs, ${producer.count('doubtful')} in doubt, ` +
        `${producer.count('refused')} refused, ${producer.count('skipped')} skipped, ${rounds} faults in ` +
        `${Math.round((calmAt - begin) / 1000)} s, over ${Math.round(performance.now() - calmAt)} ms later; ` +
        `longest dispatch ${Math.round(producer.longestMs)} ms`,
    )
    expect(await producer.dispatchEveryKey(), 'keys that are still held').toBe(0)
    await ended(leaseMs + 10_000)
    const lines = readLedger(ledger)
    expectEndedOnce(lines, producer.acknowledged, producer.count('doubtful'))
    expectNoPhantoms(lines, producer)
    expectNoneEarly(lines, producer)
    expectKeysHeldOnce(lines, producer)
    expectStaleTold(lines, killed)
    // A process that was stopped may begin what it held before it sees how late it is; the outcome is refused then.
    if (!stopped) expect(startedAfterCompletion(lines)).toEqual([])
    expect(producer.unexpected).toEqual([])
    expect(producer.longestMs).toBeLessThan(5_000 + SLACK_MS)
    expect(workers.filter(({ child }) => child.exitCode !== null || child.signalCode !== null)).toEqual([])
    await until('each worker has a lease', async () => (await store.workers()).length === WORKERS, leaseMs + 10_000)
    expect(await store.listFailed({}, { limit: 5 })).toMatchObject({ rows: [] })
    return { rounds, lines }
  }

  const network = proxy as FaultyNetwork
  const processes = { workers, killed, replace }
  return { url, direct, ledger, database, proxy: network, ...processes, producer, store, leaseMs, ended, survives }
}

/** Some statements on a connection of their own. */
export async function asked(kind: Kind, url: string, text: string): Promise<void> {
  const operator = await kind.operator(url)
  await operator.rows(text)
  await operator.end()
}

/** What is left of a killed server may hold its files for a moment. */
export async function restarted(server: CrashingServer): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await server.restart()
    } catch (error) {
      if (tries === 5) throw error
      await sleep(500)
    }
  }
}

export function troubles(ledger: string): string {
  const path = `${ledger}.troubles`
  return existsSync(path) ? readFileSync(path, 'utf8').slice(-3_000) : 'no troubles'
}
