import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { uuidv7 } from '../src/core/uuid.ts'
import type { NewJob, Store } from '../src/store.ts'
import { openStore } from '../src/stores/open.ts'
import { KINDS, type Kind } from '../test/processes/chaos/kinds.ts'
import { LaravelConnection } from '../test/processes/chaos/php.ts'

/**
 * What it costs that PHP shares the table of jobs: the same work on tables that Faena made and on tables that Laravel made and
 * `faena migrate` added to, and Laravel's own work on tables before and after that. The two take turns in short slices, so
 * that whatever else the machine does falls on both alike; the medians of the slices are shown. One server of its own per
 * database, durable as it comes. In a folder of a RAM disk (`--in /dev/shm`) the wait for the disk, which is the same for
 * both, falls away: the ratios are then the worst that can be.
 *
 *   node scripts/shared-table-cost.ts [--slices 40] [--backlog 50000] [--only postgres|mysql] [--in FOLDER]
 */
const { values: given } = parseArgs({
  options: {
    slices: { type: 'string', default: '40' },
    backlog: { type: 'string', default: '50000' },
    only: { type: 'string' },
    in: { type: 'string' },
  },
})
const [slices, backlog] = [Number(given.slices), Number(given.backlog)]
/** Jobs of a slice, in batches of the second number; jobs of a slice that go alone. */
const [JOBS, BATCH, SINGLES, LARAVEL_JOBS] = [500, 100, 10, 30]
const COMPLETED = { kind: 'completed' } as const
/** What the server has written to its log so far: the same however busy the machine is. */
const LOG_WRITTEN = {
  postgres: `select pg_current_wal_lsn() - '0/0' as bytes`,
  mysql: `select variable_value as bytes from information_schema.global_status where variable_name = 'Innodb_os_log_written'`,
}

/** Of one table, by what was done: what each slice showed. */
type Figures = Map<string, number[]>
type Written = () => Promise<number>

async function compared(kind: Kind, server: string): Promise<void> {
  const operator = await kind.operator(server)
  const written: Written = async () =>
    Number((await operator.rows<{ bytes: unknown }>(LOG_WRITTEN[kind.store]))[0]!.bytes)
  const own = await Subject.on(await database(kind, server, 'own'), written)
  const shared = await Subject.on(await database(kind, server, 'shared', kind.laravelTables), written)
  await inTurns((subject) => subject.slice(''), [own, shared])
  for (const subject of [own, shared]) await subject.pile(backlog)
  await inTurns((subject) => subject.slice(` before a backlog of ${backlog}`), [own, shared])
  for (const subject of [own, shared]) await subject.store.close()

  const laravels = [
    await LaravelSubject.on(kind, await database(kind, server, 'before', kind.laravelTables), written),
    await LaravelSubject.on(kind, await database(kind, server, 'after', kind.laravelTables), written, 'migrated'),
  ] as const
  await inTurns((subject) => subject.slice(), laravels)
  for (const subject of laravels) await subject.end()
  await operator.end()

  console.log(`\n${kind.name}, medians of ${slices} slices`)
  show(['Faena', 'own', 'shared'], own.figures, shared.figures)
  show(['Laravel', 'before', 'after'], laravels[0].figures, laravels[1].figures)
}

async function inTurns<S>(slice: (subject: S) => Promise<void>, subjects: readonly [S, S]): Promise<void> {
  for (let at = 0; at < slices; at++) {
    for (const subject of at % 2 === 0 ? subjects : subjects.toReversed()) await slice(subject)
  }
}

/** A worker and a producer on one table. */
class Subject {
  readonly figures: Figures = new Map()
  readonly store: Store
  readonly #worker: number
  readonly #written: Written
  #seq = 0

  constructor(store: Store, worker: number, written: Written) {
    this.store = store
    this.#worker = worker
    this.#written = written
  }

  static async on(url: string, written: Written): Promise<Subject> {
    const store = await openStore(url, { timeoutMs: 60_000 })
    await store.migrate()
    const who = { name: 'cost', host: 'here', pid: process.pid, version: '0', queues: ['default'] }
    return new Subject(store, await store.register({ ...who, concurrency: BATCH, leaseMs: 3_600_000 }), written)
  }

