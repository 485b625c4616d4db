import { type Duration, milliseconds } from '../core/duration.ts'
import { FaenaError, notAllowed } from '../core/errors.ts'

/** The last second that every store's column can hold (a signed 32-bit number): 2038-01-19 03:14:07 UTC. */
const LAST_MS = (2 ** 31 - 1) * 1_000

export interface When {
  delay?: Duration
  availableAt?: Date | number
}

/** When a job falls due, as the store takes it: at most one of the two is set. */
export interface Due {
  delayMs?: number
  availableAt?: number
}

/** Checks `when` against what `jobs.available_at` can hold. `now` is unix ms, and only used for that check. */
export function dueTime(when: When, now: number): Due {
  const { delay, availableAt } = when
  if (availableAt === undefined) {
    if (delay === undefined) return {}
    const delayMs = milliseconds(delay, 'delay')
    if (now + delayMs > LAST_MS) throw notAllowed('BAD_ARGUMENT', 'delay', delay, `an end not after ${iso(LAST_MS)}`)
    return { delayMs }
  }
  if (delay !== undefined) {
    throw new FaenaError('BAD_ARGUMENT', 'delay and availableAt are both given; give one of them')
  }
  return { availableAt: instant(availableAt) }
}

function instant(value: Date | number): number {
  const ms = value instanceof Date ? value.getTime() : value
  if (typeof ms !== 'number' || !(ms >= 0 && ms <= LAST_MS)) {
    const shown = value instanceof Date && Number.isNaN(ms) ? 'Invalid Date' : value
    throw notAllowed('BAD_ARGUMENT', 'availableAt', shown, `a Date or unix milliseconds, not after ${iso(LAST_MS)}`)
  }
  // As milliseconds such a number lies in early 1970: seconds were meant, and the job would start at once.
  if (value === ms && ms >= 1e9 && ms < 1e10) {
    throw notAllowed(
      'BAD_ARGUMENT',
      'availableAt',
      value,
      'unix milliseconds (this looks like seconds: multiply by 1000)',
    )
  }
  return Math.ceil(ms)
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
