import { expect, test } from 'vitest'
import type { MetricPoint } from '../api/client.ts'
import { latest, quantilesOf, seriesOf } from './series.ts'

const MINUTE = 60_000
const at = Date.UTC(2026, 10, 22, 10, 0)

function point(minute: number, figures: Partial<MetricPoint>): MetricPoint {
  const counts = { dispatched: 0, started: 0, completed: 0, failed: 0, retried: 0, released: 0, cancelled: 0 }
  const times = { wait_ms: 0, run_ms: 0, wait_counts: [], run_counts: [] }
  return {
    at: new Date(at + minute * MINUTE).toISOString(),
    queue: 'mail',
    name: 'mail.send',
    ...counts,
    ...times,
    ...figures,
  }
}

function series(points: MetricPoint[], minutes: number, step = 1) {
  return seriesOf({ points, bounds_ms: [100, 1_000] }, at, at + minutes * MINUTE, step * MINUTE)
}

test('steps in which nothing happened stand as zero, their times as unknown', () => {
  const { times, completed, waits, boundsMs } = series([point(1, { completed: 3, wait_counts: [3, 0, 0] })], 3)
  expect(times).toEqual([at, at + MINUTE, at + 2 * MINUTE])
  expect(completed).toEqual([0, 3, 0])
  expect(quantilesOf(waits, boundsMs, 0.5)).toEqual([null, 50, null])
})

test('queues and jobs of one step are summed, and counts are by the minute whatever the step', () => {
  const { completed, failed } = series(
    [point(0, { completed: 10 }), point(0, { completed: 20, failed: 5, queue: 'other' })],
    5,
    5,
  )
  expect(completed).toEqual([6])
  expect(failed).toEqual([1])
})

test('the step under way is left out', () => {
  expect(series([point(1, { completed: 1 })], 1.5).completed).toEqual([0])
})

test('the latest figures are of whole minutes: a mean rate, and a quantile of all waits together', () => {
  const points = [
    point(0, { completed: 100, wait_counts: [0, 0, 100] }),
    point(1, { completed: 4, wait_counts: [10, 0, 0] }),
    point(3, { completed: 2, wait_counts: [0, 10, 0] }),
  ]
  expect(latest(series(points, 4), 3)).toEqual({ perMinute: 2, waitMs: 910 })
  expect(latest(series([], 0), 5)).toEqual({ perMinute: 0, waitMs: null })
})
