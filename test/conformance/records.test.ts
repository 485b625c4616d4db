import { describe, expect, test } from 'vitest'
import type { MetricRow, NewRun } from '../../src/store.ts'
import { newJob } from '../support/jobs.ts'
import { eachStore, type Given } from '../support/suite.ts'

const AT = Date.UTC(2026, 0, 5, 12)
const HOUR = 3_600_000
const MINUTE = 60_000
const KEEP = { runsMs: 24 * HOUR, metricsMs: 24 * HOUR }

function run(wish: Partial<NewRun> = {}): NewRun {
  return {
    uuid: newJob().uuid,
    name: 'cases.fetch',
    queue: 'default',
    attempt: 1,
    worker: 1,
    startedAt: AT,
    endedAt: AT + 250,
    outcome: 'completed',
    headline: null,
    progress: 40,
    note: 'page 2 of 5',
    log: ['first line', 'ñandú 🦤'],
    result: '{"pages":5}',
    keepUntil: null,
    ...wish,
  }
}

function metric(wish: Partial<MetricRow> = {}): MetricRow {
  return {
    minute: AT,
    queue: 'default',
    name: 'cases.fetch',
    completed: 5,
    failed: 1,
    retried: 2,
    released: 1,
    cancelled: 1,
    waitMs: 400,
    runMs: 900,
    dispatched: 7,
    started: 10,
    waits: [0, 0, 5, 5, 0, 0, 0, 0, 0, 0, 0],
    runs: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9],
    ...wish,
  }
}

async function runs(given: Given): Promise<NewRun[]> {
  const { rows } = await given.store.runs({}, { limit: 1_000, order: 'oldest' })
  return rows.map(({ id, ...rest }) => rest)
}

