import { expect, test } from 'vitest'
import { z } from 'zod'
import { handle, type JobContext } from '../../src/core/handler.ts'
import { defineJob, type JobFailure } from '../../src/core/job.ts'
import { withSchedule } from '../../src/core/payload.ts'
import { aJob } from './jobs.ts'
import { listenTo, newJob, nth, openMemory, push, startWorker } from './support.ts'

test('a handler gets the job it runs, and the job is gone once it has returned', async () => {
  const store = await openMemory()
  const job = aJob({ tags: ['nightly'] })
  const seen: JobContext[] = []
  const worker = await startWorker(store, [handle(job, (context) => void seen.push(context))])
  const completed = worker.events.once('completed')
  const uuid = await push(store, job, { caseId: 7 })

  expect(await completed).toMatchObject({
    uuid,
    name: 'cases.fetch',
    queue: 'default',
    attempts: 1,
    data: { caseId: 7 },
  })
  expect(seen).toMatchObject([{ uuid, attempt: 1, maxAttempts: 3, input: { caseId: 7 }, queue: 'default' }])
  expect(await store.get(uuid)).toBeUndefined()
})

test('a handler is told which run of which schedule its job is for', async () => {
  const store = await openMemory()
  const job = aJob()
  const schedule = { key: 'nightly', at: 1_767_571_200_000 }
  const seen: JobContext['schedule'][] = []
  const worker = await startWorker(store, [handle(job, (context) => void seen.push(context.schedule))])
  const both = nth(worker, 'completed', 2)
  const planned = newJob(job)
  await store.push([{ ...planned, payload: withSchedule(planned.payload, schedule) }, newJob(job)])

  await both
  expect(seen).toEqual([schedule, null])
})

test('the handler gets what the schema makes of the stored input', async () => {
  const store = await openMemory()
  const job = defineJob({ name: 'dates', input: z.object({ day: z.coerce.date() }) })
  const days: Date[] = []
  const worker = await startWorker(store, [handle(job, ({ input }) => void days.push(input.day))])
  const completed = worker.events.once('completed')
  await push(store, job, { day: '2026-01-05T00:00:00.000Z' })

  await completed
  expect(days).toEqual([new Date('2026-01-05T00:00:00.000Z')])
})

test('a job that throws is tried again until its tries are spent, then lies in failed_jobs with its exception', async () => {
  const store = await openMemory()
  const failures: JobFailure[] = []
  const job = aJob({ failed: (failure) => void failures.push(failure) })
  const attempts: number[] = []
  const worker = await startWorker(store, [
    handle(job, ({ attempt }) => {
      attempts.push(attempt)
      throw new Error(`gone away ${attempt}`, { cause: new Error('socket hang up') })
    }),
  ])
  const told = listenTo(worker, 'retrying', 'failed', 'completed')
  const failed = worker.events.once('failed')
  const uuid = await push(store, job, { caseId: 7 })

  expect(await failed).toMatchObject({ uuid, attempts: 3, error: new Error('gone away 3') })
  expect(attempts).toEqual([1, 2, 3])
  expect(told.map(({ name }) => name)).toEqual(['retrying', 'retrying', 'failed'])
  const row = await store.getFailed(uuid)
  expect(row?.exception).toContain('socket hang up')
  expect(row?.headline).toContain('gone away 3')
  expect(await store.get(uuid)).toBeUndefined()
  expect(failures).toMatchObject([{ uuid, name: 'cases.fetch', attempts: 3, input: { caseId: 7 } }])
})

test('a failed hook that throws changes nothing and is told to the operator', async () => {
  const store = await openMemory()
  const job = aJob({
    tries: 1,
    failed: () => {
      throw new Error('mail server is down')
    },
  })
  const { promise, resolve } = Promise.withResolvers<unknown>()
  await startWorker(store, [handle(job, ({ fail }) => fail('no such case'))], { onError: resolve })
  const uuid = await push(store, job)

  expect(await promise).toMatchObject({ cause: new Error('mail server is down') })
  expect(await store.getFailed(uuid)).toBeDefined()
})

test('fail() fails the job for good, whatever attempts are left, even where the handler swallows the throw', async () => {
  const store = await openMemory()
  const job = aJob()
  const worker = await startWorker(store, [
    handle(job, ({ fail }) => {
      try {
        fail('the case does not exist')
      } catch {
        return 'fine'
      }
    }),
  ])
  const failed = worker.events.once('failed')
  await push(store, job)

  expect(await failed).toMatchObject({ attempts: 1, error: new Error('the case does not exist') })
})

test('release() gives the job back without spending its attempt', async () => {
  const store = await openMemory()
  const job = aJob({ tries: 2 })
  const seen: number[] = []
  const worker = await startWorker(store, [
    handle(job, async ({ attempt, release }) => {
      if (seen.push(attempt) < 3) release()
    }),
  ])
  const told = listenTo(worker, 'released')
  const completed = worker.events.once('completed')
  await push(store, job)

  await completed
  expect(seen).toEqual([1, 1, 1])
  expect(told).toHaveLength(2)
})

test('an input that does not fit the schema any more fails without further attempts', async () => {
  const store = await openMemory()
  const job = defineJob({ name: 'cases.fetch', input: z.object({ caseId: z.number() }), tries: 5 })
  const worker = await startWorker(store, [handle(job, () => {})])
  const failed = worker.events.once('failed')
  await push(store, job, { caseId: 'seven' })

  expect(await failed).toMatchObject({ attempts: 1, error: { code: 'INVALID_INPUT' } })
})

