import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Polling } from './polling.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A worker that looks when it is woken, and finds jobs while there are some. */
function looking() {
  const polling = new Polling()
  const looks: number[] = []
  let jobs = 0
  const look = async () => {
    looks.push(performance.now())
    const found = jobs
    jobs = 0
    return found
  }
  const end = polling.add(() => void polling.during(look, (found) => found > 0))
  return {
    polling,
    looks,
    end,
    put() {
      jobs++
    },
  }
}

describe('looks that nobody asked for', () => {
  test('come every two seconds while there is nothing', async () => {
    const { looks } = looking()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(looks.length).toBeGreaterThan(26)
    expect(looks.length).toBeLessThan(34)
  })

  test('are late by at most a third of the pause before a job, and 25 ms for jobs that come at once', async () => {
    const { looks, put } = looking()
    for (const pause of [0, 40, 200, 1_000, 4_000]) {
      put()
      const from = performance.now()
      const seen = looks.length
      while (looks.length === seen) await vi.advanceTimersByTimeAsync(1)
      // The first one is found by an idle worker.
      if (pause > 0) expect(looks.at(-1)! - from).toBeLessThanOrEqual(25 + pause / 3)
      await vi.advanceTimersByTimeAsync(pause)
    }
  })

  test('are few in the time after the last job', async () => {
    const { looks, put } = looking()
    put()
    await vi.advanceTimersByTimeAsync(3_000)
    const seen = looks.length
    put()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(looks.length - seen).toBeLessThan(40)
  })

  test('are left out while a look is under way, and end with the listener', async () => {
    const { polling, looks, end } = looking()
    const slow = polling.during(
      () => new Promise<number>((resolve) => setTimeout(() => resolve(0), 10_000)),
      () => false,
    )
    await vi.advanceTimersByTimeAsync(10_001)
    expect(looks).toEqual([])
    await slow
    end()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(looks).toEqual([])
  })
})
