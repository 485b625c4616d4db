import { expect, test } from 'vitest'
import { handle } from '../../src/core/handler.ts'
import { reasonToStop } from '../../src/worker/stopping.ts'
import { aJob } from './jobs.ts'
import { abortOf, gate, listenTo, makeWorker, newJob, openMemory, push, startWorker, withCalls } from './support.ts'

test('stop() lets running jobs finish within the grace, reserves no more, and writes what ended', async () => {
  const store = await openMemory()
  const job = aJob()
  const { opened, open } = gate()
  const worker = await startWorker(store, [handle(job, () => opened)], { concurrency: 1 })
  const started = worker.events.once('started')
  const [first] = await store.push([newJob(job), newJob(job)])
  await started
  const stopped = worker.stop({ graceMs: 10_000 })
  expect(worker.state).toBe('stopping')
  open()

  expect(await stopped).toBe('interrupted')
  expect(await store.get(first!.uuid)).toBeUndefined()
  expect(await store.counts()).toMatchObject([{ due: 1, reserved: 0 }])
  expect(await store.workers()).toEqual([])
})

test('at the end of the grace jobs are told to abort and go back with their attempt', async () => {
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
  const uuid = await push(store, job)
  await started

  await worker.stop({ graceMs: 20 })
  expect(reasons).toMatchObject([{ code: 'WORKER_STOPPING' }])
  expect(await store.get(uuid)).toMatchObject({ attempts: 0, status: 'due' })
})

test('a job that does not obey is given back all the same, and what it ends with later changes nothing', async () => {
  const store = await openMemory()
  const job = aJob()
  const { opened, open } = gate()
  const worker = await startWorker(store, [handle(job, () => opened)])
  const told = listenTo(worker, 'completed')
  const started = worker.events.once('started')
  const uuid = await push(store, job)
  await started

  await worker.stop({ graceMs: 0 })
  open()
  await opened
  expect(await store.get(uuid)).toMatchObject({ attempts: 0, status: 'due' })
  expect(told).toEqual([])
})

test('a second stop() shortens the grace', async () => {
  const store = await openMemory()
  const job = aJob()
  const worker = await startWorker(store, [handle(job, ({ signal }) => abortOf(signal))])
  const started = worker.events.once('started')
  await push(store, job)
  await started
  const patient = worker.stop({ graceMs: 60_000 })

  await worker.stop({ graceMs: 0 })
  expect(await patient).toBe('interrupted')
})

test('a worker that was never started stops at once, and one that stopped does not start again', async () => {
  const store = await openMemory()
  const worker = makeWorker(store, [handle(aJob(), () => {})])

  expect(await worker.stop()).toBe('interrupted')
  await expect(worker.start()).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
})

test('maxJobs ends the worker after exactly so many jobs, however short they are', async () => {
  const store = await openMemory()
  const job = aJob()
  let runs = 0
  await store.push(Array.from({ length: 50 }, () => newJob(job)))
  const worker = await startWorker(store, [handle(job, () => void runs++)], { maxJobs: 23 })

  expect(await worker.stopped).toBe('max_jobs')
  expect(runs).toBe(23)
  expect(await store.counts()).toMatchObject([{ due: 27, reserved: 0 }])
})

test('once runs one job; where there is none it looks again after the sleep and ends', async () => {
  const store = await openMemory()
  const job = aJob()
  await store.push([newJob(job), newJob(job)])
  const busy = await startWorker(store, [handle(job, () => {})], { once: true })
  expect(await busy.stopped).toBe('max_jobs')
  expect(await store.counts()).toMatchObject([{ due: 1 }])

  const idle = await startWorker(store, [handle(aJob({ name: 'other' }), () => {})], { once: true, sleepMs: 20 })
  expect(await idle.stopped).toBe('empty')
})

test('stopWhenEmpty ends when nothing is due, after what its own jobs brought back has run too', async () => {
  const store = await openMemory()
  const job = aJob()
  await store.push(Array.from({ length: 30 }, () => newJob(job)))
  const worker = await startWorker(
    store,
    [
      handle(job, ({ attempt }) => {
        if (attempt < 3) throw new Error('not yet')
      }),
    ],
    { stopWhenEmpty: true, sleepMs: 60_000 },
  )

  expect(await worker.stopped).toBe('empty')
  expect(await store.counts()).toEqual([])
  expect(await store.countFailed()).toBe(0)
})

