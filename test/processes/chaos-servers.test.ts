import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { isFaenaError } from '../../src/core/errors.ts'
import { createQueue } from '../../src/index.ts'
import { openStore } from '../../src/stores/open.ts'
import { startMariadb } from '../support/servers/mariadb.ts'
import { startPostgres } from '../support/servers/postgres.ts'
import type { Throwaway } from '../support/servers/throwaway.ts'
import { stores } from '../support/stores.ts'
import { shortJob } from './fixtures/chaos-jobs.ts'
import { type FaultyNetwork, startProxy } from './proxy.ts'
import {
  expectEndedOnce,
  readLedger,
  startedAfterCompletion,
  startWorker,
  temporaryFolder,
  until,
  type WorkerProcess,
} from './support.ts'

interface CrashingServer extends Throwaway {
  crash(): Promise<void>
  restart(): Promise<void>
}

/** A connection beside the store's, for the test's own statements. */
interface Operator {
  query(text: string): Promise<unknown>
  end(): Promise<void>
}

interface Kind {
  readonly store: string
  readonly name: string
  start(): Promise<CrashingServer>
  operator(url: string): Promise<Operator>
  /** Ends every connection to the database but the operator's own. */
  killAll(operator: Operator, database: string): Promise<unknown>
}

const KINDS: readonly Kind[] = [
  {
    store: 'postgres',
    name: 'PostgreSQL',
    start: () => startPostgres(),
    async operator(url) {
      const client = new pg.Client({ connectionString: url })
      client.on('error', () => {})
      await client.connect()
      return client
    },
    killAll: (operator, database) =>
      operator.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${database}'`),
  },
  {
    store: 'mysql',
    name: 'MariaDB',
    start: () => startMariadb(),
    async operator(url) {
      const connection = await mysql.createConnection(url)
      connection.on('error', () => {})
      return connection
    },
    async killAll(operator, database) {
      const [rows] = (await operator.query(
        `select id from information_schema.processlist where db = '${database}'`,
      )) as [{ id: number }[]]
      // One may be gone before it is killed.
      for (const { id } of rows) await operator.query(`kill connection ${id}`).catch(() => {})
    },
  },
]

const WORKERS = 4
const LEASE_MS = 2_000
/** A heartbeat that is never answered is given up after 5 s; the lease must outlast that, or each silence is a lost lease. */
const SILENT_LEASE_MS = 15_000
/** What a dispatch may take beyond its own time-out of 5 s while this machine is busy. */
const SLACK_MS = 2_000
/** New jobs come until there were so many faults. */
const LEAST_FAULTS = 5
/** From when on the faults stop: so many jobs are left. */
const FEW = 200

interface Options {
  jobs: number
  leaseMs?: number
  /** Workers are stopped and go on. */
  stopped?: boolean
  /** The workers and the producers reach the server through a proxy. */
  proxied?: boolean
}