  /** In front of all that waits. */
  async slice(where: string): Promise<void> {
    const before = await this.#written()
    note(this.figures, `push in batches${where}, jobs/s`, JOBS / (await seconds(() => this.#push(JOBS, -1))))
    const draining = seconds(async () => {
      for (let left = JOBS; left > 0; left -= BATCH) await this.#runSome(BATCH)
    })
    note(this.figures, `reserve and complete in batches${where}, jobs/s`, JOBS / (await draining))
    note(this.figures, `log written in batches${where}, bytes a job`, ((await this.#written()) - before) / JOBS)
    const alone = seconds(async () => {
      for (let left = SINGLES; left > 0; left--) {
        await this.store.push([newJob(-1)])
        await this.#runSome(1)
      }
    })
    note(this.figures, `push, reserve and complete of one${where}, ms`, ((await alone) / SINGLES) * 1_000)
  }

  pile(count: number): Promise<void> {
    return this.#push(count, 0)
  }

  async #push(count: number, priority: number): Promise<void> {
    for (let left = count; left > 0; left -= BATCH) {
      await this.store.push(Array.from({ length: BATCH }, () => newJob(priority)))
    }
  }

  async #runSome(limit: number): Promise<void> {
    const bounds = { limit, maxBytes: 4_194_304, singleTryLimit: limit, defaultTries: 3 }
    const wish = { worker: this.#worker, queues: ['default'], names: ['cost'], ...bounds }
    let taken = 0
    while (taken < limit) {
      const { jobs } = await this.store.reserve({ ...wish, limit: limit - taken })
      taken += jobs.length
      const outcomes = jobs.map(({ id, attempts }) => ({ id, attempts, outcome: COMPLETED, unique: false }))
      if (jobs.length > 0) await this.store.settle({ worker: this.#worker, seq: ++this.#seq, outcomes })
    }
  }
}

/** Laravel on one table, two connections at once. */
class LaravelSubject {
  readonly figures: Figures = new Map()
  readonly #connections: readonly LaravelConnection[]
  readonly #written: Written

  constructor(connections: readonly LaravelConnection[], written: Written) {
    this.#connections = connections
    this.#written = written
  }

  static async on(kind: Kind, url: string, written: Written, migrated?: 'migrated'): Promise<LaravelSubject> {
    if (migrated) {
      const store = await openStore(url)
      await store.migrate()
      await store.close()
    }
    const connections = Array.from({ length: 2 }, () => LaravelConnection.open(kind, url))
    return new LaravelSubject(await Promise.all(connections), written)
  }

  async slice(): Promise<void> {
    const jobs = LARAVEL_JOBS * this.#connections.length
    const before = await this.#written()
    const dispatching = await seconds(() =>
      this.#each(async (connection) => {
        for (let left = LARAVEL_JOBS; left > 0; left--) await connection.dispatch()
      }),
    )
    const working = await seconds(() =>
      this.#each(async (connection) => {
        for (let id = await connection.pop(); id !== undefined; id = await connection.pop()) await connection.remove(id)
      }),
    )
    note(this.figures, 'dispatch, jobs/s', jobs / dispatching)
    note(this.figures, 'pop and delete, jobs/s', jobs / working)
    note(this.figures, 'log written, bytes a job', ((await this.#written()) - before) / jobs)
  }

  #each(work: (connection: LaravelConnection) => Promise<void>): Promise<unknown> {
    return Promise.all(this.#connections.map(work))
  }

  async end(): Promise<void> {
    await this.#each((connection) => connection.end())
  }
}

async function database(kind: Kind, server: string, name: string, tables?: string): Promise<string> {
  const url = server.replace(/\/[^/]*$/, `/cost_${name}`)
  for (const [at, text] of [
    [server, `create database cost_${name}`],
    [url, tables],
  ] as const) {
    const operator = await kind.operator(at)
    if (text) await operator.rows(text)
    await operator.end()
  }
  return url
}

function newJob(priority: number): NewJob {
  const uuid = uuidv7()
  const payload = `{"uuid":"${uuid}","displayName":"cost","job":"faena@cost","maxTries":3,"data":{"caseId":4711,"of":"a table that is shared"},"faena":{"v":1}}`
  return { uuid, queue: 'default', name: 'cost', payload, maxAttempts: 3, priority }
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

for (const kind of KINDS.filter(({ store }) => given.only === undefined || store === given.only)) {
  const server = await kind.start({}, given.in ? { folder: given.in } : undefined)
  try {
    await compared(kind, server.url)
  } finally {
    await server.stop()
  }
}
