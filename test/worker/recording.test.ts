import { expect, onTestFinished, test, vi } from 'vitest'
import { FaenaError } from '../../src/core/errors.ts'
import { handle } from '../../src/core/handler.ts'
import { type AnyJob, defineJob } from '../../src/core/job.ts'
import type { NewJob } from '../../src/store.ts'
import { aJob, any } from './jobs.ts'
import { abortOf, gate, newJob, nth, openMemory, push, startWorker, withCalls } from './support.ts'

test('what handlers logged and how far they are can be read while they run', async () => {
  const store = await openMemory()
  const job = aJob()
  const { opened, open } = gate()
  await startWorker(store, [
    handle(job, async ({ log, progress }) => {
      log('fetching page 1')
      progress(40, 'page 1 of 3')
      await opened
    }),
  ])
  const uuid = await push(store, job)
  const saved = new Promise<void>((resolve) => {
    const look = async () => {
      const { rows } = await store.runs({ uuid }, { limit: 1 })
      if (rows.length > 0) resolve()
      else setTimeout(look, 20)
    }
    void look()
  })

  await saved
  const { rows } = await store.runs({ uuid }, { limit: 1 })
  expect(rows).toMatchObject([{ outcome: 'running', progress: 40, note: 'page 1 of 3', log: ['fetching page 1'] }])
  open()
})

test('history is a sample of at most twenty rows a second, in which attempts that tell something go first', async () => {
  const store = await openMemory()
  const dull = aJob({ name: 'dull' })
  const telling = aJob({ name: 'telling', tries: 1 })
  await store.push([
    ...Array.from({ length: 60 }, () => newJob(dull)),
    ...Array.from({ length: 12 }, () => newJob(telling)),
  ])
  const worker = await startWorker(
    store,
    [
      handle(dull, () => {}),
      handle(telling, ({ log, fail }) => {
        log('looking')
        fail('not found')
      }),
    ],
    { stopWhenEmpty: true },
  )

  await worker.stopped
  const { rows } = await store.runs({}, { limit: 100 })
  expect(rows).toHaveLength(20)
  expect(rows.filter(({ name }) => name === 'telling')).toHaveLength(12)
  expect(rows.find(({ name }) => name === 'telling')).toMatchObject({
    outcome: 'failed',
    log: ['looking'],
    headline: expect.stringContaining('not found'),
  })
})

test('a queue may keep all of its history and for longer, another none; the rest stays a sample', async () => {
  const store = await openMemory()
  const jobs = ['whole', 'silent', 'usual'].map((queue) => aJob({ name: queue, queue }))
  await store.push(jobs.flatMap((job) => Array.from({ length: 600 }, () => newJob(job))))
  const worker = await startWorker(
    store,
    jobs.map((job) => handle(job, ({ log }) => (job.name === 'silent' ? log('unheard') : undefined))),
    {
      ...{ queues: ['whole', 'silent', 'usual'], stopWhenEmpty: true, historyPerSecond: 5 },
      history: { retention: '1h', queues: { whole: { keep: 'all', retention: '30d' }, silent: 'none' } },
    },
  )
  await worker.stopped
  const of = async (queue: string) => (await store.runs({ queue }, { limit: 1_000 })).rows
  const [whole, silent, usual] = await Promise.all(['whole', 'silent', 'usual'].map(of))
  expect([whole!.length, silent!.length]).toEqual([600, 0])
  expect(usual!.length).toBeGreaterThan(0)
  expect(usual!.length).toBeLessThan(100)
  // What is kept for longer than pruning leaves it says so itself.
  expect(whole!.every(({ endedAt, keepUntil }) => keepUntil === endedAt! + 30 * 86_400_000)).toBe(true)
  expect(usual!.every(({ keepUntil }) => keepUntil === null)).toBe(true)
})

test('of a history that is kept whole no more than a bounded number waits for a slow store', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const memory = await openMemory()
  const { opened, open } = gate()
  const store = withCalls(memory, (original) => ({
    async saveRuns(runs) {
      await opened
      return original.saveRuns(runs)
    },
  }))
  const job = aJob({ name: 'whole', queue: 'whole' })
  const worker = await startWorker(store, [handle(job, () => {})], {
    ...{ queues: ['whole'], history: { keep: 'all' }, leaseMs: 30_000 },
  })
  const dropped = new Promise<unknown>((resolve) => {
    worker.events.on('storeError', ({ operation, error }) => operation === 'history' && resolve(error))
  })
  for (let second = 0; second < 4; second++) {
    const ended = nth(worker, 'completed', 8_000)
    await memory.push(Array.from({ length: 8_000 }, () => newJob(job)))
    await ended
    vi.advanceTimersByTime(1_000)
  }

  expect(await dropped).toMatchObject({ message: expect.stringMatching(/history of 2\d{4} attempts/) })
  open()
})