eachStore('records', (open) => {
  describe('runs', () => {
    test('come back as they were saved', async () => {
      await using given = await open()
      const saved = [
        run(),
        run({ endedAt: null, outcome: 'running', progress: null, note: null, log: [], result: null }),
      ]

      await given.store.saveRuns(saved)

      expect(await runs(given)).toEqual(saved)
    })

    test('are one row per attempt, the latest report of it', async () => {
      await using given = await open()
      const { uuid } = newJob()
      const running = run({ uuid, endedAt: null, outcome: 'running', progress: 10, log: ['a'], result: null })
      const first = run({ uuid, outcome: 'retry', headline: 'Error: timeout', log: ['a', 'b'] })
      const second = run({ uuid, attempt: 2, startedAt: AT + HOUR })
      await given.store.saveRuns([running])

      await given.store.saveRuns([first, second])
      await given.store.saveRuns([second])

      expect(await runs(given)).toEqual([first, second])
    })

    test('that have ended stay so when an earlier report comes late', async () => {
      await using given = await open()
      const ended = run()
      await given.store.saveRuns([ended])

      await given.store.saveRuns([{ ...ended, endedAt: null, outcome: 'running', progress: 20, log: [], result: null }])

      expect(await runs(given)).toEqual([ended])
    })

    test('that another worker took over are its own, whatever the first one still reports', async () => {
      await using given = await open()
      const { uuid } = newJob()
      const lost = run({ uuid, worker: 1, endedAt: null, outcome: 'running', progress: 10, note: null, result: null })
      const taken = run({ uuid, worker: 2, startedAt: AT + HOUR, endedAt: AT + HOUR + 5 })
      await given.store.saveRuns([lost])

      await given.store.saveRuns([taken])
      await given.store.saveRuns([{ ...lost, progress: 90 }])

      expect(await runs(given)).toMatchObject([{ worker: 2, startedAt: AT + HOUR, outcome: 'completed' }])
    })

    test('are found by job, name, queue and outcome, newest first, page by page', async () => {
      await using given = await open()
      const saved = Array.from({ length: 30 }, (_, at) =>
        run({
          name: at % 2 === 0 ? 'even' : 'odd',
          queue: at < 10 ? 'low' : 'high',
          outcome: at % 3 === 0 ? 'failed' : 'completed',
        }),
      )
      await given.store.saveRuns(saved)
      const found = async (filter: Parameters<Given['store']['runs']>[0]) =>
        (await given.store.runs(filter, { limit: 100 })).rows.map(({ uuid }) =>
          saved.findIndex((row) => row.uuid === uuid),
        )

      expect(await found({ uuid: saved[7]?.uuid })).toEqual([7])
      expect(await found({ name: 'odd', queue: 'low' })).toEqual([9, 7, 5, 3, 1])
      expect(await found({ outcome: 'failed', queue: 'low' })).toEqual([9, 6, 3, 0])
      const pages: number[] = []
      for (let cursor: string | undefined; ; ) {
        const page = await given.store.runs({}, { limit: 7, cursor })
        pages.push(...page.rows.map(({ uuid }) => saved.findIndex((row) => row.uuid === uuid)))
        await given.store.saveRuns([run()])
        if (page.next === null) break
        cursor = page.next
      }
      expect(pages).toEqual(saved.map((_, at) => 29 - at))
    })
  })

  describe('metrics', () => {
    test('of a worker’s minute are set, not added: a repeated write changes nothing', async () => {
      await using given = await open()
      await given.store.saveMetrics(1, [metric({ completed: 3 })])
      await given.store.saveMetrics(1, [metric({ completed: 5 })])
      await given.store.saveMetrics(1, [metric({ completed: 5 })])

      expect(await given.store.metrics({ from: AT, to: AT + MINUTE })).toEqual([metric({ completed: 5 })])
    })

    test('are summed over workers, per minute, queue and name', async () => {
      await using given = await open()
      const [later, other, named] = [
        metric({ minute: AT + MINUTE }),
        metric({ queue: 'cases' }),
        metric({ name: 'orders.sync' }),
      ]
      await given.store.saveMetrics(1, [metric(), later, other])
      await given.store.saveMetrics(2, [metric(), named])

      const both = metric({
        completed: 10,
        failed: 2,
        retried: 4,
        released: 2,
        cancelled: 2,
        waitMs: 800,
        runMs: 1_800,
        dispatched: 14,
        started: 20,
        waits: [0, 0, 10, 10, 0, 0, 0, 0, 0, 0, 0],
        runs: [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 18],
      })
      const window = { from: AT, to: AT + HOUR }
      expect(await given.store.metrics(window)).toEqual([other, both, named, later])
      expect(await given.store.metrics({ ...window, queue: 'cases' })).toEqual([other])
      expect(await given.store.metrics({ ...window, name: 'orders.sync' })).toEqual([named])
      expect(await given.store.metrics({ from: AT + MINUTE, to: AT + 2 * MINUTE })).toEqual([later])
      expect(await given.store.metrics({ from: AT - HOUR, to: AT })).toEqual([])
    })
  })

  describe('metrics that grow old', () => {
    const prune = async (given: Given) => {
      while ((await given.store.prune(KEEP, 5)) > 0);
    }

    test('lose their writer, then become hours, then part of totals: nothing is counted twice or lost', async () => {
      await using given = await open()
      const minutes = [0, 1, 59, 60, 125].map((at) => AT + at * MINUTE)
      for (const worker of [1, 2, 2 ** 52 + 7]) {
        await given.store.saveMetrics(
          worker,
          minutes.flatMap((minute) => [metric({ minute }), metric({ minute, name: 'b' })]),
        )
      }
      const sum = (rows: MetricRow[], name: string) =>
        rows.filter((row) => row.name === name).reduce((all, { completed }) => all + completed, 0)
      const window = { from: 1, to: AT + 100 * HOUR }
      const starts = async () => {
        const rows = await given.store.metrics({ ...window, name: 'b' })
        return rows.map(({ minute }) => (minute - AT) / MINUTE)
      }
      const all = 3 * minutes.length * 5

      for (const [hours, expected] of [
        [3, [0, 1, 59, 60, 125]],
        [24 + 0.9, [0, 1, 59, 60, 125]],
        [24 + 1.2, [60, 125]],
        [24 + 2.2, [125]],
        [24 + 4, []],
      ] as const) {
        given.clock.advance(AT + hours * HOUR - given.clock.now())
        await prune(given)
        expect({ hours, starts: await starts() }).toEqual({ hours, starts: expected })
        const totals = await given.store.metricTotals()
        expect(totals.map(({ name }) => name)).toEqual(['b', 'cases.fetch'])
        expect([sum(totals, 'b'), sum(totals, 'cases.fetch')]).toEqual([all, all])
      }
      const [first] = await given.store.metricTotals()
      expect(first).toEqual({
        ...metric({ minute: 0, name: 'b' }),
        ...{ completed: all, failed: 15, retried: 30, released: 15, cancelled: 15, waitMs: 6_000, runMs: 13_500 },
        ...{ dispatched: 105, started: 150 },
        waits: [0, 0, 75, 75, 0, 0, 0, 0, 0, 0, 0],
        runs: [15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 135],
      })
    })

    test('are put together when they come after a look has passed them, within the hour', async () => {
      await using given = await open()
      await given.store.saveMetrics(1, [metric()])
      given.clock.advance(AT + 3 * HOUR - given.clock.now())
      await prune(given)
      await given.store.saveMetrics(1, [metric({ minute: AT - HOUR })])
      for (let minute = 1; minute <= 62; minute++) {
        given.clock.advance(MINUTE)
        await prune(given)
      }
      // Its own no more, so that nobody's row is where the next one is written.
      await given.store.saveMetrics(1, [metric({ minute: AT - HOUR })])

      const [row] = await given.store.metrics({ from: AT - HOUR, to: AT })
      expect(row).toMatchObject({ completed: 2 * metric().completed })
    })

    test('minutes become hours after 26 of them', async () => {
      await using given = await open()
      await given.store.saveMetrics(
        1,
        [0, 1, 59, 60].map((at) => metric({ minute: AT + at * MINUTE })),
      )
      given.clock.advance(AT + 27.5 * HOUR - given.clock.now())
      const keep = { runsMs: HOUR, metricsMs: 48 * HOUR }
      await Promise.all([given.store.prune(keep, 3), given.store.prune(keep, 3)])
      while ((await given.store.prune(keep, 3)) > 0);
      const rows = await given.store.metrics({ from: AT, to: AT + 2 * HOUR })
      expect(rows.map(({ minute, completed }) => [minute - AT, completed])).toEqual([
        [0, 15],
        [HOUR, 5],
      ])
    })
  })

  describe('prune', () => {
    test('deletes history and metrics past their time, and nothing younger', async () => {
      await using given = await open()
      const [old, young] = [run(), run({ startedAt: AT + 20 * HOUR, endedAt: AT + 20 * HOUR })]
      await given.store.saveRuns([old, young])
      await given.store.saveMetrics(1, [metric(), metric({ minute: AT + 20 * HOUR })])
      given.clock.advance(30 * HOUR)

      // The young row of metrics only loses its worker.
      expect(await given.store.prune(KEEP, 1_000)).toBe(3)

      expect(await runs(given)).toEqual([young])
      expect(await given.store.metrics({ from: AT, to: AT + 40 * HOUR })).toEqual([metric({ minute: AT + 20 * HOUR })])
      expect(await given.store.prune(KEEP, 1_000)).toBe(0)
    })

    test('keeps a result for as long as its job asked', async () => {
      await using given = await open()
      const kept = run({ keepUntil: AT + 72 * HOUR })
      await given.store.saveRuns([kept])
      given.clock.advance(48 * HOUR)
      await given.store.prune(KEEP, 1_000)
      expect(await runs(given)).toEqual([kept])
      given.clock.advance(48 * HOUR)

      await given.store.prune(KEEP, 1_000)

      expect(await runs(given)).toEqual([])
    })

    test('deletes no more than its limit at a time', async () => {
      await using given = await open()
      await given.store.saveRuns(Array.from({ length: 25 }, () => run()))
      given.clock.advance(48 * HOUR)

      expect(await given.store.prune(KEEP, 10)).toBe(10)
      expect(await given.store.prune(KEEP, 10)).toBe(10)
      expect(await given.store.prune(KEEP, 10)).toBe(5)
      expect(await runs(given)).toEqual([])
    })

    test('leaves live jobs, failed jobs, held keys and live workers alone', async () => {
      await using given = await open()
      const unique = { key: 'cases.fetch:case:1' }
      await given.job({ unique })
      given.raw.insertFailed({ uuid: newJob().uuid, payload: newJob().payload })
      given.clock.advance(48 * HOUR)
      const worker = await given.worker()
      const job = await worker.reserveOne()

      await given.store.prune({ runsMs: 0, metricsMs: 0 }, 1_000)

      expect((await given.job({ unique })).outcome).toBe('skipped')
      expect(given.raw.failedRows()).toHaveLength(1)
      expect((await worker.beat([job])).lost).toBe(false)
      expect((await worker.complete(job)).applied).toEqual([job.id])
    })
  })
})