test('an input of an older version is brought up to date, one of a newer version waits for newer code', async () => {
  const store = await openMemory()
  const options = { name: 'cases.fetch', input: z.object({ caseId: z.number() }) }
  const first = defineJob({ ...options, input: z.object({ id: z.number() }) })
  const second = defineJob({ ...options, version: 2, upcast: (old) => ({ caseId: (old as { id: number }).id }) })
  const third = defineJob({ ...options, version: 3 })
  const seen: unknown[] = []
  const worker = await startWorker(store, [handle(second, ({ input }) => void seen.push(input))])
  const told = [worker.events.once('completed'), worker.events.once('released')]
  await push(store, first, { id: 7 })
  const newer = await push(store, third, { caseId: 8 })

  await Promise.all(told)
  expect(seen).toEqual([{ caseId: 7 }])
  expect(await store.get(newer)).toMatchObject({ attempts: 0, status: 'delayed' })
})

test('a row that is not JSON is failed, and the jobs behind it run', async () => {
  const store = await openMemory()
  const job = aJob()
  const worker = await startWorker(store, [handle(job, () => {})])
  const ends = Promise.all([worker.events.once('failed'), worker.events.once('completed')])
  await store.push([{ ...newJob(job), payload: 'a:1:{s:1:"x"', name: null }, newJob(job)])

  const [failed] = await ends
  expect(failed).toMatchObject({ error: { code: 'CORRUPT_PAYLOAD' } })
  expect(await store.countFailed()).toBe(1)
})

test('a job that comes with its attempts spent fails before its handler is called', async () => {
  const store = await openMemory()
  const job = aJob({ tries: 1 })
  const other = await store.register({
    name: '',
    host: '',
    pid: 1,
    version: '',
    queues: [],
    concurrency: 1,
    leaseMs: 60_000,
  })
  const uuid = await push(store, job, {}, { maxAttempts: 3 })
  const request = {
    worker: other,
    queues: ['default'],
    names: [job.name],
    limit: 1,
    maxBytes: 1e6,
    singleTryLimit: 1,
    defaultTries: 3,
  }
  const { jobs } = await store.reserve(request)
  const outcome = { id: jobs[0]!.id, attempts: 1, outcome: { kind: 'retry' as const, delayMs: 0 }, unique: false }
  await store.settle({ worker: other, seq: 1, outcomes: [outcome] })
  const called: number[] = []
  const worker = await startWorker(store, [handle(job, ({ attempt }) => void called.push(attempt))])

  expect(await worker.events.once('failed')).toMatchObject({
    uuid,
    attempts: 2,
    error: { code: 'MAX_ATTEMPTS_EXCEEDED' },
  })
  expect(called).toEqual([])
})

test('middleware runs around the handler, the worker’s outermost, and may keep the handler from running', async () => {
  const store = await openMemory()
  const job = aJob()
  const order: string[] = []
  const layer =
    (name: string, skips = false) =>
    async (_: JobContext, next: () => Promise<unknown>) => {
      order.push(`${name} in`)
      const result = skips ? 'skipped' : await next()
      order.push(`${name} out`)
      return result
    }
  const handler = handle(job, () => void order.push('handler'), { middleware: [layer('own')] })
  const skipped = handle(aJob({ name: 'skipped' }), () => void order.push('never'), {
    middleware: [layer('skip', true)],
  })
  const worker = await startWorker(store, [handler, skipped], { middleware: [layer('worker')], concurrency: 1 })
  const both = nth(worker, 'completed', 2)
  await store.push([newJob(job), newJob(skipped.job)])

  await both
  expect(order).toEqual([
    'worker in',
    'own in',
    'handler',
    'own out',
    'worker out',
    'worker in',
    'skip in',
    'skip out',
    'worker out',
  ])
})

test('a middleware that calls next twice fails the attempt, since a handler runs once', async () => {
  const store = await openMemory()
  const job = aJob({ tries: 1 })
  let runs = 0
  const twice = async (_: JobContext, next: () => Promise<unknown>) => [await next(), await next()]
  const worker = await startWorker(store, [handle(job, () => void runs++, { middleware: [twice] })])
  const failed = worker.events.once('failed')
  await push(store, job)

  expect(await failed).toMatchObject({ error: { code: 'BAD_ARGUMENT' } })
  expect(runs).toBe(1)
})

test('what a handler awaits may be any thenable', async () => {
  const store = await openMemory()
  const job = aJob({ tries: 1 })
  // biome-ignore lint/suspicious/noThenProperty: a query builder is such a thing
  const query = { then: (_: unknown, reject: (error: Error) => void) => reject(new Error('syntax error')) }
  const worker = await startWorker(store, [handle(job, () => query)])
  const failed = worker.events.once('failed')
  await push(store, job)

  expect(await failed).toMatchObject({ error: new Error('syntax error') })
})

test('a backoff function decides when the next attempt comes', async () => {
  const store = await openMemory()
  const job = aJob({ backoff: (attempt) => `${attempt * 7}s` })
  const worker = await startWorker(store, [handle(job, () => Promise.reject(new Error('no')))])
  const retrying = worker.events.once('retrying')
  await push(store, job)

  expect(await retrying).toMatchObject({ delayMs: 7_000 })
})
