import { expect, test } from 'vitest'
import { handle } from '../../src/core/handler.ts'
import type { ReserveRequest, Store } from '../../src/store.ts'
import { aJob } from './jobs.ts'
import { gate, listenTo, makeWorker, newJob, nth, openMemory, push, startWorker, withCalls } from './support.ts'

/** The store, and what was asked of it. */
function watched(store: Store) {
  const asked: ReserveRequest[] = []
  const calls: string[] = []
  const spied = withCalls(store, (original) => ({
    reserve: (request) => {
      asked.push(request)
      calls.push('reserve')
      return original.reserve(request)
    },
    heartbeat: (beat) => {
      calls.push('heartbeat')
      return original.heartbeat(beat)
    },
  }))
  return { store: spied, asked, calls }
}

test('no more jobs run at once than the concurrency, and free slots are filled as they come', async () => {
  const store = await openMemory()
  const job = aJob()
  let running = 0
  let most = 0
  const worker = await startWorker(
    store,
    [
      handle(job, async () => {
        most = Math.max(most, ++running)
        await new Promise((resolve) => setImmediate(resolve))
        running--
      }),
    ],
    { concurrency: 4 },
  )
  const all = nth(worker, 'completed', 60)
  await store.push(Array.from({ length: 60 }, () => newJob(job)))

  await all
  expect(most).toBe(4)
})

test('a worker tells which jobs it has handlers for', async () => {
  const store = await openMemory()
  await startWorker(store, [handle(aJob({ name: 'one' }), () => {}), handle(aJob({ name: 'two' }), () => {})])

  expect((await store.workers()).map(({ names }) => names)).toEqual([['one', 'two']])
})

test('until it knows how long jobs take, a worker takes as many as it has slots; of short ones it takes ahead', async () => {
  const memory = await openMemory()
  const job = aJob()
  await memory.push(Array.from({ length: 800 }, () => newJob(job)))
  const { store, asked } = watched(memory)
  const worker = await startWorker(store, [handle(job, () => {})], { concurrency: 8, stopWhenEmpty: true })

  await worker.stopped
  expect(asked[0]).toMatchObject({ limit: 8, singleTryLimit: 8 })
  const most = Math.max(...asked.map(({ limit }) => limit))
  expect(most).toBeGreaterThan(100)
  expect(most).toBeLessThanOrEqual(508)
})

test('a store that takes its time is asked before the slots run dry', async () => {
  const memory = await openMemory()
  const job = aJob()
  await memory.push(Array.from({ length: 900 }, () => newJob(job)))
  const dry: boolean[] = []
  const store = withCalls(memory, (original) => ({
    reserve: async (request) => {
      dry.push(worker.running === 0)
      await new Promise((resolve) => setTimeout(resolve, 10))
      return original.reserve(request)
    },
  }))
  const worker = makeWorker(store, [handle(job, () => new Promise((resolve) => setTimeout(resolve, 1)))], {
    concurrency: 4,
    maxJobs: 900,
  })
  await worker.start()

  await worker.stopped
  expect(dry.length).toBeGreaterThan(3)
  expect(dry.slice(3)).not.toContain(true)
})

test('of long jobs nothing is taken ahead', async () => {
  const memory = await openMemory()
  const job = aJob()
  const { store, asked } = watched(memory)
  const worker = await startWorker(store, [handle(job, () => new Promise((resolve) => setTimeout(resolve, 60)))], {
    concurrency: 1,
  })
  const two = nth(worker, 'completed', 2)
  await store.push(Array.from({ length: 5 }, () => newJob(job)))

  await two
  expect(new Set(asked.map(({ limit }) => limit))).toEqual(new Set([1]))
})

