import { expect, test } from 'vitest'
import { CRASH_PATIENCE_MS } from '../../src/core/failure.ts'
import { handle } from '../../src/core/handler.ts'
import type { JobFailure } from '../../src/core/job.ts'
import type { ReservedJob, Store } from '../../src/store.ts'
import { memoryStore } from '../../src/stores/memory/store.ts'
import { reclaimAll, startWorker as startLost } from '../support/worker.ts'
import { aJob } from './jobs.ts'
import { gate, listenTo, makeWorker, newJob, nth, openMemory, push, startWorker, withCalls } from './support.ts'

/** A worker that takes a job and dies. `begins`: as a suspect that has begun. */
async function lose(store: Store, names: string[], { begins = false, tries = 3 } = {}): Promise<ReservedJob> {
  const lost = await startLost(store, { leaseMs: 60_000 })
  const job = await lost.reserveOne({ names, defaultTries: tries })
  if (begins) expect(await store.begin(lost.id, job)).toBe(true)
  const taker = await startLost(store, { replaces: lost.id })
  await reclaimAll(store)
  await store.deregister(taker.id)
  return job
}

function withCrashes(store: Store, crashes: number): Store {
  return withCalls(store, (original) => ({
    reserve: async (request) => {
      const answer = await original.reserve(request)
      return { ...answer, jobs: answer.jobs.map((job) => ({ ...job, crashes })) }
    },
  }))
}

test('a job that three workers were lost with fails without being run, with its hook and the attempt it had', async () => {
  let now = Date.now()
  const store = memoryStore({ clock: () => now })
  const failures: JobFailure[] = []
  let runs = 0
  const job = aJob({ failed: (failure) => void failures.push(failure) })
  const uuid = await push(store, job, { n: 1 })
  await lose(store, [job.name])
  await lose(store, [job.name])
  await lose(store, [job.name], { begins: true })
  now += CRASH_PATIENCE_MS + 1_000

  const worker = await startWorker(store, [handle(job, () => void runs++)])
  await worker.events.once('failed')

  expect(runs).toBe(0)
  expect(failures).toMatchObject([{ uuid, attempts: 1, input: { n: 1 }, error: { code: 'JOB_CRASHED_WORKERS' } }])
  expect((await store.getFailed(uuid))?.headline).toContain('held by 3 workers when they were last heard of')
})

test('a job whose only try was lost with its worker fails without a second run, with its hook', async () => {
  const store = await openMemory()
  const failures: JobFailure[] = []
  let runs = 0
  const job = aJob({ tries: 1, failed: (failure) => void failures.push(failure) })
  const uuid = await push(store, job)
  await lose(store, [job.name])

  const worker = await startWorker(store, [handle(job, () => void runs++)])
  await worker.events.once('failed')

  expect(runs).toBe(0)
  expect(failures).toMatchObject([{ uuid, attempts: 1, error: { code: 'JOB_CRASHED_WORKERS' } }])
  expect((await store.getFailed(uuid))?.headline).toContain('has a single try')
})

test('a suspect is noted as begun before it runs, and nothing runs beside it', async () => {
  const memory = await openMemory()
  const order: string[] = []
  const store = withCalls(withCrashes(memory, 2), () => ({
    begin: async (worker, job) => {
      order.push(`noted ${job.id}`)
      return memory.begin(worker, job)
    },
  }))
  const job = aJob()
  await store.push([newJob(job), newJob(job)])
  const worker = await startWorker(store, [handle(job, ({ id }) => void order.push(`began ${id}`))], { sleepMs: 20 })
  await nth(worker, 'completed', 2)

  expect(order).toEqual(['noted 1', 'began 1', 'noted 2', 'began 2'])
})

test('a suspect waits for a store that cannot note it', async () => {
  const memory = await openMemory()
  let away = 2
  const store = withCalls(withCrashes(memory, 2), () => ({
    begin: async (worker, job) => {
      if (away-- > 0) throw new Error('connection refused')
      return memory.begin(worker, job)
    },
  }))
  const job = aJob()
  await push(store, job)
  const worker = makeWorker(store, [handle(job, () => {})])
  const told = listenTo(worker, 'storeError', 'started')
  await worker.start()
  await worker.events.once('completed')

  expect(told.map(({ name }) => name)).toEqual(['storeError', 'storeError', 'started'])
})

