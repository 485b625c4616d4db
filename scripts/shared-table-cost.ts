import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { uuidv7 } from '../src/core/uuid.ts'
import type { NewJob, Store } from '../src/store.ts'
import { openStore } from '../src/stores/open.ts'
import { KINDS, type Kind } from '../test/processes/chaos/kinds.ts'
import { LaravelConnection } from '../test/processes/chaos/php.ts'

/**
 * What it costs that PHP shares the table of jobs: the same work on tables that Faena made and on tables that Laravel made and
 * `faena migrate` added to, and Laravel's own work before and after that. Own and shared take turns within each round; the
 * median of the rounds is shown. One server of its own per database.
 *
 *   node scripts/shared-table-cost.ts [--jobs 20000] [--backlog 100000] [--rounds 3] [--only postgres|mysql]
 */
const { values: given } = parseArgs({
  options: {
    jobs: { type: 'string', default: '20000' },
    backlog: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
  },
})
const [jobs, backlog, rounds] = [given.jobs, given.backlog, given.rounds].map(Number) as [number, number, number]
const LOOPS = 2
const BATCH = 100
const SINGLES = 300
const LARAVEL_JOBS = 1_500
const COMPLETED = { kind: 'completed' } as const

type Figures = Map<string, number[]>

for (const kind of KINDS.filter(({ store }) => given.only === undefined || store === given.only)) {
  const server = await kind.start()
  try {
    await compared(kind, server.url)
  } finally {
    await server.stop()
  }
}

async function compared(kind: Kind, server: string): Promise<void> {
  const figures: Record<'own' | 'shared', Figures> = { own: new Map(), shared: new Map() }
  const laravel: Record<'before' | 'after', Figures> = { before: new Map(), after: new Map() }
  for (let round = 1; round <= rounds; round++) {
    await measured(figures.own, await database(kind, server, `own_${round}`))
    await measured(figures.shared, await database(kind, server, `shared_${round}`, kind.laravelTables))
    const url = await database(kind, server, `laravel_${round}`, kind.laravelTables)
    await measuredLaravel(laravel.before, kind, url)
    const store = await openStore(url)
    await store.migrate()
    await store.close()
    await measuredLaravel(laravel.after, kind, url)
  }
  console.log(`\n${kind.name}, medians of ${rounds} rounds`)
  show(['Faena', 'own', 'shared'], figures.own, figures.shared)
  show(['Laravel', 'before', 'after'], laravel.before, laravel.after)
}

async function database(kind: Kind, server: string, name: string, tables?: string): Promise<string> {
  const url = server.replace(/\/[^/]*$/, `/cost_${name}`)
  const operator = await kind.operator(server)
  await operator.rows(`create database cost_${name}`)
  await operator.end()
  if (tables) {
    const made = await kind.operator(url)
    await made.rows(tables)
    await made.end()
  }
  return url
}

async function measured(figures: Figures, url: string): Promise<void> {
  const store = await openStore(url)
  await store.migrate()
  note(figures, 'push in batches, jobs/s', jobs / (await seconds(() => push(store, jobs))))
  note(figures, 'reserve and complete in batches, jobs/s', jobs / (await seconds(() => drain(store))))
  note(figures, 'push, reserve, complete of one, ms', await single(store))
  await push(store, backlog)
  note(figures, `the same before a backlog of ${backlog}, ms`, await single(store, -1))
  note(figures, 'reserve and complete with that backlog, jobs/s', jobs / (await seconds(() => drain(store, jobs))))
  await store.close()
}

async function push(store: Store, count: number): Promise<void> {
  let left = count
  await Promise.all(
    Array.from({ length: LOOPS }, async () => {
      while (left > 0) {
        const part = Math.min(BATCH * 5, left)
        left -= part
        await store.push(Array.from({ length: part }, () => newJob()))
      }
    }),
  )
}

async function drain(store: Store, most = Number.POSITIVE_INFINITY): Promise<void> {
  let left = most
  await Promise.all(
    Array.from({ length: LOOPS }, async () => {
      const worker = await register(store)
      for (let seq = 1; left > 0; seq++) {
        const { jobs: taken } = await reserve(store, worker, Math.min(BATCH, left))
        if (taken.length === 0) break
        left -= taken.length
        const outcomes = taken.map(({ id, attempts }) => ({ id, attempts, outcome: COMPLETED, unique: false }))
        await store.settle({ worker, seq, outcomes })
      }
      await store.deregister(worker)
    }),
  )
}

/** Median of one job's way through the store. */
async function single(store: Store, priority = 0): Promise<number> {
  const worker = await register(store)
  const times: number[] = []
  for (let seq = 1; seq <= SINGLES; seq++) {
    const since = performance.now()
    await store.push([newJob(priority)])
    const [job] = (await reserve(store, worker, 1)).jobs
    const { id, attempts } = job!
    await store.settle({ worker, seq, outcomes: [{ id, attempts, outcome: COMPLETED, unique: false }] })
    times.push(performance.now() - since)
  }
  await store.deregister(worker)
  return median(times)
}

async function measuredLaravel(figures: Figures, kind: Kind, url: string): Promise<void> {
  const connections = await Promise.all(Array.from({ length: LOOPS }, () => LaravelConnection.open(kind, url)))
  const each = LARAVEL_JOBS / LOOPS
  const dispatching = await seconds(() =>
    Promise.all(
      connections.map(async (connection) => {
        for (let count = 0; count < each; count++) await connection.dispatch()
      }),
    ),
  )
  const working = await seconds(() =>
    Promise.all(
      connections.map(async (connection) => {
        for (let id = await connection.pop(); id !== undefined; id = await connection.pop()) await connection.remove(id)
      }),
    ),
  )
  note(figures, 'dispatch, jobs/s', LARAVEL_JOBS / dispatching)
  note(figures, 'pop and delete, jobs/s', LARAVEL_JOBS / working)
  await Promise.all(connections.map((connection) => connection.end()))
}

function newJob(priority = 0): NewJob {
  const uuid = uuidv7()
  const payload = `{"uuid":"${uuid}","displayName":"cost","job":"faena@cost","maxTries":3,"data":{"caseId":4711,"of":"a table that is shared"},"faena":{"v":1}}`
  return { uuid, queue: 'default', name: 'cost', payload, maxAttempts: 3, priority }
}

function register(store: Store): Promise<number> {
  const who = { name: 'cost', host: 'here', pid: process.pid, version: '0', queues: ['default'] }
  return store.register({ ...who, concurrency: BATCH, leaseMs: 600_000 })
}

function reserve(store: Store, worker: number, limit: number) {
  const bounds = { limit, maxBytes: 4_194_304, singleTryLimit: limit, defaultTries: 3 }
  return store.reserve({ worker, queues: ['default'], names: ['cost'], ...bounds })
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const since = performance.now()
  await work()
  return (performance.now() - since) / 1_000
}

function note(figures: Figures, what: string, value: number): void {
  figures.set(what, [...(figures.get(what) ?? []), value])
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}

function show([whose, ...heads]: [string, string, string], first: Figures, second: Figures): void {
  const rows = [...first].map(([what, values]) => {
    const [a, b] = [median(values), median(second.get(what)!)]
    const text = (value: number) => (what.endsWith('ms') ? value.toFixed(2) : Math.round(value).toString())
    return { [whose]: what, [heads[0]!]: text(a), [heads[1]!]: text(b), ratio: (b / a).toFixed(2) }
  })
  console.table(rows)
}