test('jobs taken ahead go back when the slots they wait for do not come free', async () => {
  const store = await openMemory()
  const short = aJob({ name: 'short' })
  const long = aJob({ name: 'long' })
  const { opened, open } = gate()
  const handlers = [handle(short, () => {}), handle(long, () => opened)]
  await store.push([
    ...Array.from({ length: 20 }, () => newJob(short)),
    newJob(long),
    ...Array.from({ length: 40 }, () => newJob(short)),
  ])
  await startWorker(store, handlers, { concurrency: 1 })
  const other = await startWorker(store, handlers, { concurrency: 1, stopWhenEmpty: false, sleepMs: 50 })
  const done = new Promise<void>((resolve) => {
    const look = async () => {
      const [counts] = await store.counts()
      if (counts?.reserved === 1 && counts.due === 0 && counts.delayed === 0) resolve()
      else setTimeout(look, 20)
    }
    void look()
  })

  await done
  expect(other.running).toBeLessThanOrEqual(1)
  open()
})

test('jobs with one try are taken for free slots only, and begin before what is taken ahead', async () => {
  const memory = await openMemory()
  const many = aJob({ name: 'many' })
  const one = aJob({ name: 'one', tries: 1 })
  const begun: string[] = []
  const given: string[][] = []
  const tooMany: unknown[] = []
  const store = withCalls(memory, (original) => ({
    reserve: async (request) => {
      if (request.singleTryLimit > 2 - worker.running) tooMany.push(request)
      const answer = await original.reserve(request)
      given.push(answer.jobs.map(({ name }) => name ?? ''))
      return answer
    },
  }))
  const worker = makeWorker(
    store,
    [handle(many, () => void begun.push('many')), handle(one, () => void begun.push('one'))],
    {
      concurrency: 2,
      stopWhenEmpty: true,
    },
  )
  await memory.push(Array.from({ length: 100 }, () => newJob(many)))
  await memory.push(Array.from({ length: 40 }, () => newJob(one)))
  await worker.start()

  await worker.stopped
  expect(tooMany).toEqual([])
  expect(begun).toHaveLength(140)
  const mixed = given.findIndex((names) => names.includes('many') && names.includes('one'))
  const before = given.slice(0, mixed).flat().length
  const singles = given[mixed]?.filter((name) => name === 'one').length ?? 0
  expect(begun.slice(before, before + singles)).toEqual(Array.from({ length: singles }, () => 'one'))
})

test('queues are served in strict order', async () => {
  const store = await openMemory()
  const job = aJob()
  const order: string[] = []
  await store.push(['low', 'high', 'low', 'high'].map((queue) => newJob(job, {}, { queue })))
  const worker = await startWorker(store, [handle(job, ({ queue }) => void order.push(queue))], {
    queues: ['high', 'low'],
    stopWhenEmpty: true,
  })

  await worker.stopped
  expect(order).toEqual(['high', 'high', 'low', 'low'])
})

test('timers get their turn while jobs that never wait are drained', async () => {
  const store = await openMemory()
  const job = aJob()
  await store.push(Array.from({ length: 150 }, () => newJob(job)))
  const spin = () => {
    const until = performance.now() + 1
    while (performance.now() < until);
  }
  let turns = 0
  const ticking = setInterval(() => turns++, 1)
  const worker = await startWorker(store, [handle(job, spin)], { stopWhenEmpty: true })

  await worker.stopped
  clearInterval(ticking)
  expect(turns).toBeGreaterThanOrEqual(10)
})

test('an idle worker asks its store at most twice a second', async () => {
  const memory = await openMemory()
  const { store, calls } = watched(memory)
  await startWorker(store, [handle(aJob(), () => {})], { leaseMs: 30_000 })
  const before = calls.length
  await new Promise((resolve) => setTimeout(resolve, 2_000))

  expect(calls.length - before).toBeLessThanOrEqual(4)
})

test('wake-ups for other queues do not turn into a statement each', async () => {
  const memory = await openMemory()
  const job = aJob()
  const { store, asked } = watched(memory)
  const worker = await startWorker(store, [handle(job, () => {})])
  for (let at = 0; at < 200; at++) {
    await push(store, job, {}, { queue: 'elsewhere' })
    await new Promise((resolve) => setImmediate(resolve))
  }
  const completed = worker.events.once('completed')
  await push(store, job)

  await completed
  expect(asked.length).toBeLessThan(100)
})

