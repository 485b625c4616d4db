import { afterEach, describe, expect, test, vi } from 'vitest'
import { type Entry, type Scan, Window } from './window.ts'

afterEach(() => void vi.useRealTimers())

const NOW = 1_000
/** Ids of a queue that is not looked through each time. */
const LONG = 10_000

function entry(id: number, priority = 0, availableAt = NOW - 1): Entry {
  return { id, priority, availableAt }
}

function scanned(window: Window, scan: Partial<Scan>): void {
  window.scanned({ due: [], delayed: [], limit: window.limitFor(LONG), lastId: 0, ms: 1, ...scan })
}

function ids(window: Window, count = 100, second = NOW): number[] {
  return window.first(count, second).map(({ id }) => id)
}

describe('the line', () => {
  test('is by priority, due time and id, whatever the order of arrival', () => {
    const window = new Window()
    scanned(window, { due: [entry(5), entry(9)] })
    window.arrived([entry(12, 1), entry(11, -1), entry(10, 0, NOW - 5), entry(7)], NOW)
    expect(ids(window)).toEqual([11, 10, 5, 7, 9, 12])
  })

  test('takes up the delayed when they fall due', () => {
    const window = new Window()
    scanned(window, { due: [entry(1, 1)], delayed: [entry(2, 0, NOW + 1), entry(3, 0, NOW + 5)] })
    expect([ids(window), window.nextDue]).toEqual([[1], NOW + 1])
    expect([ids(window, 100, NOW + 1), window.nextDue]).toEqual([[2, 1], NOW + 5])
  })

  test('loses what was taken, and takes it back when it arrives again', () => {
    const window = new Window()
    scanned(window, { due: [entry(1), entry(2), entry(3)] })
    window.drop(new Set([1, 2]))
    expect(ids(window)).toEqual([3])
    window.arrived([entry(2), entry(3)], NOW)
    expect(ids(window)).toEqual([2, 3])
  })

  test('gives none of those that are excepted, also when a look has brought a new line meanwhile', () => {
    const window = new Window()
    scanned(window, { due: [entry(1), entry(2), entry(3)] })
    const taken = new Set(ids(window, 2))
    scanned(window, { due: [entry(0), entry(1), entry(2), entry(3)] })
    expect(window.first(2, NOW, taken).map(({ id }) => id)).toEqual([0, 3])
  })

  test('that was cut keeps nothing that sorts behind its end', () => {
    const window = new Window()
    const due = Array.from({ length: window.limitFor(LONG) }, (_, at) => entry(at + 1))
    scanned(window, { due: [...due] })
    window.arrived([entry(9_999), entry(8_888, -1)], NOW)
    expect(ids(window, 5_000)).toEqual([8_888, ...due.map(({ id }) => id)])
  })
})

