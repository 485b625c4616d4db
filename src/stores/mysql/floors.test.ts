import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Floors } from './floors.ts'

const FLOOR = { availableAt: 1_000, id: 7 }

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
})

afterEach(() => {
  vi.useRealTimers()
})

/** A line that was looked at from the beginning, at the price of `ms`, and taken from up to FLOOR. */
function raised(ms = 1, count = 500): Floors {
  const floors = new Floors()
  floors.swept('default', 0, ms)
  floors.swept('default', 0, ms)
  floors.raise('default', 0, FLOOR, count, floors.lowered)
  return floors
}

describe('a floor', () => {
  test('holds for a second, then the line is swept', () => {
    const floors = raised()
    expect(floors.floorOf('default', 0)).toEqual(FLOOR)
    vi.advanceTimersByTime(1_000)
    expect(floors.floorOf('default', 0)).toBeNull()
  })

  test('is not used before many jobs were taken', () => {
    const floors = raised(1, 150)
    expect(floors.floorOf('default', 0)).toBeNull()
    floors.raise('default', 0, { availableAt: 1_000, id: 9 }, 50, floors.lowered)
    expect(floors.floorOf('default', 0)).toEqual({ availableAt: 1_000, id: 9 })
  })

  test('holds longer where a sweep takes long', () => {
    const floors = raised(500)
    vi.advanceTimersByTime(9_999)
    expect(floors.floorOf('default', 0)).toEqual(FLOOR)
    expect(floors.worthSweeping('default', 0)).toBe(false)
    vi.advanceTimersByTime(1)
    expect(floors.worthSweeping('default', 0)).toBe(true)
  })

  test('is set a little before now where a look found nothing, if looks take long again and again', () => {
    const floors = new Floors()
    for (const ms of [1, 500]) {
      floors.swept('default', 0, ms)
      floors.rest('default', 0, 2_000, floors.lowered)
      expect(floors.floorOf('default', 0)).toBeNull()
    }
    floors.swept('default', 0, 500)
    floors.rest('default', 0, 2_000, floors.lowered)
    expect(floors.floorOf('default', 0)).toEqual({ availableAt: 1_998, id: 0 })
  })

  test('is of one queue and priority', () => {
    const floors = raised()
    expect([floors.floorOf('default', 1), floors.floorOf('default', null), floors.floorOf('other', 0)]).toEqual([
      null,
      null,
      null,
    ])
  })

  test('falls when something is put in front, also for a look that was under way', () => {
    const floors = raised()
    const before = floors.lowered
    floors.lower()
    floors.raise('default', 0, FLOOR, 500, before)
    expect(floors.floorOf('default', 0)).toBeNull()
  })

  test('falls when the reservation that raised it came to nothing', () => {
    const floors = new Floors()
    floors.begin()
    floors.swept('default', 0, 1)
    floors.raise('default', 0, FLOOR, 500, floors.lowered)
    floors.begin()
    expect(floors.floorOf('default', 0)).toBeNull()
  })

  test('outlives the last job of its priority', () => {
    const floors = raised()
    floors.foundLevels('default', [])
    floors.foundLevels('default', [0])
    expect(floors.floorOf('default', 0)).toEqual(FLOOR)
  })
})
