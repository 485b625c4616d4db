import { describe, expect, test } from 'vitest'
import { type Place, ScanFloor, ScanFloors } from './scan-floor.ts'

const PLACE: Place = { queue: 'default', priority: 0, second: 1_800_000_000, id: 500 }
const SLOW = { swept: true, places: [PLACE], found: 10, wanted: 10, us: 50_000 }
const QUICK = { ...SLOW, us: 900 }

function slowFloor(now = 0): ScanFloor {
  const floor = new ScanFloor()
  for (let look = 0; look < 3; look += 1) floor.learn({ ...SLOW, now })
  return floor
}

describe('a look begins', () => {
  test('at the beginning as long as that is quick', () => {
    const floor = new ScanFloor()
    for (let now = 0; now < 10; now += 1) {
      expect(floor.places(now)).toBeUndefined()
      floor.learn({ ...QUICK, now })
    }
    expect(floor.places(10)).toBeUndefined()
  })

  test('at the beginning after one slow look or two: that may be the machine’s fault', () => {
    const floor = new ScanFloor()
    for (const look of [SLOW, SLOW, QUICK, SLOW, SLOW]) floor.learn({ ...look, now: 0 })

    expect(floor.places(1)).toBeUndefined()
  })

  test('where the last one ended, once looks from the beginning were slow three times', () => {
    expect(slowFloor().places(1)).toEqual([PLACE])
  })

  test('at the beginning again within a second, so that nothing stays unseen', () => {
    const floor = slowFloor()

    expect(floor.places(999)).toEqual([PLACE])
    expect(floor.places(1_000)).toBeUndefined()
    expect(floor.restMs(400)).toBe(600)
  })

  test('at the beginning less often where that takes so long that it would do nothing else', () => {
    const floor = new ScanFloor()
    for (let look = 0; look < 3; look += 1) floor.learn({ ...SLOW, us: 2_000_000, now: 0 })

    expect(floor.places(7_999)).toEqual([PLACE])
    expect(floor.places(8_000)).toBeUndefined()
  })

  test('at the beginning once this process has put jobs before the place', () => {
    const floors = new ScanFloors()
    const request = { queues: ['default'], names: ['cases.fetch'] }
    for (let look = 0; look < 3; look += 1) floors.of(request).learn({ ...SLOW, now: 0 })
    expect(floors.of(request).places(1)).toEqual([PLACE])

    floors.lower()

    expect(floors.of(request).places(1)).toBeUndefined()
  })
})

test('the place moves on with each look, for the pair that was looked at', () => {
  const floor = slowFloor()
  const other: Place = { ...PLACE, priority: 5 }
  floor.learn({ ...SLOW, places: [PLACE, other], now: 0 })

  floor.learn({ ...QUICK, swept: false, places: [{ ...PLACE, id: 900 }], now: 1 })

  expect(floor.places(2)).toEqual([{ ...PLACE, id: 900 }, other])
})

test('workers with other queues or names have places of their own', () => {
  const floors = new ScanFloors()
  const of = (queues: string[], names: string[]) => floors.of({ queues, names })

  expect(of(['a'], ['x'])).toBe(of(['a'], ['x']))
  expect(of(['a'], ['x'])).not.toBe(of(['a'], ['y']))
  expect(of(['a', 'b'], ['x'])).not.toBe(of(['a'], ['b', 'x']))
})
