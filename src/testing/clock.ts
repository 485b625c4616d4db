import { type Duration, milliseconds } from '../core/duration.ts'

/** A clock that stands still until a test moves it. It is a function, so a store takes it as its `clock`. */
export interface FakeClock {
  /** Unix ms. */
  (): number
  advance(duration: Duration): void
  /** Back is allowed too: clocks of real machines do that. */
  set(to: Date | number): void
}

/** Starts at `start`; left out, at a whole second of 2026. */
export function fakeClock(start: Date | number = Date.UTC(2026, 0, 5, 12)): FakeClock {
  let now = Number(start)
  return Object.assign(() => now, {
    advance(duration: Duration) {
      now += milliseconds(duration, 'duration')
    },
    set(to: Date | number) {
      now = Number(to)
    },
  })
}
