import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createQueue, createWorker, handle } from '../../src/index.ts'
import { openMemory } from '../support/memory-harness.ts'
import { openPostgres } from '../support/postgres-harness.ts'
import { PROMTOOL } from '../support/programs.ts'
import { ensureInstalled, INSTALLING_MS, missing } from '../support/servers/install.ts'
import { aJob } from '../worker/jobs.ts'
import { apiOn } from './support.ts'

const noted = missing(PROMTOOL)
if (noted !== undefined && process.env.CI) throw new Error(noted)

async function metricsAfter(names: readonly string[]) {
  const harness = await openMemory()
  const { store } = harness
  const jobs = names.map((name) => aJob({ name, queue: 'netsuite', tries: 1 }))
  const queue = createQueue({ store })
  const worker = createWorker({
    store,
    name: 'sync',
    queues: ['netsuite'],
    handlers: jobs.map((job) =>
      handle(job, () => {
        if (job.name === 'orders.failing') throw new Error('refused')
      }),
    ),
  })
  for (const job of jobs) await queue.dispatchMany(job, [{}, {}])
  const idle = worker.events.once('idle')
  await worker.start()
  await idle
  await worker.stop()
  await queue.dispatch(jobs[0]!, {}, { delay: '1h' })
  await queue.close()
  const row = {
    name: 'sync',
    host: 'here',
    pid: 1,
    version: '1',
    queues: ['netsuite'],
    concurrency: 5,
    leaseMs: 60_000,
  }
  await store.register(row)
  const api = await apiOn(harness)
  onTestFinished(async () => {
    await api[Symbol.asyncDispose]()
  })
  const { body, statusCode, headers } = await api.as('viewer')('GET', '/metrics')
  return { body, statusCode, headers, store, api }
}

const figure = (body: string, sample: string) =>
  Number(
    body
      .split('\n')
      .find((line) => line.startsWith(`${sample} `))
      ?.slice(sample.length + 1),
  )

test('what was dispatched, began and ended is counted by queue and job, with histograms of wait and run', async () => {
  const { body } = await metricsAfter(['orders.sync', 'orders.failing'])
  const of = (name: string, job: string, more = '') => figure(body, `${name}{queue="netsuite",job="${job}"${more}}`)
  for (const job of ['orders.sync', 'orders.failing']) {
    const more = job === 'orders.sync' ? 1 : 0
    expect([of('faena_jobs_dispatched_total', job), of('faena_attempts_started_total', job)]).toEqual([2 + more, 2])
    expect([of('faena_job_run_seconds_count', job), of('faena_job_wait_seconds_bucket', job, ',le="+Inf"')]).toEqual([
      2, 2,
    ])
  }
  expect(of('faena_attempts_total', 'orders.sync', ',outcome="completed"')).toBe(2)
  expect(of('faena_attempts_total', 'orders.failing', ',outcome="failed"')).toBe(2)
  expect(figure(body, 'faena_failed_jobs')).toBe(2)
  expect(figure(body, 'faena_jobs{queue="netsuite",state="delayed"}')).toBe(1)
  expect(figure(body, 'faena_worker_slots{worker="sync"}')).toBe(5)
  expect(figure(body, 'faena_store_up')).toBe(1)
  expect(figure(body, 'faena_store_ping_seconds')).toBeGreaterThanOrEqual(0)
})

test.skipIf(noted !== undefined)(
  'promtool finds nothing wrong',
  async () => {
    const { body, headers } = await metricsAfter(['orders.sync', 'orders.failing'])
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
    const promtool = join(await ensureInstalled(PROMTOOL), 'promtool')
    expect(execFileSync(promtool, ['check', 'metrics'], { input: body, encoding: 'utf8' })).toBe('')
  },
  INSTALLING_MS,
)

test('however many jobs there are, at most two hundred are named; the others are summed, and no name is taken back', async () => {
  const harness = await openMemory()
  await using api = await apiOn(harness)
  const minute = 60_000 * Math.floor(Date.now() / 60_000)
  const zero = Array<number>(11).fill(0)
  const row = (name: string) => ({
    ...{ minute, queue: 'q', name, dispatched: 0, started: 0, completed: 1, failed: 0, retried: 0, released: 0 },
    ...{ cancelled: 0, waitMs: 0, runMs: 0, waits: [1, ...zero.slice(1)], runs: [1, ...zero.slice(1)] },
  })
  const name = (at: number) => `job-${String(at).padStart(4, '0')}`
  const scrape = async () => (await api.as('viewer')('GET', '/metrics')).body
  await harness.store.saveMetrics(
    1,
    Array.from({ length: 199 }, (_, at) => row(name(at + 100))),
  )
  const first = await scrape()
  await harness.store.saveMetrics(
    1,
    Array.from({ length: 400 }, (_, at) => row(name(at))),
  )
  await expect.poll(scrape, { timeout: 5_000 }).toContain('job="(other)"')
  const second = await scrape()
  const named = (body: string) =>
    [...body.matchAll(/^faena_job_run_seconds_count\{queue="q",job="(job-\d+)"\}/gm)].map(([, job]) => job)
  expect(named(first).length).toBe(199)
  expect(named(second).length).toBe(200)
  expect(named(second)).toEqual(expect.arrayContaining(named(first)))
  expect(figure(second, 'faena_job_run_seconds_count{queue="(other)",job="(other)"}')).toBe(200)
})

test('the connections of the API are told by pool, also while the database does not answer', async () => {
  const harness = await openPostgres()
  await using api = await apiOn(harness)
  const scrape = async () => (await api.as('viewer')('GET', '/metrics')).body
  await scrape()
  // What is asked again at once is the same look.
  await expect.poll(scrape, { timeout: 5_000 }).toContain('faena_store_connections_limit{pool="common"} 5')
  // What the server does in the background has one of them now and then.
  const busy = 'faena_store_connections{pool="common",state="busy"}'
  await expect.poll(async () => figure(await scrape(), busy), { timeout: 5_000 }).toBe(0)
  const body = await scrape()
  expect(figure(body, 'faena_store_connections{pool="common",state="idle"}')).toBeGreaterThan(0)
  expect(figure(body, 'faena_store_calls_waiting{pool="common"}')).toBe(0)
  await harness.store.close()
  await expect.poll(scrape, { timeout: 5_000 }).toContain('faena_store_up 0')
  expect(await scrape()).toContain('faena_store_connections_limit{pool="common"} 5')
})

test('a database that does not answer is told as such, not as a gap', async () => {
  const harness = await openMemory()
  await using api = await apiOn(harness)
  await harness.store.close()
  const { body, statusCode } = await api.as('viewer')('GET', '/metrics')
  expect([statusCode, figure(body, 'faena_store_up')]).toEqual([200, 0])
  expect(body).not.toContain('faena_jobs')
})

test('the Grafana dashboard asks for metrics that are there, and for no others', async () => {
  const dashboard = readFileSync(new URL('../../deploy/grafana/faena.json', import.meta.url), 'utf8')
  const asked = new Set([...dashboard.matchAll(/\bfaena_[a-z_]+/g)].map(([name]) => name))
  const { body } = await metricsAfter(['orders.sync'])
  const told = new Set([...body.matchAll(/^# TYPE (faena_[a-z_]+)/gm)].map(([, name]) => name))
  const familyOf = (name: string) => name.replace(/_bucket$/, '')
  expect([...asked].filter((name) => !told.has(familyOf(name)))).toEqual([])
  expect(asked.size).toBeGreaterThan(8)
  expect(() => JSON.parse(dashboard)).not.toThrow()
})
