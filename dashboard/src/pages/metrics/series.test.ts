import { expect, test } from 'vitest'
import type { MetricPoint } from '../../api/client.ts'
import { meanOf, stepsOf, totalsOf } from './series.ts'

const point = (at: string, more: Partial<MetricPoint> = {}): MetricPoint => ({
  at,
  queue: 'mail',
  name: 'mail.send',
  dispatched: 1,
  started: 1,
  completed: 1,
  failed: 0,
  retried: 0,
  released: 0,
  cancelled: 0,
  wait_ms: 10,
  run_ms: 100,
  wait_counts: [],
  run_counts: [],
  ...more,
})

const at = (text: string) => Date.parse(text)

test('every step of the period is there, those without attempts as zero', () => {
  const points = [point('2026-01-01T00:00:00.000Z'), point('2026-01-01T00:10:00.000Z', { failed: 2 })]
  const steps = stepsOf(points, 300, at('2026-01-01T00:00:00Z'), at('2026-01-01T00:12:00Z'))
  expect(steps.map(({ completed, failed }) => [completed, failed])).toEqual([
    [1, 0],
    [0, 0],
    [1, 2],
  ])
})

test('sums of a queue and job are one row, the busiest first', () => {
  const points = [
    point('2026-01-01T00:00:00.000Z', { queue: 'mail' }),
    point('2026-01-01T00:00:00.000Z', { queue: 'pay', completed: 5 }),
    point('2026-01-01T00:05:00.000Z', { queue: 'mail', wait_ms: 30 }),
  ]
  const totals = totalsOf(points)
  expect(totals.map(({ queue, completed, waitMs }) => [queue, completed, waitMs])).toEqual([
    ['pay', 5, 10],
    ['mail', 2, 40],
  ])
})

test('the mean of no attempts is none, not zero', () => {
  expect([meanOf(0, 0), meanOf(40, 2)]).toEqual([null, 20])
})
