import { expect, test } from 'vitest'
import { HISTOGRAM_BOUNDS_MS, noCounts } from '../../src/core/histogram.ts'
import type { MetricRow, NewRun } from '../../src/store.ts'
import { newJob } from '../support/jobs.ts'
import { eachApi, type GivenApi } from './support.ts'

/** What the API tells of the past: attempts, series, failures over time and the counters of Prometheus. */

const UUIDS = [1, 2, 3].map((at) => `018f6b1e-7c1a-7d2e-9f10-2b6d8f7a1c0${at}`)

function run(api: GivenApi, wish: Partial<NewRun>): NewRun {
  const startedAt = api.clock.now() - 60_000
  return {
    ...{ uuid: UUIDS[0]!, name: 'orders.sync', queue: 'netsuite', attempt: 1, worker: 12, startedAt },
    ...{ endedAt: startedAt + 1_250, outcome: 'completed', headline: null, progress: null, note: null, log: [] },
    ...{ result: null, keepUntil: null },
    ...wish,
  }
}

function metric(minute: number, wish: Partial<MetricRow>): MetricRow {
  const none = { dispatched: 0, started: 0, completed: 0, failed: 0, retried: 0, released: 0, cancelled: 0 }
  return {
    ...{ minute, queue: 'netsuite', name: 'orders.sync', waitMs: 0, runMs: 0, waits: noCounts(), runs: noCounts() },
    ...none,
    ...wish,
  }
}

/** One count in this step of the histogram. */
const counted = (step: number, count: number) => noCounts().map((none, at) => (at === step ? count : none))

const iso = (ms: number) => new Date(ms).toISOString()

