import { expect, test } from 'vitest'
import { merged, quantile } from './quantile.ts'

const BOUNDS = [10, 100, 1_000]

test('a quantile lies in the step that holds it, as far in as its share', () => {
  expect(quantile([50, 50, 0, 0], BOUNDS, 0.5)).toBe(10)
  expect(quantile([50, 50, 0, 0], BOUNDS, 0.75)).toBe(55)
  expect(quantile([0, 0, 10, 0], BOUNDS, 0.95)).toBeCloseTo(955)
})

test('beyond the last bound nothing more is known than that bound; of nothing there is no quantile', () => {
  expect(quantile([0, 0, 0, 7], BOUNDS, 0.5)).toBe(1_000)
  expect(quantile([0, 0, 0, 0], BOUNDS, 0.5)).toBeNull()
  expect(quantile([], BOUNDS, 0.5)).toBeNull()
})

test('parts are merged before a quantile is taken', () => {
  expect(merged([1, 2], [1, 1, 5])).toEqual([2, 3, 5])
})
