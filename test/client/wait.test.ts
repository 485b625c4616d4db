import { expect, test } from 'vitest'
import { createQueue } from '../../src/client/queue.ts'
import type { NewRun, ReservedJob } from '../../src/store.ts'
import { failure } from '../support/jobs.ts'
import { eachStore, type Given } from '../support/suite.ts'
import { ended, type TestWorker } from '../support/worker.ts'
import { fetchCase, kept } from './jobs.ts'
import { refused, watched } from './watched.ts'

eachStore('wait', (open) => {
  test('resolves with the kept result once the job completed', async () => {
    await using given = await open()
    const queue = createQueue({ store: given.store })
    const worker = await given.worker()
    const dispatched = await queue.dispatch(kept, { caseId: 1 })

    const waiting = queue.wait(dispatched)
    await completeWith(given, worker, { pages: 12 })

    expect(await waiting).toEqual({ status: 'completed', result: { pages: 12 } })
    expect(await queue.wait(dispatched.uuid)).toEqual({ status: 'completed', result: { pages: 12 } })
  })

  test('resolves without a result where the definition keeps none', async () => {
    await using given = await open()
    const queue = createQueue({ store: given.store })
    const worker = await given.worker()
    const dispatched = await queue.dispatch(fetchCase, { caseId: 1 }, { queue: 'default' })

    const waiting = queue.wait(dispatched)
    await worker.complete(await worker.reserveOne())

    expect(await waiting).toEqual({ status: 'completed', result: undefined })
  })

  test('sees an end that another process wrote', async () => {
    await using given = await open()
    const queue = createQueue({ store: given.store })
    const other = createQueue({ store: await given.second() })
    const worker = await given.worker()
    const { uuid } = await queue.dispatch(kept, { caseId: 1 })

    const waiting = other.wait(uuid)
    await completeWith(given, worker, { pages: 3 })

    expect((await waiting).result).toEqual({ pages: 3 })
  })

  test('rejects with the exception of a job that failed for good', async () => {
    await using given = await open()
    const queue = createQueue({ store: given.store })
    const worker = await given.worker()
    const dispatched = await queue.dispatch(kept, { caseId: 1 })

    const waiting = queue.wait(dispatched).catch((reason) => reason)
    const job = await worker.reserveOne({ names: [kept.name] })
    await worker.settle([ended(job, { kind: 'failed', failure: failure(job, 'MySQL server has gone away') })])

    const error = await waiting
    expect(error).toMatchObject({ code: 'JOB_FAILED', message: expect.stringContaining('MySQL server has gone away') })
    expect(error.cause.stack).toMatch(/^Error: MySQL server has gone away/)
  })

  test('goes on waiting for a job that failed and was retried', async () => {
    await using given = await open()
    const queue = createQueue({ store: given.store })
    const worker = await given.worker()
    const { uuid } = await queue.dispatch(kept, { caseId: 1 })
    await worker.fail(await worker.reserveOne({ names: [kept.name] }))
    await given.store.retry({ refs: [uuid] }, { limit: 1, upTo: Number.MAX_SAFE_INTEGER })

    const waiting = queue.wait(uuid)
    await completeWith(given, worker, { pages: 1 })

    expect((await waiting).result).toEqual({ pages: 1 })
  })

  test('rejects as cancelled when a job that keeps its result was taken away', async () => {
    await using given = await open()
    let seen = () => {}
    const wasSeen = new Promise<void>((resolve) => {
      seen = resolve
    })
    const get = (ref: string | number) => given.store.get(ref).finally(seen)
    const queue = createQueue({ store: { ...given.store, get } })
    const dispatched = await queue.dispatch(kept, { caseId: 1 }, { delay: '1h' })

    const waiting = queue.wait(dispatched).catch((reason) => reason)
    await wasSeen
    await queue.cancel(dispatched)

    expect(await waiting).toMatchObject({ code: 'JOB_CANCELLED' })
  })

  test('gives up after its timeout, and the job stays', async () => {
    await using given = await open()
    const queue = createQueue({ store: given.store })
    const dispatched = await queue.dispatch(kept, { caseId: 1 })

    await expect(queue.wait(dispatched, { timeout: 30 })).rejects.toMatchObject({
      code: 'WAIT_TIMED_OUT',
      message: expect.stringContaining('did not end within 30ms'),
    })
    expect(await given.store.get(dispatched.uuid)).toBeDefined()
  })

  test('ends with the reason of its signal', async () => {
    await using given = await open()
    const queue = createQueue({ store: given.store })
    const dispatched = await queue.dispatch(kept, { caseId: 1 })
    const leaving = new AbortController()
    const reason = new Error('the client hung up')

    const waiting = queue.wait(dispatched, { signal: leaving.signal })
    leaving.abort(reason)

    await expect(waiting).rejects.toBe(reason)
    await expect(queue.wait(dispatched, { signal: leaving.signal })).rejects.toBe(reason)
  })

  test('a uuid nothing is left of is not taken for a completed job', async () => {
    await using given = await open()
    const queue = createQueue({ store: given.store })

    await expect(queue.wait('019b76da-a800-7000-8000-000000000001')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(queue.wait('case-1')).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
  })

  test('outlasts a store that is away for a moment', async () => {
    await using given = await open()
    const store = watched(given.store)
    let away = 3
    const unsteady = {
      ...store,
      get: (ref: string | number) =>
        away-- > 0 ? refused(async () => []).then(() => undefined) : given.store.get(ref),
    }
    const queue = createQueue({ store: unsteady })
    const worker = await given.worker()
    const dispatched = await queue.dispatch(kept, { caseId: 1 })

    const waiting = queue.wait(dispatched)
    await completeWith(given, worker, { pages: 2 })

    expect((await waiting).result).toEqual({ pages: 2 })
  })
})

async function completeWith(given: Given, worker: TestWorker, result: unknown): Promise<void> {
  const job = await worker.reserveOne({ names: [kept.name] })
  await worker.settle([{ ...ended(job, { kind: 'completed' }), run: runOf(given, worker, job, result) }])
}

function runOf({ clock }: Given, worker: TestWorker, job: ReservedJob, result: unknown): NewRun {
  return {
    uuid: (JSON.parse(job.payload) as { uuid: string }).uuid,
    name: kept.name,
    queue: job.queue,
    attempt: job.attempts,
    worker: worker.id,
    startedAt: clock.now(),
    endedAt: clock.now() + 5,
    outcome: 'completed',
    headline: null,
    progress: null,
    note: null,
    log: [],
    result: JSON.stringify(result),
    keepUntil: clock.now() + 60_000,
  }
}
