import { expect, test } from 'vitest'
import { handle } from '../../src/core/handler.ts'
import type { Store } from '../../src/store.ts'
import { aJob } from './jobs.ts'
import { abortOf, gate, listenTo, newJob, nth, openMemory, push, startWorker, withCalls } from './support.ts'

const ALL = { limit: 100, upTo: Number.MAX_SAFE_INTEGER }

test('a job that is deleted while it runs is told to abort within two seconds, and ends as cancelled', async () => {
  const store = await openMemory()
  const job = aJob()
  const reasons: unknown[] = []
  const worker = await startWorker(store, [
    handle(job, async ({ signal }) => {
      reasons.push(await abortOf(signal))
      throw signal.reason
    }),
  ])
  const started = worker.events.once('started')
  const cancelled = worker.events.once('cancelled')
  const told = listenTo(worker, 'lost', 'failed', 'released', 'retrying')
  const uuid = await push(store, job)
  await started
  const deletedAt = performance.now()
  await store.remove({ refs: [uuid] }, ALL)

  expect(await cancelled).toMatchObject({ uuid })
  expect(performance.now() - deletedAt).toBeLessThan(2_000)
  expect(reasons).toMatchObject([{ code: 'JOB_CANCELLED' }])
  expect(told).toEqual([])
})

test('a late outcome changes nothing and is told as lost', async () => {
  const store = await openMemory()
  const job = aJob()
  const { opened, open } = gate()
  const worker = await startWorker(store, [handle(job, () => opened)], { leaseMs: 60_000 })
  const started = worker.events.once('started')
  const lost = worker.events.once('lost')
  const uuid = await push(store, job)
  await started
  await store.remove({ refs: [uuid] }, ALL)
  open()

  expect(await lost).toMatchObject({ uuid, attempts: 1 })
})

/** A worker whose lease the store ends while `job` runs. */
async function loseLease(store: Store, worker: { id: number | null }): Promise<void> {
  const taker = await store.register({
    name: '',
    host: '',
    pid: 1,
    version: '',
    queues: [],
    concurrency: 1,
    leaseMs: 60_000,
    replaces: worker.id!,
  })
  await store.deregister(taker)
}

test('a worker that lost its lease aborts its jobs, registers anew and goes on', async () => {
  const store = await openMemory()
  const job = aJob()
  const reasons: unknown[] = []
  const runs: number[] = []
  const worker = await startWorker(
    store,
    [
      handle(job, async ({ signal, attempt }) => {
        if (runs.push(attempt) > 1) return
        reasons.push(await abortOf(signal))
        throw signal.reason
      }),
    ],
    { leaseMs: 300, sleepMs: 50 },
  )
  const first = worker.id
  const started = worker.events.once('started')
  const completed = worker.events.once('completed')
  const uuid = await push(store, job)
  await started
  const registered = worker.events.once('registered')
  await loseLease(store, worker)

  expect((await registered).worker).not.toBe(first)
  expect(reasons).toMatchObject([{ code: 'LEASE_LOST' }])
  expect(await completed).toMatchObject({ uuid, worker: worker.id })
  expect(runs).toEqual([1, 1])
})

test('when no heartbeat succeeds, jobs abort before the lease ends in the store', async () => {
  const memory = await openMemory()
  const job = aJob()
  const leaseMs = 600
  let cut = true
  const store = withCalls(memory, (original) => ({
    heartbeat: (beat) => (cut ? Promise.reject(new Error('no route to host')) : original.heartbeat(beat)),
    register: (row) => original.register(row),
  }))
  const aborted = gate<unknown>()
  const worker = await startWorker(
    store,
    [
      handle(job, async ({ signal }) => {
        if (worker.id === null || !cut) return
        await abortOf(signal)
        aborted.open(signal.reason)
        throw signal.reason
      }),
    ],
    { leaseMs },
  )
  const registeredAt = performance.now()
  const started = worker.events.once('started')
  const again = worker.events.once('registered')
  await push(store, job)
  await started

  expect(await aborted.opened).toMatchObject({ code: 'LEASE_LOST' })
  expect(performance.now() - registeredAt).toBeLessThan(leaseMs)
  cut = false
  await again
})

