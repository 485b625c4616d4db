import { expect, onTestFinished, test, vi } from 'vitest'
import { z } from 'zod'
import { handle } from '../../src/core/handler.ts'
import { defineJob } from '../../src/core/job.ts'
import { createWorker } from '../../src/worker/worker.ts'
import { newJob } from '../support/jobs.ts'
import { eachApi, type GivenApi, SURFACE, token } from './support.ts'

/**
 * The source document's use cases and its troubleshooting page, played from beginning to end by its own backoffice: tokens that
 * carry only sub and exp, the eight routes, and workers that really run the jobs.
 */
const syncOrder = defineJob({
  name: 'netsuite.sync',
  input: z.object({ order_id: z.number(), tienda_id: z.number() }),
  queue: 'netsuite',
  tries: 3,
  backoff: 0,
})

interface Row {
  id: number
  order_id: number
  exception_short: string
  reserved_at_human: string | null
}

/** NetSuite and the database behind it, as the jobs find them. */
class Outside {
  isDown = true
  /** Of this order, the answer never comes. */
  stuck: number | undefined
  readonly synced: number[] = []
  /** What the log says, a line per attempt, as `grep 803193` finds it. */
  readonly log: string[] = []
}

async function played(api: GivenApi) {
  const outside = new Outside()
  const backoffice = backofficeOf(api)
  const worker = createWorker({
    store: api.store,
    // The clock of these tests stands still and then jumps: what runs must not be taken for lost by it.
    leaseMs: 3_600_000,
    handlers: [
      handle(syncOrder, async ({ input: { order_id }, signal, attempt }) => {
        outside.log.push(`order ${order_id}, attempt ${attempt}`)
        if (order_id === outside.stuck) await new Promise((_, reject) => signal.addEventListener('abort', reject))
        if (outside.isDown) throw new Error('NetSuite sync failed: exception - MySQL server has gone away')
        outside.synced.push(order_id)
      }),
    ],
    queues: ['netsuite'],
    surface: SURFACE,
    graceMs: 100,
  })
  onTestFinished(async () => {
    await worker.stop({ graceMs: 0 })
  })
  const ended = (name: 'completed' | 'failed' | 'cancelled' | 'started', times = 1) =>
    new Promise<void>((resolve) => {
      let seen = 0
      const off = worker.events.on(name, () => {
        seen += 1
        if (seen < times) return
        off()
        resolve()
      })
    })
  const order = (order_id: number) =>
    api.job({ queue: 'netsuite', name: 'netsuite.sync', input: { order_id, tienda_id: 12097 } })
  return { api, outside, worker, ended, order, ...backoffice }
}

function backofficeOf(api: GivenApi) {
  const authorization = `Bearer ${token({ sub: 'backoffice' })}`
  const ask = async (method: 'GET' | 'POST' | 'DELETE', path: string) => {
    const answer = await api.as(null)(method, path, { headers: { authorization } })
    return { status: answer.statusCode, ...answer.json() }
  }
  const failed = async (): Promise<Row[]> => (await ask('GET', 'failed')).data.failed_jobs
  const status = async () => (await ask('GET', 'status')).data
  /** Counts may be two seconds old where counting takes long. */
  const shows = (expected: object) => expect.poll(status, { timeout: 10_000 }).toMatchObject(expected)
  return { ask, failed, shows }
}

// Workers really work, and on a busy machine a story has its time.
vi.setConfig({ testTimeout: 60_000 })