for (const kind of KINDS) {
  describe.skipIf(!stores.some(({ name }) => name === kind.store))(`on ${kind.name}`, () => {
    let server: CrashingServer
    let databases = 0

    beforeAll(async () => {
      server = await kind.start()
    }, 120_000)

    afterAll(() => server?.stop(), 60_000)

    /** A database, four workers, and a producer that dispatches a part of the jobs before the faults and the rest during them. */
    async function installation({ jobs, leaseMs = LEASE_MS, proxied, stopped }: Options) {
      const ledger = join(temporaryFolder(), 'ledger')
      const database = `chaos_${++databases}`
      const operator = await kind.operator(server.url)
      await operator.query(`create database ${database}`)
      await operator.end()
      const direct = server.url.replace(/\/[^/]*$/, `/${database}`)
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
      const workers = await Promise.all(
        Array.from({ length: WORKERS }, () => startWorker(url, ledger, { lease: leaseMs })),
      )
      const begin = performance.now()
      const left = async () =>
        (await store.counts()).reduce((sum, { due, delayed, reserved }) => sum + due + delayed + reserved, 0)

      /** Faults again and again, while the rest is dispatched and until few jobs are left; then what must hold. */
      async function survives(fault: () => Promise<unknown>, calm: () => Promise<unknown> = async () => {}) {
        let rounds = 0
        let dispatched = false
        const rest = producer
          .trickle(jobs, () => rounds < LEAST_FAULTS)
          .then(() => {
            dispatched = true
          })
        const goOn = () => {
          const ended = new Set(readLedger(ledger).flatMap(({ event, uuid }) => (event === 'end' ? [uuid] : [])))
          return !dispatched || ended.size < producer.acknowledged.size - FEW
        }
        while (goOn() && performance.now() - begin < 90_000) {
          await fault()
          rounds++
        }
        await calm()
        const calmAt = performance.now()
        await rest
        await until(
          'every job ended within a lease and 10 s after the faults',
          async () => (await left()) === 0,
          leaseMs + 10_000,
        ).catch(async (error: Error) => {
          const rows = await store.list({}, { limit: 5 })
          throw new Error(
            `${error.message}; ${await left()} left, as ${JSON.stringify(rows.rows)}; ${troubles(ledger)}`,
          )
        })
        const tookMs = performance.now() - calmAt
        // Events of the last completions follow their commit.
        await sleep(300)
        console.info(
          `${kind.name}: ${producer.acknowledged.size} jobs, ${producer.doubtful} in doubt, ${producer.refused} refused, ` +
            `${rounds} faults in ${Math.round((calmAt - begin) / 1000)} s, over ${Math.round(tookMs)} ms later; ` +
            `longest dispatch ${Math.round(producer.longestMs)} ms`,
        )
        const lines = readLedger(ledger)
        expect(await store.listFailed({}, { limit: 5 })).toMatchObject({ rows: [] })
        expectEndedOnce(lines, producer.acknowledged, producer.doubtful)
        // A process that was stopped may begin what it held before it sees how late it is; the outcome is refused then.
        if (!stopped) expect(startedAfterCompletion(lines)).toEqual([])
        expect(producer.unexpected).toEqual([])
        expect(producer.longestMs).toBeLessThan(5_000 + SLACK_MS)
        expect(workers.filter(({ child }) => child.exitCode !== null || child.signalCode !== null)).toEqual([])
        return { rounds, lines }
      }
      return { url, ledger, database, proxy: proxy as FaultyNetwork, workers, producer, store, survives, leaseMs }
    }

    test('killing workers at random loses no job, burns no attempt, and runs again only what a killed worker held', async () => {
      const { url, ledger, workers, survives } = await installation({ jobs: 10_000 })
      const killed = new Set<number>()

      const { rounds, lines } = await survives(async () => {
        await sleep(100 + Math.random() * 400)
        const at = Math.floor(Math.random() * workers.length)
        const victim = workers[at] as WorkerProcess
        killed.add(victim.pid)
        process.kill(victim.pid, 'SIGKILL')
        await victim.ended
        workers[at] = await startWorker(url, ledger, { lease: LEASE_MS })
      })

      expect(rounds).toBeGreaterThan(3)
      const runs = Map.groupBy(
        lines.filter(({ event }) => event === 'start'),
        ({ uuid }) => uuid,
      )
      const unexplained = [...runs.values()].filter((starts) => starts.slice(0, -1).some(({ pid }) => !killed.has(pid)))
      expect(unexplained).toEqual([])
    })

    test('a server that is killed and started again loses nothing acknowledged, and its workers come back', async () => {
      const { survives } = await installation({ jobs: 3_000 })
      await survives(async () => {
        await sleep(300 + Math.random() * 1_200)
        await server.crash()
        await sleep(Math.random() * 1_500)
        await restarted(server)
      })
    })

    // Known to fail: reclaim counts a lease that ended in an outage as a crash, and the third such fails the job.
    test.fails('a job that runs through three outages longer than the lease is not blamed for them', async () => {
      const { ledger, producer, store } = await installation({ jobs: 0, leaseMs: 1_000 })
      await producer.dispatch(1, 8_000)
      const starts = () => readLedger(ledger).filter(({ event }) => event === 'start').length
      for (let outage = 1; outage <= 3; outage++) {
        await until(`it runs for the ${outage}. time`, () => starts() === outage, 15_000)
        await sleep(500)
        await server.crash()
        await sleep(2_500)
        await restarted(server)
      }
      await until('it ended', async () => (await store.counts()).length === 0, 25_000)

      expect((await store.listFailed({}, { limit: 1 })).rows.map(({ headline }) => headline)).toEqual([])
      expectEndedOnce(readLedger(ledger), producer.acknowledged)
    })

    test('connections that are all killed again and again neither lose nor double a job', async () => {
      const { database, survives } = await installation({ jobs: 6_000 })
      const operator = await kind.operator(server.url)
      await survives(
        async () => {
          await kind.killAll(operator, database)
          await sleep(50 + Math.random() * 400)
        },
        () => operator.end(),
      )
    })

    test('connections cut at random, and just after a commit was sent, neither lose nor double a job', async () => {
      const { proxy, survives } = await installation({ jobs: 6_000, proxied: true })
      proxy.doom = { pattern: /commit|settle_1|push_1|reserve_1|heartbeat|lease_until/i, chance: 0.05, how: 'cut' }
      await survives(
        async () => {
          await sleep(50 + Math.random() * 250)
          proxy.cut(0.2)
        },
        async () => proxy.pass(),
      )
      expect(proxy.doomed).toBeGreaterThan(10)
    })

    test('connections that fall silent are given up in time', async () => {
      const { proxy, survives } = await installation({ jobs: 2_000, proxied: true, leaseMs: SILENT_LEASE_MS })
      await survives(async () => {
        await sleep(500 + Math.random() * 1_500)
        proxy.silence(0.4)
      })
    })

    test('a connection that falls silent while it takes jobs back does not keep others from doing so', async () => {
      const { ledger, proxy, workers, producer, store } = await installation({ jobs: 0, proxied: true })
      await producer.dispatch(20, 3_000)
      await until('all are held', async () => (await store.counts()).some(({ reserved }) => reserved === 20))
      proxy.doom = { pattern: /for update/i, chance: 1, how: 'silence' }
      const victim = workers[0] as WorkerProcess
      process.kill(victim.pid, 'SIGKILL')
      await until('it happened', () => proxy.doomed > 0, 20_000)
      proxy.pass()

      await until('every job ended', async () => (await store.counts()).length === 0, LEASE_MS + 20_000).catch(
        (error) => {
          throw new Error(`${(error as Error).message}; ${troubles(ledger)}`)
        },
      )
      expectEndedOnce(readLedger(ledger), producer.acknowledged)
    })

    test('a server whose answers come two seconds late is waited for, and nothing runs twice', async () => {
      const { proxy, survives } = await installation({ jobs: 500, proxied: true, leaseMs: 10_000 })
      await survives(
        async () => {
          proxy.latencyMs = 2_000
          await sleep(4_000)
        },
        async () => proxy.pass(),
      )
    })

    test('workers stopped past their lease change nothing when they go on', async () => {
      const { workers, store, leaseMs, survives } = await installation({ jobs: 3_000, leaseMs: 1_000, stopped: true })
      await survives(async () => {
        const { pid } = workers[Math.floor(Math.random() * workers.length)] as WorkerProcess
        process.kill(pid, 'SIGSTOP')
        await sleep(leaseMs * 1.2 + Math.random() * leaseMs)
        process.kill(pid, 'SIGCONT')
        await sleep(Math.random() * 300)
      })
      await until('each has a lease again', async () => (await store.workers()).length === WORKERS, 10_000)
    })
  })
}

