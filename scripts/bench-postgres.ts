import { readdirSync, readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { uuidv7 } from '../src/core/uuid.ts'
import type { NewJob, Store } from '../src/store.ts'
import { postgresStore } from '../src/stores/postgres/store.ts'
import { startPostgres } from '../test/support/servers/postgres.ts'

/**
 * What the PostgreSQL store itself can do: bulk push, drain in batches by several loops at once, push and reserve of one,
 * without a worker around it. The numbers of research/peer-bench.md (raw limits) are the measure.
 *
 *   node scripts/bench-postgres.ts [--url URL] [--jobs 50000] [--batch 500] [--loops 2] [--rounds 3] [--pinned]
 */
const { values: given } = parseArgs({
  options: {
    url: { type: 'string' },
    jobs: { type: 'string', default: '50000' },
    batch: { type: 'string', default: '500' },
    loops: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    pinned: { type: 'boolean', default: false },
  },
})
const [jobs, batch, loops, rounds] = [given.jobs, given.batch, given.loops, given.rounds].map(Number) as [
  number,
  number,
  number,
  number,
]

const server = given.url ? undefined : await startPostgres()
const url = given.url ?? server!.url
const admin = new pg.Client({ connectionString: url })
await admin.connect()

try {
  for (let round = 1; round <= rounds; round++) await measured(round)
} finally {
  await admin.end()
  await server?.stop()
}

async function measured(round: number): Promise<void> {
  const schema = `bench_${process.pid}_${round}`
  const store = postgresStore({ url, schema, notifications: false })
  await store.open()
  await store.migrate()
  const pushed = await timed(() => pushAll(store))
  await admin.query(`analyze ${schema}.jobs`)
  await admin.query('checkpoint')
  const pin = given.pinned ? await pinnedSnapshot() : undefined
  const before = await stats(schema)
  const tenths: number[] = []
  const drained = await timed(() => drain(store, tenths))
  const latency = pin ? [] : await latencies(store)
  // A connection tells the server's statistics what it did when it ends, at the latest.
  await store.close()
  await admin.query('select pg_sleep(0.3)')
  const after = await stats(schema)
  await pin?.end()
  await admin.query(`drop schema ${schema} cascade`)
  console.log(
    `round ${round}: push ${shown(pushed)}, drain ${shown(drained)}` +
      `, last tenth / first ${(tenths.at(-1)! / tenths[0]!).toFixed(2)}` +
      `, HOT updates ${(((after.hot - before.hot) / (after.updated - before.updated)) * 100).toFixed(1)} %` +
      `, WAL ${Math.round((after.wal - before.wal) / jobs)} bytes a job` +
      (latency.length > 0
        ? `, push + reserve + settle of one: p50 ${percentile(latency, 0.5)} ms, p99 ${percentile(latency, 0.99)} ms`
        : ''),
  )
}

async function pushAll(store: Store): Promise<void> {
  let made = 0
  await Promise.all(
    Array.from({ length: loops }, async (_, loop) => {
      for (let seq = 1; made < jobs; seq++) {
        const part = Array.from({ length: Math.min(1_000, jobs - made) }, newJob)
        made += part.length
        await store.push(part, { fresh: true, pushId: { producer: `bench-${loop}`, seq } })
      }
    }),
  )
}

/** Each loop reserves the next batch while the last one is being settled. */
async function drain(store: Store, tenths: number[]): Promise<void> {
  let done = 0
  let mark = performance.now()
  await Promise.all(
    Array.from({ length: loops }, async () => {
      const worker = await register(store)
      let settling: Promise<unknown> = Promise.resolve()
      for (let seq = 1; ; seq++) {
        const { jobs: taken } = await store.reserve({
          worker,
          queues: ['default'],
          names: ['cases.fetch'],
          limit: batch,
          maxBytes: 4 * 1024 * 1024,
          singleTryLimit: batch,
          defaultTries: 3,
        })
        if (taken.length === 0) break
        await settling
        settling = store.settle({
          worker,
          seq,
          outcomes: taken.map(({ id, attempts }) => ({ id, attempts, outcome: { kind: 'completed' }, unique: false })),
        })
        done += taken.length
        if (done >= ((tenths.length + 1) * jobs) / 10) {
          tenths.push(jobs / 10 / (performance.now() - mark))
          mark = performance.now()
        }
      }
      await settling
    }),
  )
  if (done !== jobs) throw new Error(`${done} of ${jobs} jobs were drained`)
}

async function latencies(store: Store): Promise<number[]> {
  const worker = await register(store)
  const all: number[] = []
  for (let seq = 1; seq <= 300; seq++) {
    const started = performance.now()
    await store.push([newJob()], { fresh: true, pushId: { producer: 'single', seq } })
    const { jobs: taken } = await store.reserve({
      worker,
      queues: ['default'],
      names: ['cases.fetch'],
      limit: 10,
      maxBytes: 4 * 1024 * 1024,
      singleTryLimit: 10,
      defaultTries: 3,
    })
    const picked = performance.now() - started
    await store.settle({
      worker,
      seq,
      outcomes: taken.map(({ id, attempts }) => ({ id, attempts, outcome: { kind: 'completed' }, unique: false })),
    })
    if (seq > 100) all.push(picked)
  }
  return all
}

function register(store: Store): Promise<number> {
  return store.register({
    name: 'bench',
    host: 'here',
    pid: 1,
    version: '0',
    queues: ['default'],
    concurrency: batch,
    leaseMs: 600_000,
  })
}

function newJob(): NewJob {
  const uuid = uuidv7()
  const payload = `{"uuid":"${uuid}","displayName":"cases.fetch","job":"faena@cases.fetch","maxTries":3,"data":{"caseId":4711,"text":"${'x'.repeat(60)}"},"faena":{"v":1,"at":${Date.now()}}}`
  return { uuid, queue: 'default', name: 'cases.fetch', payload, maxAttempts: 3, priority: 0 }
}

/** A transaction that keeps the server from removing what was deleted since. */
async function pinnedSnapshot(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('begin isolation level repeatable read')
  await client.query('select 1')
  return client
}

async function stats(schema: string): Promise<{ updated: number; hot: number; wal: number }> {
  const { rows } = await admin.query(
    `select n_tup_upd::float8 as updated, n_tup_hot_upd::float8 as hot, (pg_current_wal_lsn() - '0/0'::pg_lsn)::float8 as wal
       from pg_stat_user_tables where schemaname = $1 and relname = 'jobs'`,
    [schema],
  )
  return rows[0]
}

interface Cost {
  ms: number
  /** Of this process and of the server's, where that runs on this machine. */
  nodeUs: number
  serverUs: number
}

async function timed(work: () => Promise<void>): Promise<Cost> {
  const [started, node, server] = [performance.now(), process.cpuUsage(), await serverCpuUs()]
  await work()
  const used = process.cpuUsage(node)
  return { ms: performance.now() - started, nodeUs: used.user + used.system, serverUs: (await serverCpuUs()) - server }
}

function shown({ ms, nodeUs, serverUs }: Cost): string {
  return `${Math.round(jobs / (ms / 1_000))}/s (${(nodeUs / jobs).toFixed(1)} + ${(serverUs / jobs).toFixed(1)} µs)`
}

/** CPU time of all processes of the server, those that ended included. */
async function serverCpuUs(): Promise<number> {
  const pid = (await admin.query('select pg_backend_pid() as pid')).rows[0].pid
  const of = (id: number | string) => {
    try {
      return readFileSync(`/proc/${id}/stat`, 'utf8')
        .replace(/^.*\) /, '')
        .split(' ')
        .map(Number)
    } catch {
      return []
    }
  }
  const parent = of(pid)[1] ?? 0
  const ticks = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && of(name)[1] === parent)
    .reduce((sum, name) => sum + (of(name)[11] ?? 0) + (of(name)[12] ?? 0), 0)
  const whole = of(parent)
  return (ticks + (whole[11] ?? 0) + (whole[12] ?? 0) + (whole[13] ?? 0) + (whole[14] ?? 0)) * 10_000
}

function percentile(values: number[], share: number): string {
  return values.sort((a, b) => a - b)[Math.floor(values.length * share)]!.toFixed(2)
}
