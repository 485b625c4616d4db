import { expect, test } from 'vitest'
import { handle } from '../../src/core/handler.ts'
import { aJob } from './jobs.ts'
import { abortOf, gate, newJob, openMemory, push, startWorker } from './support.ts'

test('an attempt that runs into its timeout is told to abort, and counts as failed if it does', async () => {
  const store = await openMemory()
  const job = aJob({ timeout: 30 })
  const worker = await startWorker(store, [
    handle(job, async ({ signal }) => {
      await abortOf(signal)
      signal.throwIfAborted()
    }),
  ])
  const retrying = worker.events.once('retrying')
  const timedOut = worker.events.once('timedOut')
  await push(store, job)

  expect(await timedOut).toMatchObject({ attempts: 1, timeoutMs: 30 })
  expect(await retrying).toMatchObject({ attempts: 1, error: { code: 'JOB_TIMED_OUT' } })
})

test('what a handler throws because of its timeout is kept as the cause', async () => {
  const store = await openMemory()
  const job = aJob({ timeout: 20, tries: 1 })
  const worker = await startWorker(store, [
    handle(job, async ({ signal }) => {
      await abortOf(signal)
      throw new Error('half of the pages were fetched')
    }),
  ])
  const failed = worker.events.once('failed')
  await push(store, job)

  expect(await failed).toMatchObject({
    error: { code: 'JOB_TIMED_OUT', cause: new Error('half of the pages were fetched') },
  })
})

test('a job that finishes within the grace after its timeout is completed', async () => {
  const store = await openMemory()
  const job = aJob({ timeout: 20 })
  const worker = await startWorker(store, [handle(job, ({ signal }) => abortOf(signal))], { graceMs: 5_000 })
  const completed = worker.events.once('completed')
  await push(store, job)

  expect(await completed).toMatchObject({ attempts: 1 })
})

test('failOnTimeout fails a job at its first timeout', async () => {
  const store = await openMemory()
  const job = aJob({ timeout: 20, failOnTimeout: true })
  const worker = await startWorker(store, [
    handle(job, ({ signal }) => abortOf(signal).then(Promise.reject.bind(Promise))),
  ])
  const failed = worker.events.once('failed')
  await push(store, job)

  expect(await failed).toMatchObject({ attempts: 1, error: { code: 'JOB_TIMED_OUT' } })
})

test('a handler that ignores its timeout: the attempt is settled, its neighbours finish, the worker ends as stuck', async () => {
  const store = await openMemory()
  const deaf = aJob({ name: 'deaf', timeout: 20, backoff: '1h' })
  const slow = aJob({ name: 'slow' })
  const never = gate()
  const slowGate = gate()
  const worker = await startWorker(store, [handle(deaf, () => never.opened), handle(slow, () => slowGate.opened)], {
    graceMs: 60,
  })
  const stuck = worker.events.once('stuck')
  const [first, second] = await store.push([newJob(deaf), newJob(slow)])

  expect(await stuck).toMatchObject({ uuid: first!.uuid, attempts: 1 })
  const later = await push(store, slow)
  slowGate.open()
  expect(await worker.stopped).toBe('stuck')
  expect(await store.get(first!.uuid)).toMatchObject({ attempts: 1, status: 'delayed' })
  expect(await store.get(second!.uuid)).toBeUndefined()
  expect(await store.get(later)).toMatchObject({ attempts: 0, status: 'due' })
})

test('the shortest timeout is met though a longer one was set before', async () => {
  const store = await openMemory()
  const long = aJob({ name: 'long', timeout: '1h' })
  const short = aJob({ name: 'short', timeout: 20 })
  const wait = ({ signal }: { signal: AbortSignal }) => abortOf(signal)
  const worker = await startWorker(store, [handle(long, wait), handle(short, wait)])
  const timedOut = worker.events.once('timedOut')
  await store.push([newJob(long), newJob(short)])

  expect(await timedOut).toMatchObject({ name: 'short' })
})
