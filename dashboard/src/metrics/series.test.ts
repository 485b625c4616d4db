import { expect, test } from 'vitest'
import type { MetricPoint } from '../api/client.ts'
import { latest, seriesOf } from './series.ts'

const MINUTE = 60_000
const at = Date.UTC(2026, 10, 22, 10, 0)

function point(minute: number, figures: Partial<MetricPoint>): MetricPoint {
  const ended = { completed: 0, failed: 0, retried: 0, released: 0, cancelled: 0, wait_ms: 0, run_ms: 0 }
  const none = { dispatched: 0, started: 0, ...ended, wait_counts: [], run_counts: [] }
  return { at: new Date(at + minute * MINUTE).toISOString(), queue: 'mail', name: 'mail.send', ...none, ...figures }
}

test('steps in which nothing happened stand as zero, their times as unknown', () => {
  const series = seriesOf([point(1, { completed: 3, wait_ms: 600, run_ms: 300 })], at, at + 3 * MINUTE, MINUTE)
  expect(series.times).toEqual([at, at + MINUTE, at + 2 * MINUTE])
  expect(series.completed).toEqual([0, 3, 0])
  expect(series.wait).toEqual([null, 200, null])
  expect(series.run).toEqual([null, 100, null])
})

test('queues and jobs of one step are summed, and counts are by the minute whatever the step', () => {
  const points = [point(0, { completed: 10 }), point(0, { completed: 20, failed: 5, queue: 'other' })]
  const series = seriesOf(points, at, at + 5 * MINUTE, 5 * MINUTE)
  expect(series.completed).toEqual([6])
  expect(series.failed).toEqual([1])
})

test('the step under way is left out', () => {
  const series = seriesOf([point(1, { completed: 1 })], at, at + 1.5 * MINUTE, MINUTE)
  expect(series.completed).toEqual([0])
})

test('the latest figures are means of whole minutes, waits of those that had any', () => {
  const points = [
    point(0, { completed: 100, wait_ms: 1 }),
    point(1, { completed: 4, wait_ms: 800 }),
    point(3, { completed: 2, wait_ms: 200 }),
  ]
  expect(latest(seriesOf(points, at, at + 4 * MINUTE, MINUTE), 3)).toEqual({ perMinute: 2, waitMs: 150 })
  expect(latest(seriesOf([], at, at, MINUTE), 5)).toEqual({ perMinute: 0, waitMs: null })
})
