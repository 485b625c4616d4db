import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { createQueue, createWorker, defineJob, handle } from '../../dist/index.js'
import type { Store } from '../../src/store.ts'
import { openStore } from '../../src/stores/open.ts'
import { input, inputs, type Place } from '../contestant.ts'
import { schema, urlOf } from '../contestants/faena.ts'
import type { ServerKind } from '../contestants/list.ts'
import { laneAt, ranges } from '../contestants/ranges.ts'
import { Servers } from '../servers/servers.ts'
import { rangeStore } from './store.ts'

/**
 * What the prototype promises, shown on real servers with real processes: `node bench/ranges/check.ts` (after
 * `npm run build`). Four dispatching connections and two workers at once; failing attempts; a worker that is killed; a
 * worker that lost its lease.
 */
const job = defineJob({ name: 'bench', input: schema, backoff: 0 })
const LEASE_MS = 1_500

if (process.send) process.once('message', (place) => void workUntilKilled(place as Place))
else await checkAll()

async function checkAll(): Promise<void> {
  const servers = new Servers()
  try {
    for (const kind of ['sqlite', 'postgres', 'mariadb'] as const satisfies ServerKind[]) {
      for (const check of [dispatchersAndWorkersAtOnce, failingAttempts, killedWorker, lostLease]) {
        const server = await servers.of(kind)
        const place = await server.place()
        await ranges.prepare!(place)
        await check(place)
        console.log(`${kind}: ${check.name} holds`)
        await server.drop(place)
      }
    }
  } finally {
    await servers.stop()
  }
}

async function storeAt(place: Place): Promise<Store> {
  return rangeStore(await openStore(urlOf(place)), await laneAt(place))
}

/** Ids come out of order where transactions overlap; no job may be passed by. */
async function dispatchersAndWorkersAtOnce(place: Place): Promise<void> {
  const count = 4_000
  const ran = new Map<number, number>()
  const stores = await Promise.all(Array.from({ length: 6 }, () => storeAt(place)))
  const workers = stores.slice(4).map((store) => worker(store, async (number) => add(ran, number)))
  await Promise.all(workers.map((one) => one.start()))
  let next = 0
  await Promise.all(
    stores.slice(0, 4).map(async (store) => {
      const queue = createQueue({ store })
      while (next < count) {
        const from = next
        next += 1 + Math.floor(Math.random() * 20)
        await queue.dispatchMany(job, inputs(from, next - from))
      }
    }),
  )
  await until(() => ran.size >= next)
  await Promise.all(workers.map((one) => one.stop()))
  assert.equal(ran.size, next)
  assert.ok([...ran.values()].every((times) => times === 1))
  await Promise.all(stores.map((store) => store.close()))
}

async function failingAttempts(place: Place): Promise<void> {
  const store = await storeAt(place)
  const queue = createQueue({ store })
  const ran = new Map<number, number>()
  await queue.dispatchMany(job, inputs(0, 100))
  const failing = worker(store, async (number) => {
    add(ran, number)
    if (number % 10 === 0) throw new Error('always')
    if (number % 10 === 1 && ran.get(number) === 1) throw new Error('the first time')
  })
  await failing.start()
  await until(async () => (await store.countFailed()) === 10 && [...ran.values()].reduce((a, b) => a + b) === 130)
  await failing.stop()
  for (const [number, times] of ran) assert.equal(times, number % 10 === 0 ? 3 : number % 10 === 1 ? 2 : 1)
  const lane = await laneAt(place)
  assert.equal(await lane.leases(), 0, 'a range ends with its last row, whichever way that goes')
  await Promise.all([lane.close(), store.close()])
}

/** What a killed worker held comes back when its lease has ended, and only that. */
async function killedWorker(place: Place): Promise<void> {
  const store = await storeAt(place)
  const queue = createQueue({ store })
  await queue.dispatchMany(job, inputs(0, 2_000))
  const doomed = fork(import.meta.filename, [], { execArgv: ['--disable-warning=ExperimentalWarning'] })
  doomed.send(place)
  const [seen] = (await once(doomed, 'message')) as [number[]]
  doomed.kill('SIGKILL')
  await once(doomed, 'exit')
  const ran = new Map<number, number>()
  const other = worker(store, async (number) => add(ran, number))
  await other.start()
  const reclaiming = setInterval(() => void store.reclaim(), 200)
  await until(() => ran.size + seen.filter((number) => !ran.has(number)).length >= 2_000, 20_000)
  clearInterval(reclaiming)
  await other.stop()
  assert.ok([...ran.values()].every((times) => times === 1))
  await store.close()
}

async function workUntilKilled(place: Place): Promise<void> {
  const store = await storeAt(place)
  const seen: number[] = []
  const doomed = worker(store, async (number) => {
    seen.push(number)
    if (seen.length === 300) process.send?.(seen)
    // Some of each range hang: ranges stay half done.
    if (number % 50 === 49) await new Promise(() => {})
  })
  await doomed.start()
}

/** A worker whose lease ended can change nothing, and is told. */
async function lostLease(place: Place): Promise<void> {
  const store = await storeAt(place)
  const queue = createQueue({ store })
  await queue.dispatchMany(job, [input(1), input(2)])
  const row = { name: 'x', host: 'here', pid: 1, version: '0', queues: ['default'], concurrency: 1, leaseMs: 300 }
  const slow = await store.register(row)
  const request = {
    queues: ['default'],
    names: ['bench'],
    limit: 10,
    maxBytes: 1e6,
    singleTryLimit: 10,
    defaultTries: 3,
  }
  const held = await store.reserve({ ...request, worker: slow })
  assert.equal(held.jobs.length, 2)
  await delay(500)
  await store.reclaim()
  const other = await storeAt(place)
  const quick = await other.register({ ...row, leaseMs: 30_000 })
  const again = await other.reserve({ ...request, worker: quick })
  assert.deepEqual(
    again.jobs.map(({ id }) => id),
    held.jobs.map(({ id }) => id),
  )
  const outcomes = held.jobs.map(({ id }) => ({
    id,
    attempts: 1,
    outcome: { kind: 'completed' } as const,
    unique: false,
  }))
  const late = await store.settle({ worker: slow, seq: 1, outcomes: outcomes.slice(0, 1) })
  assert.equal(late.lost.length, 1)
  const lane = await laneAt(place)
  const ids = held.jobs.map(({ id }) => id)
  assert.deepEqual(await lane.gone(ids), [], 'the rows are still there')
  const settled = await other.settle({ worker: quick, seq: 1, outcomes })
  assert.deepEqual(settled.applied, ids)
  assert.deepEqual(await lane.gone(ids), ids)
  await lane.close()
  await Promise.all([store.close(), other.close()])
}

function worker(store: Store, run: (number: number) => Promise<void>) {
  return createWorker({
    store,
    handlers: [handle(job, ({ input: given }) => run(given.number))],
    leaseMs: LEASE_MS,
    sleepMs: 20,
    onError: () => {},
  })
}

async function add(ran: Map<number, number>, number: number): Promise<void> {
  ran.set(number, (ran.get(number) ?? 0) + 1)
}

async function until(holds: () => boolean | Promise<boolean>, ms = 15_000): Promise<void> {
  const deadline = performance.now() + ms
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('it did not come about in time')
    await delay(20)
  }
}