test('a history that is kept whole is written once the store is back, except for what the store refuses', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const memory = await openMemory()
  const faults = [
    new FaenaError('STORE_UNAVAILABLE', 'gone'),
    new FaenaError('STORE_UNAVAILABLE', 'still gone'),
    new Error('not like this'),
  ]
  const given: string[][] = []
  const store = withCalls(memory, (original) => ({
    async saveRuns(runs) {
      given.push(runs.map(({ uuid }) => uuid))
      const fault = faults.shift()
      if (fault !== undefined) throw fault
      return original.saveRuns(runs)
    },
  }))
  const job = aJob({ name: 'whole', queue: 'whole' })
  await memory.push(Array.from({ length: 1_200 }, () => newJob(job)))
  const worker = await startWorker(store, [handle(job, () => {})], {
    ...{ queues: ['whole'], history: { keep: 'all' }, leaseMs: 30_000 },
  })
  await nth(worker, 'completed', 1_200)
  await expect
    .poll(() => {
      vi.advanceTimersByTime(1_000)
      return faults
    })
    .toEqual([])
  await worker.stop()

  const { rows } = await memory.runs({ queue: 'whole' }, { limit: 2_000 })
  // The first two calls had the first rows in them, which came again; the third call's are those that were refused.
  expect(given[1]!.slice(0, given[0]!.length)).toEqual(given[0])
  expect(given[2]!.slice(0, given[1]!.length)).toEqual(given[1])
  expect(new Set(rows.map(({ uuid }) => uuid)).size).toBe(1_200 - given[2]!.length)
})

test('totals per minute are written by the end, every attempt counted once', async () => {
  const store = await openMemory()
  const job = aJob()
  await store.push(Array.from({ length: 300 }, (_, at) => newJob(job, { fails: at < 10 })))
  const worker = await startWorker(
    store,
    [
      handle(job, ({ input, attempt }) => {
        if (input.fails && attempt < 3) throw new Error('not yet')
      }),
    ],
    { stopWhenEmpty: true },
  )

  await worker.stopped
  const rows = await store.metrics({ from: 0, to: Date.now() + 60_000 })
  const sum = (key: 'completed' | 'retried' | 'failed') => rows.reduce((total, row) => total + row[key], 0)
  expect([sum('completed'), sum('retried'), sum('failed')]).toEqual([300, 20, 0])
  expect(rows[0]).toMatchObject({ queue: 'default', name: 'cases.fetch' })
})

test('a result that was asked for stands in the store with the end of the job', async () => {
  const store = await openMemory()
  const job = defineJob({ name: 'pages', input: any<object>(), keepResult: '1h' })
  const worker = await startWorker(store, [handle(job, async () => ({ pages: 3 }))])
  const completed = worker.events.once('completed')
  const uuid = await push(store, job)

  expect(await completed).toMatchObject({ result: { pages: 3 } })
  const { rows } = await store.runs({ uuid }, { limit: 1 })
  expect(rows).toMatchObject([{ outcome: 'completed', result: '{"pages":3}' }])
  expect(rows[0]!.keepUntil! - rows[0]!.endedAt!).toBe(3_600_000)
})

test('a result that is not JSON does not undo the work', async () => {
  const store = await openMemory()
  const job = defineJob({ name: 'pages', input: any<object>(), keepResult: '1h' })
  const worker = await startWorker(store, [handle(job, () => 10n)])
  const completed = worker.events.once('completed')
  const uuid = await push(store, job)

  await completed
  const { rows } = await store.runs({ uuid }, { limit: 1 })
  expect(rows).toMatchObject([{ outcome: 'completed', result: null, note: expect.stringContaining('not JSON') }])
})

test('surfaced fields are kept with a failed job', async () => {
  const store = await openMemory()
  const job = aJob({ tries: 1 })
  const surfaced: (string | null)[] = []
  const settle = store.settle.bind(store)
  store.settle = (settlement) => {
    for (const { outcome } of settlement.outcomes)
      if (outcome.kind === 'failed') surfaced.push(outcome.failure.surfaced)
    return settle(settlement)
  }
  const worker = await startWorker(store, [handle(job, ({ fail }) => fail('no'))], {
    surface: 'order_id|orderId,tienda_id',
  })
  const failed = worker.events.once('failed')
  await push(store, job, { orderId: 803_193, note: 'x' })

  await failed
  expect(surfaced).toEqual(['{"order_id":803193}'])
})

test('long and very many log lines are cut', async () => {
  const store = await openMemory()
  const job = aJob({ tries: 1 })
  const worker = await startWorker(
    store,
    [
      handle(job, ({ log, fail }) => {
        log('x'.repeat(10_000))
        for (let line = 0; line < 1_000; line++) log(`line ${line}`)
        fail('no')
      }),
    ],
    { maxJobs: 1 },
  )
  const uuid = await push(store, job)

  await worker.stopped
  const { rows } = await store.runs({ uuid }, { limit: 1 })
  expect(rows[0]!.log.length).toBe(201)
  expect(rows[0]!.log[0]!.length).toBeLessThan(2_100)
})

test('destructured context functions work, and the signal is the same one each time', async () => {
  const store = await openMemory()
  const job: AnyJob = aJob({ timeout: 20, tries: 1 })
  const signals: AbortSignal[] = []
  const worker = await startWorker(store, [
    handle(job, async (context) => {
      signals.push(context.signal, context.signal)
      await abortOf(context.signal)
    }),
  ])
  const completed = nth(worker, 'completed', 1)
  const jobs: NewJob[] = [newJob(job)]
  await store.push(jobs)

  await completed
  expect(signals[0]).toBe(signals[1])
})