test('a store that cannot be reached is asked for ever; the worker goes on when it is back', async () => {
  const memory = await openMemory()
  const job = aJob()
  let down = true
  const reject = () => Promise.reject(new Error('connection refused'))
  const store = withCalls(memory, (original) => ({
    register: (row) => (down ? reject() : original.register(row)),
    reserve: (request) => (down ? reject() : original.reserve(request)),
    heartbeat: (beat) => (down ? reject() : original.heartbeat(beat)),
  }))
  const uuid = await push(memory, job)
  const { makeWorker } = await import('./support.ts')
  const worker = makeWorker(store, [handle(job, () => {})])
  const errors = listenTo(worker, 'storeError')
  const twice = nth(worker, 'storeError', 2)
  const completed = worker.events.once('completed')
  const starting = worker.start()
  await twice
  expect(errors).toMatchObject([
    { event: { operation: 'register', failures: 1 } },
    { event: { operation: 'register', failures: 2 } },
  ])
  down = false
  await starting
  down = true
  await worker.events.once('storeError')
  down = false

  expect(await completed).toMatchObject({ uuid })
})

test('a settle that fails is repeated with the same number and the same outcomes, and no job runs again for it', async () => {
  const memory = await openMemory()
  const job = aJob()
  const settles: { seq: number; ids: number[] }[] = []
  const store = withCalls(memory, (original) => ({
    settle: async (settlement) => {
      settles.push({ seq: settlement.seq, ids: settlement.outcomes.map(({ id }) => id) })
      // Written, but the answer is lost: twice.
      const answer = await original.settle(settlement)
      if (settles.length < 3) throw new Error('the connection was reset')
      return answer
    },
  }))
  let runs = 0
  const worker = await startWorker(store, [handle(job, () => void runs++)])
  const completed = worker.events.once('completed')
  const [first] = await store.push([newJob(job)])

  expect(await completed).toMatchObject({ uuid: first!.uuid })
  expect(settles).toEqual([settles[0], settles[0], settles[0]])
  expect(runs).toBe(1)
})

test('a row the store refuses is mended and written alone; its neighbours are not held up', async () => {
  const memory = await openMemory()
  const job = aJob({ tries: 1 })
  const store = withCalls(memory, (original) => ({
    settle: async (settlement) => {
      const unfit = settlement.outcomes.filter(
        ({ outcome }) => outcome.kind === 'failed' && outcome.failure.exception.includes('\u0000'),
      )
      const fit = settlement.outcomes.filter((outcome) => !unfit.includes(outcome))
      const answer = await original.settle({ ...settlement, outcomes: fit })
      const refused = unfit.map(({ id }) => ({ id, error: new Error('invalid byte sequence: 0x00') }))
      return { ...answer, refused }
    },
  }))
  const worker = await startWorker(store, [
    handle(job, ({ input }) => {
      throw new Error(input.bad ? 'found \u0000 in the answer' : 'ordinary')
    }),
  ])
  const both = nth(worker, 'failed', 2)
  await store.push([newJob(job, { bad: true }), newJob(job)])

  await both
  const { rows } = await store.listFailed({}, { limit: 10 })
  expect(
    rows.map(({ headline }) => headline?.includes('ordinary') || headline?.includes('found  in the answer')),
  ).toEqual([true, true])
})