/** Dispatches, and keeps account of what it was told. */
class Producer {
  readonly acknowledged = new Set<string>()
  readonly unexpected: unknown[] = []
  /** Jobs that may have been stored. */
  doubtful = 0
  /** Jobs that were not stored. */
  refused = 0
  longestMs = 0
  readonly #queue: ReturnType<typeof createQueue>
  #number = 0

  constructor(queue: ReturnType<typeof createQueue>) {
    this.#queue = queue
  }

  /** Many at once. `ms`: how long each runs. */
  async dispatch(count: number, ms?: number): Promise<void> {
    const inputs = Array.from({ length: count }, () => ({ ...this.#input(), ...(ms && { ms }) }))
    await this.#told(count, () => this.#queue.dispatchMany(shortJob, inputs))
  }

  /** A few at a time, until so many in all were answered in one way or another, and longer while `more` says so. */
  async trickle(total: number, more: () => boolean): Promise<void> {
    const share = Math.max(5, Math.ceil((total - this.#number) / 30))
    while (this.#number < total || more()) {
      const [each, pauseMs] = this.#number < total ? [share, 100] : [5, 500]
      const alone = Array.from({ length: each }, () =>
        this.#told(1, async () => [await this.#queue.dispatch(shortJob, this.#input())]),
      )
      await Promise.all([...alone, this.dispatch(each)])
      await sleep(Math.random() * pauseMs)
    }
  }

  #input() {
    this.#number++
    return { number: this.#number, ms: 5 + (this.#number % 60) }
  }

  async #told(count: number, dispatch: () => Promise<{ uuid: string }[]>): Promise<void> {
    const since = performance.now()
    try {
      for (const { uuid } of await dispatch()) this.acknowledged.add(uuid)
    } catch (error) {
      if (!isFaenaError(error, 'STORE_UNAVAILABLE')) this.unexpected.push(error)
      else if (error.inDoubt) this.doubtful += count
      else this.refused += count
    }
    this.longestMs = Math.max(this.longestMs, performance.now() - since)
  }
}

/** What is left of a killed server may hold its files for a moment. */
async function restarted(server: CrashingServer): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await server.restart()
    } catch (error) {
      if (tries === 5) throw error
      await sleep(500)
    }
  }
}

function troubles(ledger: string): string {
  const path = `${ledger}.troubles`
  return existsSync(path) ? readFileSync(path, 'utf8').slice(-3_000) : 'no troubles'
}
