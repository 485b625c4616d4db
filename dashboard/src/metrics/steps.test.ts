import { expect, test } from 'vitest'
import type { MetricPoint } from '../api/client.ts'
import { stepsOf, totalsOf } from './steps.ts'

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
  wait_counts: [1, 0, 0],
  run_counts: [0, 1, 0],
  ...more,
})

const at = (text: string) => Date.parse(text)

test('every step of the period is there, those without attempts as zero', () => {
  const points = [point('2026-01-01T00:00:00.000Z'), point('2026-01-01T00:10:00.000Z', { failed: 2 })]
  const steps = stepsOf(points, 300_000, at('2026-01-01T00:00:00Z'), at('2026-01-01T00:12:00Z'))
  expect(steps.map(({ completed, failed }) => [completed, failed])).toEqual([
    [1, 0],
    [0, 0],
    [1, 2],
  ])
})

test('sums of a queue and job are one row with merged buckets, the busiest first', () => {
  const points = [
    point('2026-01-01T00:00:00.000Z', { queue: 'mail' }),
    point('2026-01-01T00:00:00.000Z', { queue: 'pay', completed: 5 }),
    point('2026-01-01T00:05:00.000Z', { queue: 'mail', wait_counts: [2, 3, 1] }),
  ]
  expect(totalsOf(points).map(({ queue, completed, waits }) => [queue, completed, waits])).toEqual([
    ['pay', 5, [1, 0, 0]],
    ['mail', 2, [3, 3, 1]],
  ])
})