test('a job is picked up when it falls due, however long the sleep is', async () => {
  const store = await openMemory()
  const job = aJob()
  const worker = makeWorker(store, [handle(job, () => {})], { sleepMs: 600_000 })
  const idle = worker.events.once('idle')
  await worker.start()
  await idle
  const completed = worker.events.once('completed')
  await push(store, job, {}, { delayMs: 1 })

  await completed
})

test('a job that crashed two workers runs alone: the worker holds nothing else meanwhile', async () => {
  const memory = await openMemory()
  const job = aJob({ name: 'ordinary' })
  const bad = aJob({ name: 'bad' })
  const reserve: Store['reserve'] = async (request) => {
    const answer = await memory.reserve(request)
    return { ...answer, jobs: answer.jobs.map((given) => (given.name === 'bad' ? { ...given, crashes: 2 } : given)) }
  }
  const store = withCalls(memory, () => ({ reserve }))
  const held: number[] = []
  const countHeld = async () => {
    const { rows } = await memory.list({ status: 'reserved' }, { limit: 100 })
    held.push(rows.length)
  }
  await store.push([newJob(job), newJob(job), newJob(bad), newJob(job)])
  const worker = await startWorker(
    store,
    [
      handle(job, () => {}),
      handle(bad, async () => {
        await countHeld()
        await new Promise((resolve) => setTimeout(resolve, 30))
        await countHeld()
      }),
    ],
    { sleepMs: 50 },
  )
  const all = nth(worker, 'completed', 4)

  await all
  expect(held).toEqual([1, 1])
})

test('names without a handler stay for workers that have one', async () => {
  const store = await openMemory()
  const worker = await startWorker(store, [handle(aJob(), () => {})])
  const uuid = await push(store, aJob({ name: 'other' }))
  const completed = worker.events.once('completed')
  await push(store, aJob())

  await completed
  expect(await store.get(uuid)).toMatchObject({ status: 'due', attempts: 0 })
})

test('after each job a slot rests as long as it is told to', async () => {
  const store = await openMemory()
  const job = aJob()
  const begun: number[] = []
  const worker = await startWorker(store, [handle(job, () => void begun.push(performance.now()))], {
    concurrency: 1,
    restMs: 40,
  })
  const both = nth(worker, 'completed', 2)
  await store.push([newJob(job), newJob(job)])

  await both
  expect(begun[1]! - begun[0]!).toBeGreaterThanOrEqual(39)
})

test('options that are not allowed are refused by name', async () => {
  const store = await openMemory()
  const handler = handle(aJob(), () => {})
  const { createWorker } = await import('../../src/worker/worker.ts')

  expect(() => createWorker({ store, handlers: [handler], concurrency: 0 })).toThrow(/concurrency is 0; allowed/)
  expect(() => createWorker({ store, handlers: [] })).toThrow(/handlers is \[\]/)
  expect(() => createWorker({ store, handlers: [handler, handler] })).toThrow(/two handlers for job cases.fetch/)
  expect(() => createWorker({ store, handlers: [handler], queues: ['a,b'] })).toThrow(/queues\[0\]/)
})

test('a listener that throws does not break the loop', async () => {
  const store = await openMemory()
  const job = aJob()
  const errors: unknown[] = []
  const worker = await startWorker(store, [handle(job, () => {})], { onError: (error) => errors.push(error) })
  worker.events.on('started', () => {
    throw new Error('log file is full')
  })
  const told = listenTo(worker, 'completed')
  const both = nth(worker, 'completed', 2)
  await store.push([newJob(job), newJob(job)])

  await both
  expect(told).toHaveLength(2)
  expect(errors).toEqual([new Error('log file is full'), new Error('log file is full')])
})