describe('a look through the queue', () => {
  test('comes first, and again after a second', () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const window = new Window()
    expect(window.needsScan(1, LONG)).toBe(true)
    scanned(window, { due: [entry(1)] })
    expect(window.needsScan(1, LONG)).toBe(false)
    vi.advanceTimersByTime(1_000)
    expect(window.needsScan(1, LONG)).toBe(true)
  })

  test('comes each time while the queue is short', () => {
    const window = new Window()
    scanned(window, { due: [entry(1)] })
    expect([window.needsScan(1, 100), window.hasDue(1, 100), window.hasDue(1, LONG)]).toEqual([true, false, true])
  })

  test('that took long is repeated less often, even if little is left in line', () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const window = new Window()
    scanned(window, { due: [entry(1)], ms: 2_000 })
    window.lower()
    vi.advanceTimersByTime(39_000)
    expect(window.needsScan(100, LONG)).toBe(false)
    vi.advanceTimersByTime(1_000)
    expect(window.needsScan(100, LONG)).toBe(true)
  })

  test('that took little is repeated whenever jobs may have been put back, or are short', () => {
    const window = new Window()
    scanned(window, { due: [entry(1), entry(2)] })
    expect([window.needsScan(2, LONG), window.needsScan(3, LONG)]).toEqual([false, true])
    window.lower()
    expect(window.needsScan(2, LONG)).toBe(true)
  })

  test('is repeated at once where a cut line has been used up, and asks for more then', () => {
    const window = new Window()
    const due = Array.from({ length: window.limitFor(LONG) }, (_, at) => entry(at + 1))
    const limit = window.limitFor(LONG)
    scanned(window, { due, ms: 5_000 })
    window.drop(new Set(due.map(({ id }) => id)))
    expect(window.needsScan(1, LONG)).toBe(true)
    scanned(window, { ms: 5_000 })
    expect(window.limitFor(LONG)).toBeGreaterThan(limit)
  })

  test('asks for more of a queue that is long, however little was taken before', () => {
    const window = new Window()
    expect([window.limitFor(LONG), window.limitFor(800_000), window.limitFor(80_000_000)]).toEqual([
      2_000, 100_000, 128_000,
    ])
  })

  test('begins while a quarter of a cut line is left, and jobs go on meanwhile', () => {
    const window = new Window()
    const due = Array.from({ length: 2_000 }, (_, at) => entry(at + 1))
    scanned(window, { due, ms: 5_000 })
    const drop = (from: number, to: number) => window.drop(new Set(due.slice(from, to).map(({ id }) => id)))
    drop(0, 1_500)
    expect(window.needsScan(100, LONG)).toBe(false)
    drop(1_500, 1_501)
    expect([window.needsScan(100, LONG), window.hasDue(100, LONG)]).toEqual([true, true])
  })

  test('begins in the same way where the delayed that it found have all fallen due', () => {
    const window = new Window()
    const delayed = Array.from({ length: 2_000 }, (_, at) => entry(at + 1, 0, NOW + 1))
    scanned(window, { delayed, ms: 5_000 })
    expect(ids(window, 2_000, NOW + 1)).toHaveLength(2_000)
    expect(window.needsScan(100, LONG)).toBe(false)
    window.drop(new Set(ids(window, 1_501, NOW + 1)))
    expect(window.needsScan(100, LONG)).toBe(true)
  })

  test('is waited for where others were faster with all that was tried', () => {
    const window = new Window()
    scanned(window, { due: [entry(1), entry(2)], ms: 5_000 })
    window.outrun()
    expect([window.needsScan(1, LONG), window.hasDue(1, LONG)]).toEqual([true, false])
    scanned(window, { due: [entry(1), entry(2)], ms: 5_000 })
    expect([window.needsScan(1, LONG), window.hasDue(1, LONG)]).toEqual([false, true])
  })

  test('that failed is repeated after a second while jobs are left, and at once where none are', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const window = new Window()
    scanned(window, { due: [entry(1)], ms: 100 })
    vi.advanceTimersByTime(2_000)
    await expect(window.lookedThrough(() => Promise.reject(new Error('gone')))).rejects.toThrow('gone')
    expect([window.needsScan(1, LONG), window.needsScan(2, LONG)]).toEqual([false, true])
    vi.advanceTimersByTime(1_000)
    expect(window.needsScan(1, LONG)).toBe(true)
  })

  test('is not hastened where it found all there is', () => {
    const window = new Window()
    scanned(window, { due: [entry(1), entry(2)], ms: 5_000 })
    window.drop(new Set([1]))
    expect(window.needsScan(1, LONG)).toBe(false)
  })
})

test('what was taken while a look was under way is not in line again when it ends', async () => {
  const window = new Window()
  scanned(window, { due: [entry(1), entry(2)] })
  const answer = Promise.withResolvers<void>()
  const looked = window.lookedThrough(async () => {
    await answer.promise
    scanned(window, { due: [entry(1), entry(2)] })
  })
  window.drop(new Set([1]))
  answer.resolve()
  await looked
  expect(ids(window)).toEqual([2])
})

test('ids that were given before are asked for again for a while: their transactions may commit late', () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const window = new Window()
  scanned(window, { lastId: 500 })
  window.arrived([entry(700)], NOW)
  expect(window.arrivedAfter).toBe(0)
  vi.advanceTimersByTime(2_000)
  window.arrived([entry(710)], NOW)
  expect(window.arrivedAfter).toBe(700)
})
