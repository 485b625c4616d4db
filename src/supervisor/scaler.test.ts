import { describe, expect, test } from 'vitest'
import type { PoolDefinition, PoolPlan } from '../core/pools.ts'
import { settingsFrom } from '../core/settings.ts'
import { lanesOf } from './lanes.ts'
import { type LaneLoad, Scaler } from './scaler.ts'

function plan(definition: PoolDefinition): PoolPlan {
  return settingsFrom({}, { pools: { p: { concurrency: 1, ...definition } } }).pools[0]!
}

function load(have: number, due: number, more: Partial<LaneLoad> = {}): LaneLoad {
  return { have, due, reserved: Math.min(have, due), runMs: 1_000, ...more }
}

/** Plays seconds through: processes do what they are told at once, `due` says what waits at each second. */
function play(pool: PoolPlan, seconds: number, due: (second: number, lane: number) => number): number[][] {
  const lanes = lanesOf(pool)
  const scaler = new Scaler(pool, lanes)
  let have = lanes.map(({ least }) => least)
  const history: number[][] = []
  for (let second = 0; second < seconds; second++) {
    const loads = have.map((count, at) => load(count, due(second, at)))
    have = scaler.decide(
      loads,
      have.reduce((a, b) => a + b, 0),
      second * 1_000,
    )
    history.push(have)
  }
  return history
}

describe('lanes', () => {
  test('without balance all processes serve all queues; simple shares them evenly, auto within bounds', () => {
    const queues = ['a', 'b', 'c']
    expect(lanesOf(plan({ queues, processes: 4 }))).toEqual([{ queues, least: 4, most: 4 }])
    expect(lanesOf(plan({ queues, processes: 4, balance: 'simple' })).map(({ least }) => least)).toEqual([2, 1, 1])
    const auto = lanesOf(plan({ queues, processes: { min: 2, max: 10 }, balance: 'auto' }))
    expect(auto.map(({ least, most }) => [least, most])).toEqual([
      [2, 6],
      [2, 6],
      [2, 6],
    ])
  })
})

describe('scaling', () => {
  const one = plan({ queues: 'a', processes: { min: 1, max: 8 }, waitTarget: '10s' })

  test('goes up by one per cooldown while what waits would not begin in time', () => {
    const history = play(one, 30, () => 40)
    expect(history.slice(0, 8).map(([count]) => count)).toEqual([2, 2, 2, 3, 3, 3, 4, 4])
    expect(history.at(-1)).toEqual([8])
  })

  test('what begins in time calls for nobody', () => {
    expect(play(one, 60, () => 1).at(-1)).toEqual([2])
    expect(play(plan({ queues: 'a', processes: { min: 1, max: 8 }, concurrency: 10 }), 60, () => 5).at(-1)).toEqual([1])
  })

  test('by size counts the jobs that wait, however short they are', () => {
    const pool = plan({ queues: 'a', processes: { min: 1, max: 8 }, scaleBy: 'size', sizeTarget: 50 })
    const scaler = new Scaler(pool, lanesOf(pool))
    expect(scaler.decide([load(1, 500, { runMs: 1, reserved: 0 })], 1, 0)).toEqual([2])
    expect(new Scaler(pool, lanesOf(pool)).decide([load(1, 49, { runMs: 60_000, reserved: 0 })], 1, 0)).toEqual([1])
  })

  test('goes down only after fewer would have been enough for the whole hold-down, then by one per cooldown', () => {
    const history = play(one, 120, (second) => (second < 30 ? 100 : 0)).map(([count]) => count!)
    expect(history[29]).toBe(8)
    expect(history.findIndex((count, at) => at > 30 && count < 8)).toBe(60)
    expect(history.at(-1)).toBe(1)
  })

  test('a load that comes and goes within the hold-down moves nothing', () => {
    const history = play(one, 300, (second) => (second % 20 < 10 ? 100 : 0)).map(([count]) => count!)
    expect(new Set(history.slice(60))).toEqual(new Set([8]))
  })

  test('never leaves its bounds', () => {
    const pool = plan({ queues: 'a,b', balance: 'auto', processes: { min: 1, max: 5 }, maxShift: 4, holdDown: 0 })
    const history = play(pool, 200, (second, lane) => ((second * 7 + lane * 13) % 17) * 100)
    for (const counts of history) {
      expect(Math.min(...counts)).toBeGreaterThanOrEqual(1)
      expect(counts[0]! + counts[1]!).toBeLessThanOrEqual(5)
    }
  })
})

describe('balance auto', () => {
  const pool = plan({ queues: 'a,b', balance: 'auto', processes: { min: 1, max: 6 } })

  test('moves processes to the queue that waits, and back', () => {
    const history = play(pool, 120, (second, lane) => (second < 60 === (lane === 0) ? 1_000 : 0))
    expect(history[59]).toEqual([5, 1])
    expect(history[119]).toEqual([1, 5])
    // It does not wait for the hold-down where another queue waits: some seconds per process.
    expect(history[85]).toEqual([1, 5])
  })

  test('two queues that wait alike share, and a tremble of their lengths moves nobody', () => {
    const history = play(pool, 300, (second, lane) => 500 + ((second * 31 + lane * 17) % 40))
    const settled = history.slice(60).map((counts) => counts.join())
    expect(new Set(settled)).toEqual(new Set(['3,3']))
  })

  test('a process that still finishes its jobs counts: the total stays within max', () => {
    const scaler = new Scaler(pool, lanesOf(pool))
    expect(scaler.decide([load(2, 1_000), load(3, 0)], 6, 0)).toEqual([2, 3])
    expect(scaler.decide([load(2, 1_000), load(3, 0)], 5, 100)).toEqual([3, 3])
  })
})