test('maxTime and the memory limit end an idle worker too', async () => {
  const store = await openMemory()
  const handlers = [handle(aJob(), () => {})]
  const timed = await startWorker(store, handlers, { maxTimeMs: 30, sleepMs: 10 })
  const large = await startWorker(store, handlers, { memoryLimitBytes: 1 })

  expect(await Promise.all([timed.stopped, large.stopped])).toEqual(['max_time', 'memory'])
})

test('a worker that replaces a dead one needs not wait for the end of its lease', async () => {
  const store = await openMemory()
  const job = aJob()
  const row = { name: '', host: '', pid: 1, version: '', queues: [], concurrency: 1, leaseMs: 60_000 }
  const dead = await store.register(row)
  const uuid = await push(store, job)
  const request = {
    queues: ['default'],
    names: [job.name],
    limit: 1,
    maxBytes: 1e6,
    singleTryLimit: 1,
    defaultTries: 3,
  }
  await store.reserve({ worker: dead, ...request })
  const worker = await startWorker(store, [handle(job, () => {})], { replaces: dead })
  const completed = worker.events.once('completed')
  await store.reclaim()

  expect(await completed).toMatchObject({ uuid, attempts: 1 })
})

test('a restart command ends the worker after its running jobs, for as long as they take', async () => {
  const store = await openMemory()
  const job = aJob()
  const { opened, open } = gate()
  const worker = await startWorker(store, [handle(job, () => opened)], { leaseMs: 300 })
  const started = worker.events.once('started')
  const stopping = worker.events.once('stopping')
  const uuid = await push(store, job)
  await started
  await store.command(null, 'restart')

  expect(await stopping).toEqual({ reason: 'restart' })
  open()
  expect(await worker.stopped).toBe('restart')
  expect(await store.get(uuid)).toBeUndefined()
})

test('quiet and resume, as commands and as calls: a quiet worker reserves nothing', async () => {
  const store = await openMemory()
  const job = aJob()
  const worker = await startWorker(store, [handle(job, () => {})], { leaseMs: 300 })
  const quiet = worker.events.once('quiet')
  await store.command(worker.id, 'quiet')
  await quiet
  const completed = worker.events.once('completed')
  await push(store, job)
  expect(await store.counts()).toMatchObject([{ due: 1, reserved: 0 }])
  worker.resume()

  await completed
  expect(worker.state).toBe('running')
})

test('reasons to stop hold in Laravel’s order: memory, empty, time, jobs', () => {
  const rules = { memoryLimitBytes: 100, maxTimeMs: 100, maxJobs: 1 }
  const standing = { memoryBytes: () => 100, empty: true, aliveMs: 100, jobs: 1 }

  expect(reasonToStop(rules, standing)).toBe('memory')
  expect(reasonToStop({ ...rules, memoryLimitBytes: 0 }, standing)).toBe('empty')
  expect(reasonToStop({ ...rules, memoryLimitBytes: 0 }, { ...standing, empty: false })).toBe('max_time')
  expect(reasonToStop({ ...rules, memoryLimitBytes: 0, maxTimeMs: 0 }, { ...standing, empty: false })).toBe('max_jobs')
  expect(reasonToStop({ memoryLimitBytes: 0, maxTimeMs: 0, maxJobs: 0 }, { ...standing, empty: false })).toBeUndefined()
})

test('a worker that stops while its store is away names the jobs whose outcomes it could not write', async () => {
  const memory = await openMemory()
  const job = aJob()
  let away = false
  const refuse = () => Promise.reject(new Error('no route to host'))
  const store = withCalls(memory, (original) => ({
    settle: (settlement) => (away ? refuse() : original.settle(settlement)),
    deregister: (worker) => (away ? refuse() : original.deregister(worker)),
  }))
  const { opened, open } = gate()
  const worker = await startWorker(store, [handle(job, () => opened)])
  const started = worker.events.once('started')
  const uuid = await push(memory, job)
  await started
  away = true
  open()
  await worker.events.once('storeError')
  const told = listenTo(worker, 'notice', 'stopped')
  const waited = performance.now()
  await worker.stop({ graceMs: 0 })

  expect(performance.now() - waited).toBeLessThan(12_000)
  const text = `1 outcomes could not be written; these jobs will run again: ${uuid} (cases.fetch: completed).`
  expect(told).toMatchObject([{ event: { text } }, { name: 'stopped' }])
  expect(await memory.get(uuid)).toMatchObject({ status: 'reserved' })
})
