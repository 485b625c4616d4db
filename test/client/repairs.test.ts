import { expect, test } from 'vitest'
import { createAdmin } from '../../src/client/admin.ts'
import { failure, newJob, newJobs } from '../support/jobs.ts'
import { eachStore, type Given } from '../support/suite.ts'
import { ended } from '../support/worker.ts'

const UNKNOWN = '019b76da-a800-7000-8000-000000000001'

eachStore('repairs', (open) => {
  test('retry brings back what the filter names, and says how far it is', async () => {
    await using given = await open()
    const admin = createAdmin(given)
    await failed(given, 25, 'MySQL server has gone away')
    await failed(given, 5, 'order 7 has no address')
    const progress: unknown[] = []

    const done = await admin.retry({ error: 'gone away' }, { chunk: 10, onProgress: (step) => progress.push(step) })

    expect(done).toEqual({ changed: 25, skipped: 0, complete: true, missing: [] })
    expect(progress).toEqual([10, 20, 25].map((count) => ({ done: count, total: 25 })))
    expect(await admin.status()).toMatchObject({ due: 25, failed: 5 })
  })

  test('retry does not chase what fails after it began', async () => {
    await using given = await open()
    const admin = createAdmin(given)
    await failed(given, 6, 'first')
    let more = 0

    const done = await admin.retry('all', {
      chunk: 2,
      onProgress: () => {
        if (more++ === 0) given.raw.insertFailed({ uuid: UNKNOWN, payload: newJob({ uuid: UNKNOWN }).payload })
      },
    })

    expect(done.changed).toBe(6)
    expect((await admin.failed()).rows.map(({ uuid }) => uuid)).toEqual([UNKNOWN])
  })

  test('a bulk action ends between two chunks when its signal says so, and begun again does the rest', async () => {
    await using given = await open()
    const admin = createAdmin(given)
    await failed(given, 10, 'x')
    const enough = new AbortController()

    const first = await admin.retry('all', { chunk: 4, signal: enough.signal, onProgress: () => enough.abort() })
    const second = await admin.retry('all')

    expect(first).toMatchObject({ changed: 4, complete: false })
    expect(second).toMatchObject({ changed: 6, complete: true })
  })

  test('a rate spreads the retries over time', async () => {
    await using given = await open()
    const admin = createAdmin(given)
    await failed(given, 7, 'x')
    const began = performance.now()
    const steps: number[] = []

    await admin.retry('all', { ratePerSecond: 40, onProgress: ({ done }) => steps.push(done) })

    expect(steps).toEqual([4, 7])
    expect(performance.now() - began).toBeGreaterThanOrEqual(95)
  })

  test('a slow retry within a group counts what it retries, not what it passes by, and ends with the last chunk', async () => {
    await using given = await open()
    const admin = createAdmin(given)
    await failed(given, 40, 'x')
    await failed(given, 6, 'x', 'orders')
    const [row] = (await admin.failed()).rows
    const steps: number[] = []
    const enough = new AbortController()

    const done = await admin.retry(
      { fingerprint: row!.fingerprint!, queue: 'orders' },
      {
        chunk: 4,
        signal: enough.signal,
        onProgress: ({ done }) => {
          steps.push(done)
          if (done === 6) enough.abort()
        },
      },
    )

    expect(done).toMatchObject({ changed: 6, complete: true })
    expect(steps).toEqual([4, 6])
  })

  test('an empty filter is not everything', async () => {
    await using given = await open()
    const admin = createAdmin(given)

    await expect(admin.retry({})).rejects.toMatchObject({
      code: 'BAD_ARGUMENT',
      message: expect.stringContaining("'all'"),
    })
    await expect(admin.retry({ queue: undefined })).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
    await expect(admin.retry({ job: 'cases.fetch' } as never)).rejects.toMatchObject({
      message: expect.stringContaining('filter is "job"'),
    })
    await expect(admin.cancel([])).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
    await expect(admin.forget(['x'])).rejects.toMatchObject({ message: expect.stringContaining('ids[0] is "x"') })
  })

  test('refs that are not there are named', async () => {
    await using given = await open()
    const admin = createAdmin(given)
    const [uuid] = await failed(given, 1, 'x')
    const job = await given.job()

    expect(await admin.retry({ refs: [uuid!, UNKNOWN] })).toMatchObject({ changed: 1, missing: [UNKNOWN] })
    expect(await admin.forget([99_999])).toMatchObject({ changed: 0, missing: [99_999] })
    expect(await admin.cancel([job.id!, UNKNOWN.toUpperCase()])).toMatchObject({ changed: 1, missing: [UNKNOWN] })
  })

  test('flush deletes failed jobs by age and queue', async () => {
    await using given = await open()
    const admin = createAdmin(given)
    await failed(given, 2, 'x', 'old')
    given.clock.advance(5 * 3_600_000)
    await failed(given, 3, 'x', 'new')

    expect(await admin.flush({ hours: 6 })).toMatchObject({ changed: 0 })
    expect(await admin.flush({ hours: 4 })).toMatchObject({ changed: 2 })
    expect(await admin.flush({ queue: 'old' })).toMatchObject({ changed: 0 })
    expect(await admin.flush()).toMatchObject({ changed: 3 })
    await expect(admin.flush({ hours: -1 })).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
  })

  test('clear empties one queue, reserved jobs included, and leaves its failed ones', async () => {
    await using given = await open()
    const admin = createAdmin(given)
    await failed(given, 1, 'x')
    await given.store.push([...newJobs(5), ...newJobs(2, () => ({ delayMs: 60_000 })), newJob({ queue: 'other' })])
    const worker = await given.worker()
    await worker.reserve({ limit: 2 })

    const done = await admin.clear('default')

    expect(done).toMatchObject({ changed: 7, complete: true })
    expect(await admin.status()).toMatchObject({ due: 1, delayed: 0, reserved: 0, failed: 1 })
  })

  test('change and runNow alter waiting jobs and skip running ones', async () => {
    await using given = await open()
    const admin = createAdmin(given)
    const running = await given.job()
    const worker = await given.worker()
    await worker.reserve()
    const waiting = await given.job({ delayMs: 3_600_000 })
    const refs = [running.uuid, waiting.uuid]

    const changed = await admin.change(refs, { priority: -1, queue: 'urgent', delay: '10m' })
    const delayed = await given.store.get(waiting.uuid)
    const due = await admin.runNow(refs)

    expect(changed).toMatchObject({ changed: 1, skipped: 1 })
    expect(due).toMatchObject({ changed: 1, skipped: 1 })
    expect(delayed).toMatchObject({ queue: 'urgent', priority: -1, status: 'delayed' })
    given.clock.advance(1_000)
    expect((await given.store.get(waiting.uuid))?.status).toBe('due')
    await expect(admin.change(refs, {})).rejects.toMatchObject({
      message: expect.stringContaining('Nothing to change'),
    })
  })

  test('prune takes failed jobs only when it is told to', async () => {
    await using given = await open()
    const admin = createAdmin(given)
    await failed(given, 3, 'x')
    given.clock.advance(8 * 86_400_000)

    expect((await admin.prune()).failed).toBe(0)
    expect((await admin.prune({ failed: '7d' })).failed).toBe(3)
  })
})

/** Uuids of so many failed jobs. */
async function failed(given: Given, count: number, error: string, queue = 'default'): Promise<string[]> {
  const jobs = newJobs(count, () => ({ queue }))
  await given.store.push(jobs)
  const worker = await given.worker({ queues: [queue] })
  const reserved = await worker.reserve({ queues: [queue] })
  await worker.settle(reserved.map((job) => ended(job, { kind: 'failed', failure: failure(job, error) })))
  await given.store.deregister(worker.id)
  return jobs.map(({ uuid }) => uuid)
}
