/** A clock that stands still until a test moves it. */
export interface TestClock {
  /** Unix ms. */
  now(): number
  advance(ms: number): void
}

/** Starts in the middle of a second, so that a time rounded the wrong way shows. */
export function testClock(start = Date.UTC(2026, 0, 5, 12, 0, 0, 400)): TestClock {
  let now = start
  return {
    now: () => now,
    advance: (ms) => {
      now += ms
    },
  }
}