test('a suspect that is not the worker’s any more is not begun, and the worker goes on', async () => {
  const memory = await openMemory()
  const suspect = aJob({ name: 'suspect' })
  const other = aJob({ name: 'other' })
  const uuid = await push(memory, suspect)
  const store = withCalls(memory, (original) => ({
    reserve: async (request) => {
      const answer = await original.reserve(request)
      return { ...answer, jobs: answer.jobs.map((job) => ({ ...job, crashes: job.name === 'suspect' ? 2 : 0 })) }
    },
    begin: async (worker, job) => {
      await memory.remove({ refs: [job.id] }, { limit: 1, upTo: 1_000 })
      await push(memory, other)
      return memory.begin(worker, job)
    },
  }))
  const ran: string[] = []
  const handlers = [suspect, other].map((job) => handle(job, ({ name }) => void ran.push(name)))
  const worker = await startWorker(store, handlers, { sleepMs: 20 })
  await worker.events.once('completed')

  expect(ran).toEqual(['other'])
  expect(await memory.get(uuid)).toBeUndefined()
})

test('a worker that stops while a suspect is being noted gives it back', async () => {
  const memory = await openMemory()
  const asked = gate()
  const answer = gate()
  const store = withCalls(withCrashes(memory, 2), () => ({
    begin: async (worker, job) => {
      asked.open()
      await answer.opened
      return memory.begin(worker, job)
    },
  }))
  let runs = 0
  const job = aJob()
  const uuid = await push(store, job)
  const worker = await startWorker(store, [handle(job, () => void runs++)])
  await asked.opened
  const stopped = worker.stop()
  answer.open()
  await stopped

  expect(runs).toBe(0)
  expect(await memory.get(uuid)).toMatchObject({ attempts: 0, status: 'due' })
})

test('a worker that was cut off for longer than its lease takes back what others counted', async () => {
  const memory = await openMemory()
  const job = aJob()
  let cut = false
  let refused = 0
  const refuse = () => Promise.reject(new Error('no route to host'))
  const store = withCalls(memory, (original) => ({
    heartbeat: (beat) => (cut ? refuse() : original.heartbeat(beat)),
    register: (row) => (cut ? refuse() : original.register(row)),
    reserve: (request) => (cut ? refuse() : original.reserve(request)),
    // The first answers are lost too: it asks until it has one.
    deregister: (id) => (cut || refused++ < 2 ? refuse() : original.deregister(id)),
  }))
  const began = gate()
  const worker = await startWorker(
    store,
    [
      handle(job, async ({ signal }) => {
        if (cut) return
        began.open()
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        signal.throwIfAborted()
      }),
    ],
    { leaseMs: 300, concurrency: 1, sleepMs: 20 },
  )
  const first = worker.id
  await push(memory, job)
  await began.opened
  cut = true
  await memory.register({ ...row, replaces: first! }).then((id) => memory.deregister(id))
  expect(await memory.reclaim()).toEqual({ workers: [first], returned: 1 })
  const taker = await startLost(memory, { leaseMs: 60_000 })
  const counted = await taker.reserveOne({ names: [job.name] })
  expect(counted.crashes).toBe(1)
  await memory.deregister(taker.id)
  await memory.pause('default', null)
  const again = worker.events.once('registered')
  cut = false
  await again
  while (refused < 3) await new Promise((resolve) => setTimeout(resolve, 10))
  await memory.resume('default')

  const next = await startLost(memory, { leaseMs: 60_000 })
  const { rows } = await memory.list({}, { limit: 1 })
  if (rows[0]?.reservedBy === null) expect((await next.reserveOne({ names: [job.name] })).crashes).toBe(0)
  expect([...memory.tables.crashes.values()].map(({ count }) => count)).toEqual([0])
})

const row = { name: '', host: '', pid: 1, version: '', queues: [], concurrency: 1, leaseMs: 60_000 }
