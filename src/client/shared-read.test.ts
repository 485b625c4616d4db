import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { SharedRead } from './shared-read.ts'

/** Loads number themselves, and take as long as the test says, by a clock that the test moves. */
function reading({ costMs = 100, costs }: { costMs?: number; costs?: number } = {}) {
  let loads = 0
  const shared = new SharedRead(
    async () => {
      loads += 1
      const number = loads
      await vi.advanceTimersByTimeAsync(0)
      now += costMs
      return number
    },
    { costs, clock: () => now },
  )
  return { shared, loads: () => loads }
}

let now = 0
/** Time for the clock and for timers alike. */
async function pass(ms: number) {
  now += ms
  await vi.advanceTimersByTimeAsync(ms)
}

beforeEach(() => {
  now = 0
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a shared read', () => {
  test('that is cheap is made for everybody who asks', async () => {
    const { shared } = reading({ costMs: 1 })
    expect([await shared.read(), await shared.read()]).toEqual([1, 2])
  })

  test('that is costly serves all who ask while it is under way, and for two seconds', async () => {
    const { shared } = reading()
    expect(await Promise.all([shared.read(), shared.read()])).toEqual([1, 1])
    await pass(1_000)
    expect(await shared.read()).toBe(1)
  })

  test('is renewed once, just before its answer is too old, if a crowd asked', async () => {
    const { shared, loads } = reading()
    await shared.read()
    for (let reader = 0; reader < 10; reader++) await shared.read()
    await pass(1_500)
    expect(loads()).toBe(1)
    await pass(250)
    expect(loads()).toBe(2)
    await pass(1_000)
    expect(await shared.read()).toBe(2)
  })

  test('is renewed in time for a crowd that began while it was read, however long that takes', async () => {
    const { shared, loads } = reading({ costMs: 800 })
    await Promise.all(Array.from({ length: 4 }, () => shared.read()))
    for (let at = 0; at < 3; at++) {
      await shared.read()
      await pass(100)
    }
    expect(loads()).toBe(2)
  })

  test('is not renewed for nobody, nor for a panel that asks each second: that waits for a new one', async () => {
    const { shared, loads } = reading()
    await shared.read()
    await pass(5_000)
    expect(loads()).toBe(1)
    const seen: number[] = []
    for (let second = 0; second < 6; second++) {
      seen.push(await shared.read())
      await pass(1_000)
    }
    expect(seen).toEqual([2, 2, 3, 3, 4, 4])
  })

  test('shows at once what this process changed, also to who asks while an older one is under way', async () => {
    const { shared } = reading()
    await shared.read()
    shared.changed()
    expect(await shared.read()).toBe(2)
    const older = shared.read()
    shared.changed()
    expect(await older).toBe(2)
    expect(await shared.read()).toBe(3)
  })

  test('may stand as many times what it costs as it is told', async () => {
    const { shared, loads } = reading({ costMs: 500, costs: 20 })
    await shared.read()
    await pass(9_000)
    expect(loads()).toBe(1)
    expect(await shared.read()).toBe(1)
    await pass(1_000)
    expect(await shared.read()).toBe(2)
  })
})