eachApi('history through the API', (open) => {
  test('attempts are listed newest first with all that is kept of them, secrets masked', async () => {
    await using api = await open()
    const startedAt = api.clock.now() - 30_000
    await api.store.saveRuns([
      run(api, { result: '{"synced":803193,"apiToken":"hunter2"}' }),
      run(api, {
        ...{ attempt: 2, startedAt, endedAt: startedAt + 40, outcome: 'failed', headline: 'Error: refused' },
        ...{ progress: 40, note: 'half way', log: ['begins', 'password=hunter2'] },
      }),
      run(api, { uuid: UUIDS[1]!, startedAt: startedAt + 1_000, endedAt: null, outcome: 'running', queue: 'mails' }),
    ])
    const answer = await api.as('viewer')('GET', 'runs')
    const earlier = api.clock.now() - 60_000
    expect(answer.json().data).toEqual({
      runs: [
        {
          ...{ uuid: UUIDS[1], name: 'orders.sync', queue: 'mails', attempt: 1, worker: 12, outcome: 'running' },
          ...{ started_at: iso(startedAt + 1_000), ended_at: null, duration_ms: null },
          ...{ headline: null, progress: null, note: null, log: [], result: null },
        },
        {
          ...{ uuid: UUIDS[0], name: 'orders.sync', queue: 'netsuite', attempt: 2, worker: 12, outcome: 'failed' },
          ...{ started_at: iso(startedAt), ended_at: iso(startedAt + 40), duration_ms: 40 },
          ...{ headline: 'Error: refused', progress: 40, note: 'half way', log: ['begins', expect.any(String)] },
          result: null,
        },
        {
          ...{ uuid: UUIDS[0], name: 'orders.sync', queue: 'netsuite', attempt: 1, worker: 12, outcome: 'completed' },
          ...{ started_at: iso(earlier), ended_at: iso(earlier + 1_250), duration_ms: 1_250 },
          ...{ headline: null, progress: null, note: null, log: [] },
          result: { synced: 803193, apiToken: expect.any(String) },
        },
      ],
      count: 3,
      next_cursor: null,
    })
    expect(answer.body).not.toContain('hunter2')
  })

  test('attempts are narrowed by job, queue and outcome, and paged without a gap', async () => {
    await using api = await open()
    await api.store.saveRuns([
      run(api, {}),
      run(api, { uuid: UUIDS[1]!, outcome: 'failed', name: 'orders.other' }),
      run(api, { uuid: UUIDS[2]!, outcome: 'failed', queue: 'mails' }),
    ])
    const uuids = async (query: string) =>
      (await api.get(`runs?${query}`)).json().data.runs.map(({ uuid }: { uuid: string }) => uuid)
    expect(await uuids(`uuid=${UUIDS[1]}`)).toEqual([UUIDS[1]])
    expect(await uuids('name=orders.other')).toEqual([UUIDS[1]])
    expect(await uuids('queue=mails')).toEqual([UUIDS[2]])
    expect((await uuids('outcome=failed')).sort()).toEqual([UUIDS[1], UUIDS[2]])
    const first = (await api.get('runs?limit=2')).json().data
    expect(first.count).toBe(2)
    const second = (await api.get(`runs?limit=2&cursor=${encodeURIComponent(first.next_cursor)}`)).json().data
    expect(second).toMatchObject({ count: 1, next_cursor: null })
    const seen = [...first.runs, ...second.runs].map(({ uuid }: { uuid: string }) => uuid)
    expect(seen.sort()).toEqual(UUIDS)
  })

  test('series sum minutes and writers into steps, by queue and job', async () => {
    await using api = await open()
    const minute = 60_000 * Math.floor(api.clock.now() / 60_000)
    const step = 300_000 * Math.floor(api.clock.now() / 300_000)
    const [one, two] = [await api.worker(), await api.worker()]
    const row = {
      started: 3,
      completed: 2,
      failed: 1,
      waitMs: 90,
      runMs: 700,
      waits: counted(1, 3),
      runs: counted(3, 3),
    }
    await api.store.saveMetrics(one.id, [
      metric(minute, { ...row, dispatched: 5 }),
      metric(minute, { name: 'orders.other', released: 1, cancelled: 2 }),
    ])
    await api.store.saveMetrics(two.id, [metric(minute, { ...row, retried: 1 })])
    await api.store.saveMetrics(two.id, [metric(step - 60_000, { started: 7 })])
    const window = `from=${encodeURIComponent(iso(step - 300_000))}&to=${encodeURIComponent(iso(step + 300_000))}&step=300`
    const { data } = (await api.as('viewer')('GET', `metrics?${window}`)).json()
    const none = {
      ...{ queue: 'netsuite', name: 'orders.sync', dispatched: 0, started: 0, completed: 0, failed: 0, retried: 0 },
      ...{ released: 0, cancelled: 0, wait_ms: 0, run_ms: 0, wait_counts: noCounts(), run_counts: noCounts() },
    }
    expect(data).toEqual({
      step_seconds: 300,
      bounds_ms: [...HISTOGRAM_BOUNDS_MS],
      points: [
        { ...none, at: iso(step - 300_000), started: 7 },
        { ...none, at: iso(step), name: 'orders.other', released: 1, cancelled: 2 },
        {
          ...{ ...none, at: iso(step), dispatched: 5, started: 6, completed: 4, failed: 2, retried: 1 },
          ...{ wait_ms: 180, run_ms: 1_400, wait_counts: counted(1, 6), run_counts: counted(3, 6) },
        },
      ],
    })
    const narrowed = (await api.get(`metrics?${window}&queue=netsuite&name=orders.other`)).json().data
    expect(narrowed.points).toEqual([data.points[1]])
  })

  test('failures over time are counted step by step, in the zone that the table is written in', async () => {
    await using api = await open({ timezone: 'America/Lima' })
    // 10:00, 10:59:59 and 11:30 in Lima are five hours later in UTC.
    for (const failed_at of ['2026-01-05 10:00:00', '2026-01-05 10:59:59', '2026-01-05 11:30:00']) {
      const job = newJob()
      api.raw.insertFailed({ uuid: job.uuid, payload: job.payload, failed_at })
    }
    const hours = 'from=2026-01-05T14:00:00Z&to=2026-01-05T18:00:00Z'
    expect((await api.as('viewer')('GET', `failed/histogram?${hours}`)).json().data).toEqual({
      step_seconds: 3_600,
      steps: [
        { at: '2026-01-05T14:00:00.000Z', count: 0 },
        { at: '2026-01-05T15:00:00.000Z', count: 2 },
        { at: '2026-01-05T16:00:00.000Z', count: 1 },
        { at: '2026-01-05T17:00:00.000Z', count: 0 },
      ],
    })
    const finer = (await api.get(`failed/histogram?${hours}&step=1800`)).json().data.steps
    expect(finer.map(({ count }: { count: number }) => count)).toEqual([0, 0, 1, 1, 0, 1, 0, 0])
  })

  test('Prometheus is told of jobs, failures, attempts, workers and the database', async () => {
    await using api = await open()
    const worker = await api.worker({ name: 'sync', queues: ['netsuite'], concurrency: 5 })
    for (const delayMs of [0, 0, 3_600_000]) await api.job({ queue: 'netsuite', delayMs })
    await worker.reserve({ queues: ['netsuite'], limit: 1 })
    const job = newJob()
    api.raw.insertFailed({ uuid: job.uuid, payload: job.payload })
    const minute = 60_000 * Math.floor(api.clock.now() / 60_000)
    const done = { dispatched: 9, started: 3, completed: 2, failed: 1, waitMs: 90, runMs: 700 }
    await api.store.saveMetrics(worker.id, [metric(minute, { ...done, waits: counted(1, 3), runs: counted(3, 3) })])

    const { body, headers } = await api.as('viewer')('GET', '/metrics')
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
    const of = 'queue="netsuite",job="orders.sync"'
    for (const line of [
      'faena_jobs{queue="netsuite",state="due"} 1',
      'faena_jobs{queue="netsuite",state="delayed"} 1',
      'faena_jobs{queue="netsuite",state="reserved"} 1',
      'faena_failed_jobs 1',
      `faena_jobs_dispatched_total{${of}} 9`,
      `faena_attempts_started_total{${of}} 3`,
      `faena_attempts_total{${of},outcome="completed"} 2`,
      `faena_attempts_total{${of},outcome="failed"} 1`,
      `faena_job_wait_seconds_bucket{${of},le="0.01"} 0`,
      `faena_job_wait_seconds_bucket{${of},le="0.05"} 3`,
      `faena_job_wait_seconds_sum{${of}} 0.09`,
      `faena_job_run_seconds_sum{${of}} 0.7`,
      `faena_job_run_seconds_count{${of}} 3`,
      'faena_worker_slots{worker="sync"} 5',
      'faena_store_up 1',
    ]) {
      expect(body.split('\n')).toContain(line)
    }
  })
})
