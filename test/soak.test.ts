import { expect, test } from 'vitest'
import { judge, MOST_HEAP_RISE, slope } from '../scripts/soak/flatness.ts'
import type { Figures } from '../scripts/soak/process-figures.ts'

/** What the soak makes of its figures; that it takes the right ones is seen where it runs. */

const MIB = 1_024 * 1_024

/** So many seconds of a process whose memory rises, is collected every ten seconds, and steps up once. */
function seen(seconds: number, perSecond: number): Figures[] {
  return Array.from({ length: seconds }, (_, second) => ({
    bytes: 100 * MIB + second * perSecond + (second % 10) * MIB + (second > 60 ? 3 * MIB : 0),
    descriptors: 30 + (second % 7 === 0 ? 4 : 0),
  }))
}

test('a step, an outlier and what is collected every ten seconds are no slope; a leak is', () => {
  expect(slope([5, 5, 5, 90, 5, 5, 5])).toBe(0)
  expect(slope([1, 2, 3, 4, 50, 6])).toBeCloseTo(1)
  const heaps = Array.from({ length: 45 }, (_, at) => 16 * MIB + (at % 3) * 0.1 * MIB)
  const flat = judge(seen(450, 0), heaps)!
  expect(flat.resident.rise).toBeLessThan(MIB)
  expect(Math.abs(flat.heap.rise)).toBeLessThan(MOST_HEAP_RISE / 4)
  const leaking = judge(
    seen(450, 50 * 1_024),
    heaps.map((bytes, at) => bytes + at * 0.1 * MIB),
  )!
  expect(leaking.resident.rise / MIB).toBeCloseTo(20.5, 0)
  expect(leaking.heap.rise).toBeGreaterThan(MOST_HEAP_RISE)
})

test('files that are open for a moment are no leak; one that stays open is', () => {
  const heaps = [MIB, MIB, MIB]
  expect(judge(seen(300, 0), heaps)!.descriptors).toEqual({ first: 30, last: 30, most: 34 })
  const gone = seen(300, 0).map((figures, second) => ({ ...figures, descriptors: second < 5 ? 27 : 30 }))
  expect(judge(gone, heaps)!.descriptors).toEqual({ first: 30, last: 30, most: 30 })
  const leaking = seen(300, 0).map((figures, second) => ({ ...figures, descriptors: 30 + Math.floor(second / 100) }))
  expect(judge(leaking, heaps)!.descriptors).toEqual({ first: 30, last: 32, most: 32 })
})

test('too short a time has no slope', () => {
  expect(judge(seen(19, 0), [MIB])).toBeUndefined()
})