test('a row the store will not take in any form holds up nothing, not even the end', async () => {
  const memory = await openMemory()
  const job = aJob({ name: 'bad' })
  const fine = aJob()
  const bad = newJob(job)
  const [pushed] = await memory.push([bad])
  const store = withCalls(memory, (original) => ({
    settle: async (settlement) => {
      const outcomes = settlement.outcomes.filter(({ id }) => id !== pushed!.id)
      const answer = await original.settle({ ...settlement, outcomes })
      if (outcomes.length === settlement.outcomes.length) return answer
      return { ...answer, refused: [{ id: pushed!.id!, error: new Error('out of range') }] }
    },
  }))
  const worker = await startWorker(store, [handle(job, () => {}), handle(fine, () => {})])
  const refusals = nth(worker, 'storeError', 3)
  expect(await refusals).toMatchObject({ operation: 'settle', error: new Error('out of range') })
  const completed = worker.events.once('completed')
  await push(store, fine)
  await completed
  const notice = worker.events.once('notice')
  await worker.stop()

  expect((await notice).text).toMatch(/1 outcomes could not be written/)
  expect(await memory.get(pushed!.uuid)).toMatchObject({ attempts: 0, status: 'due' })
})

test('after a reservation whose answer was lost the worker gives back what nobody knows of', async () => {
  const memory = await openMemory()
  const job = aJob()
  let lose = true
  const { FaenaError } = await import('../../src/core/errors.ts')
  const store = withCalls(memory, (original) => ({
    reserve: async (request) => {
      const answer = await original.reserve(request)
      if (!lose || answer.jobs.length === 0) return answer
      lose = false
      throw new FaenaError('STORE_UNAVAILABLE', 'the connection was reset', { inDoubt: true })
    },
  }))
  const seen: number[] = []
  const worker = await startWorker(store, [handle(job, ({ attempt }) => void seen.push(attempt))])
  const completed = worker.events.once('completed')
  await push(store, job)

  await completed
  expect(seen).toEqual([1])
})

test('a worker that lost its lease while it asked for jobs asks anew under the next one', async () => {
  const memory = await openMemory()
  const job = aJob()
  const asked = gate()
  const answer = gate()
  let slow = true
  const store = withCalls(memory, (original) => ({
    reserve: async (request) => {
      if (slow) {
        slow = false
        asked.open()
        await answer.opened
      }
      return original.reserve(request)
    },
  }))
  const worker = await startWorker(store, [handle(job, () => {})], { leaseMs: 300, sleepMs: 60_000 })
  await asked.opened
  const registered = worker.events.once('registered')
  await loseLease(memory, worker)
  await registered
  const completed = worker.events.once('completed')
  const uuid = await push(memory, job)
  answer.open()

  expect(await completed).toMatchObject({ uuid })
})

test('after a standstill longer than the lease nothing that was taken ahead begins, though its slot is free', async () => {
  const memory = await openMemory()
  const job = aJob()
  const order: unknown[] = []
  // Reservations give many at once, so that some wait in the worker.
  const store = withCalls(memory, (original) => ({
    reserve: (request) => original.reserve({ ...request, limit: Math.max(request.limit, 5) }),
  }))
  await memory.push(Array.from({ length: 5 }, (_, n) => newJob(job, { n })))
  const stood = gate()
  const worker = await startWorker(
    store,
    [
      handle(job, ({ input }) => {
        order.push(input.n)
        if (order.length > 1) return
        // Timers are overdue afterwards, and so is the lease: of this store by its own clock too.
        const until = performance.now() + 600
        while (performance.now() < until);
        stood.open()
      }),
    ],
    { leaseMs: 300, concurrency: 1, sleepMs: 20 },
  )
  worker.events.on('registered', () => order.push('a new lease'))
  await stood.opened
  await memory.reclaim()
  const { rows } = await memory.list({ status: 'reserved' }, { limit: 10 })
  expect(rows).toEqual([])
  await nth(worker, 'completed', 4)

  expect(order[1]).toBe('a new lease')
})

test('a clock that jumped ahead, as after a suspended machine, has jobs wait for a heartbeat only', async () => {
  const store = await openMemory()
  const job = aJob()
  const worker = await startWorker(store, [handle(job, () => {})], { leaseMs: 600, sleepMs: 20 })
  const told = listenTo(worker, 'registered')
  const real = Date.now
  Date.now = () => real() + 3_600_000
  try {
    const completed = worker.events.once('completed')
    await push(store, job)
    await completed
  } finally {
    Date.now = real
  }
  expect(told).toEqual([])
})