eachApi('the backoffice', (open) => {
  const begun = async () => played(await open({ auth: { defaultRole: 'admin' } }))

  test('finds two orders among the failed jobs, retries one by its id and all others at once after the fix', async () => {
    const { api, outside, worker, ended, order, ask, failed, shows } = await begun()
    await using _closed = api
    const bothFailed = ended('failed', 2)
    await order(803193)
    await order(803196)
    await shows({ pending_jobs: [{ queue: 'netsuite', count: 2 }] })
    await worker.start()
    await bothFailed

    // 1: what became of orders 803193 and 803196?
    const rows = await failed()
    expect(rows.map(({ order_id }) => order_id).sort()).toEqual([803193, 803196])
    expect(rows[0]!.exception_short).toMatch(/NetSuite sync failed: exception - MySQL server has gone away.*\.\.\.$/)
    await shows({ pending_jobs: [], failed_jobs_count: 2, oldest_pending_job: null })
    const found = (await ask('GET', 'failed?order_id=803193')).data.failed_jobs
    expect(found).toEqual(rows.filter(({ order_id }) => order_id === 803193))

    // 2, option A: the one, by its id
    outside.isDown = false
    const [{ id }] = found
    const one = ended('completed')
    expect((await ask('POST', `retry/${id}`)).message).toBe(`Job ${id} moved back to queue for retry`)
    await one
    expect(outside.synced).toEqual([803193])

    // Troubleshooting: Failed job X not found, it was retried or deleted already
    const again = await ask('POST', `retry/${id}`)
    expect(again).toMatchObject({ status: 404, success: false, message: `Failed job ${id} not found` })
    expect(again.detail).toMatch(/^It was retried at .* by backoffice\.$/)

    // 2, option B: all of them
    const other = ended('completed')
    expect(await ask('POST', 'retry-all-failed')).toMatchObject({
      message: 'Retried 1 failed jobs',
      data: { retried_count: 1 },
    })
    await other
    expect(outside.synced).toEqual([803193, 803196])
    await shows({ failed_jobs_count: 0 })

    // The log, grepped for an order, tells its story: three attempts of the first round, one after the retry.
    expect(outside.log.filter((line) => line.includes('803193'))).toEqual(
      [1, 2, 3, 1].map((attempt) => `order 803193, attempt ${attempt}`),
    )
  })

  test('cancels a job that hangs: its worker aborts it, and what it would have done counts for nothing', async () => {
    const { api, outside, worker, ended, order, ask, shows } = await begun()
    await using _closed = api
    outside.stuck = 803197
    const started = ended('started')
    const { id } = await order(803197)
    await worker.start()
    await started
    const reservedAt = api.clock.now()
    api.clock.advance(400_000)

    // 3: reserved for more than five minutes
    const { jobs } = (await ask('GET', 'jobs?status=reserved')).data
    expect(jobs).toMatchObject([{ id, order_id: 803197, attempts: 1 }])
    const since = Date.parse(`${jobs[0].reserved_at_human.replace(' ', 'T')}Z`)
    // Where PHP's workers share the table, it is renewed while the worker lives.
    expect(since).toBeGreaterThanOrEqual(reservedAt - 1_000)
    await shows({ reserved_jobs: [{ queue: 'netsuite', count: 1 }] })
    const cancelled = ended('cancelled')
    expect(await ask('DELETE', `jobs/${id}`)).toMatchObject({
      message: `Job ${id} deleted`,
      data: { queue: 'netsuite', attempts: 1 },
    })
    await cancelled
    await shows({ pending_jobs: [], reserved_jobs: [], failed_jobs_count: 0 })

    // Troubleshooting: Job X not found
    const gone = await ask('DELETE', `jobs/${id}`)
    expect(gone).toMatchObject({ status: 404, success: false, message: `Job ${id} not found` })
    expect(gone.detail).toMatch(/^It was deleted at .* by backoffice\.$/)
  })

  test('deletes an old failed job and syncs the order by hand, and clears the others', async () => {
    const { api, ask, failed, shows } = await begun()
    await using _closed = api
    for (const order_id of [803193, 803194, 803195]) {
      const job = newJob({ queue: 'netsuite', name: 'netsuite.sync', input: { order_id, tienda_id: 12097 } })
      api.raw.insertFailed({
        uuid: job.uuid,
        queue: 'netsuite',
        payload: job.payload,
        failed_at: '2025-11-07 17:45:59',
      })
    }
    // 4: one by one, or all
    const [{ id }] = (await failed()).filter(({ order_id }) => order_id === 803193) as [Row]
    expect(await ask('DELETE', `failed/${id}`)).toMatchObject({
      message: `Failed job ${id} deleted permanently`,
      data: { queue: 'netsuite', failed_at: '2025-11-07 17:45:59' },
    })
    expect(api.raw.jobRows()).toEqual([])
    expect((await failed()).map(({ order_id }) => order_id)).toEqual([803195, 803194])
    expect(await ask('POST', 'clear-failed')).toMatchObject({
      message: 'Cleared 2 failed jobs',
      data: { deleted_count: 2 },
    })
    await shows({ failed_jobs_count: 0 })
    expect(await ask('DELETE', `failed/${id}`)).toMatchObject({ status: 404, message: `Failed job ${id} not found` })
  })

  test('sees jobs of a dead worker as reserved until they go back to their queue by themselves', async () => {
    const { api, outside, worker, ended, order, shows } = await begun()
    await using _closed = api
    outside.isDown = false
    await order(803198)
    const dead = await api.worker({ queues: ['netsuite'] })
    await dead.reserve({ queues: ['netsuite'], names: ['netsuite.sync'] })
    await shows({ pending_jobs: [], reserved_jobs: [{ queue: 'netsuite', count: 1 }] })

    api.clock.advance(60_000)
    await api.reclaimAll()
    // What to be alerted by: how long the oldest job has been due.
    await shows({
      pending_jobs: [{ queue: 'netsuite', count: 1 }],
      reserved_jobs: [],
      oldest_pending_age_seconds: expect.any(Number),
    })
    const done = ended('completed')
    await worker.start()
    await done
    expect(outside.synced).toEqual([803198])
  })

  test('finds the common error of failed jobs that pile up, and retries them all after the fix, each once', async () => {
    const { api, outside, worker, ended, order, ask, failed, shows } = await begun()
    await using _closed = api
    const orders = Array.from({ length: 12 }, (_, at) => 803200 + at)
    const allFailed = ended('failed', orders.length)
    for (const id of orders) await order(id)
    await worker.start()
    await allFailed
    const { groups } = (await ask('GET', 'failed/groups')).data
    expect(groups).toMatchObject([{ count: 12, headline: expect.stringContaining('MySQL server has gone away') }])
    expect(new Set((await failed()).map((row) => row.exception_short)).size).toBe(1)

    outside.isDown = false
    const done = ended('completed', orders.length)
    expect((await ask('POST', 'retry-all-failed')).data.retried_count).toBe(12)
    await done
    expect(outside.synced.toSorted()).toEqual(orders)
    await shows({ pending_jobs: [], reserved_jobs: [], failed_jobs_count: 0 })
  })
})
