import { describe, expect, test } from 'vitest'
import { type Handler, isHandler } from '../../src/core/handler.ts'
import * as handlers from './fixtures/isolated.ts'
import { newJob, nth, openMemory, push, startWorker } from './support.ts'

const exported: Record<string, Handler> = Object.fromEntries(
  Object.entries(handlers).filter((entry): entry is [string, Handler] => isHandler(entry[1])),
)

type Name = 'Talk' | 'Throws' | 'Fails' | 'Releases' | 'Obeys' | 'Spins' | 'Blocks' | 'Odd' | 'Dies'

describe.each(['thread', 'process'] as const)('a handler in a %s of its own', (place) => {
  const handler = (name: Name): Handler => exported[`${place}${name}`]!

  test('gets its input, is heard while it runs, and its result comes back', async () => {
    const store = await openMemory()
    const worker = await startWorker(store, [handler('Talk')], { concurrency: 1 })
    const both = nth(worker, 'completed', 2)
    const [first] = await store.push([newJob(handler('Talk').job, { n: 4 }), newJob(handler('Talk').job, { n: 5 })])
    const { result: firstResult } = await worker.events.once('completed')

    const { result } = await both
    expect(result).toMatchObject({ double: 10 })
    // The second job ran where the first had run.
    expect(result).toMatchObject({ place: (firstResult as { place: number }).place })
    const { rows } = await store.runs({ uuid: first!.uuid }, { limit: 1 })
    expect(rows).toMatchObject([{ outcome: 'completed', progress: 50, note: 'half', log: ['input 4, attempt 1'] }])
  })

  test('fails the attempt with its own error, causes included', async () => {
    const store = await openMemory()
    const worker = await startWorker(store, [handler('Throws')])
    const failed = worker.events.once('failed')
    const uuid = await push(store, handler('Throws').job)

    await failed
    const row = await store.getFailed(uuid)
    expect(row?.exception).toContain('TypeError: no such page')
    expect(row?.exception).toContain('socket hang up')
  })

  test('may fail for good, and may give the job back', async () => {
    const store = await openMemory()
    const worker = await startWorker(store, [handler('Fails'), handler('Releases')])
    const both = Promise.all([worker.events.once('failed'), worker.events.once('released')])
    await store.push([newJob(handler('Fails').job), newJob(handler('Releases').job)])

    const [failed, released] = await both
    expect(failed).toMatchObject({ attempts: 1, error: { message: 'never' } })
    expect(released).toMatchObject({ delayMs: 3_600_000 })
  })

  test('is told to abort at its timeout', async () => {
    const store = await openMemory()
    const worker = await startWorker(store, [handler('Obeys')], { graceMs: 10_000 })
    const failed = worker.events.once('failed')
    await push(store, handler('Obeys').job)

    expect(await failed).toMatchObject({ error: { code: 'JOB_TIMED_OUT' } })
  })

  test('is ended when it does not obey, and the worker goes on', async () => {
    const store = await openMemory()
    const worker = await startWorker(store, [handler('Spins'), handler('Talk')])
    const failed = worker.events.once('failed')
    await push(store, handler('Spins').job)

    expect(await failed).toMatchObject({ error: { code: 'JOB_TIMED_OUT' } })
    const completed = worker.events.once('completed')
    await push(store, handler('Talk').job, { n: 1 })
    await completed
    expect(worker.state).toBe('running')
  })

  test('is ended when it was cancelled and does not obey', async () => {
    const store = await openMemory()
    const worker = await startWorker(store, [handler('Blocks')])
    const started = worker.events.once('started')
    const cancelled = worker.events.once('cancelled')
    const uuid = await push(store, handler('Blocks').job)
    await started
    await store.remove({ refs: [uuid] }, { limit: 1, upTo: Number.MAX_SAFE_INTEGER })

    expect(await cancelled).toMatchObject({ uuid })
  })

  test('may return what cannot be sent, as long as nobody keeps it', async () => {
    const store = await openMemory()
    const worker = await startWorker(store, [handler('Odd')])
    const completed = worker.events.once('completed')
    await push(store, handler('Odd').job)

    expect(await completed).toMatchObject({ result: undefined })
  })

  test('fails the attempt when it ends its process or thread', async () => {
    const store = await openMemory()
    const worker = await startWorker(store, [handler('Dies')])
    const failed = worker.events.once('failed')
    await push(store, handler('Dies').job)

    expect(await failed).toMatchObject({
      error: { message: expect.stringMatching(/ended before the job did: exit code 7/) },
    })
  })
})

test('a module that does not export the handler is named', async () => {
  const store = await openMemory()
  const missing = handlers.missing()
  const worker = await startWorker(store, [missing])
  const failed = worker.events.once('failed')
  await push(store, missing.job)

  expect(await failed).toMatchObject({
    error: { message: expect.stringContaining('exports no handler of job missing') },
  })
})
