import { ApiError } from './errors.ts'
import type { Cost } from './route.ts'

/** Requests per minute of one subject. */
export type Limits = Readonly<Record<Cost, number>>

export const USUAL_LIMITS: Limits = { read: 600, write: 120, bulk: 12 }

const WINDOW_MS = 60_000
/** Whoever invents subjects or addresses must not fill the memory. */
const MOST_KEYS = 10_000

/** Counts per key in windows of a minute. In memory: each server process counts for itself. */
export class Counter {
  readonly #now: () => number
  readonly #counts = new Map<string, { count: number; from: number }>()

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Counts one more. Answers how many there were in this window, and the ms until it ends. */
  add(key: string): { count: number; resetMs: number } {
    const now = this.#now()
    let window = this.#counts.get(key)
    if (window === undefined || now - window.from >= WINDOW_MS) {
      this.#counts.delete(key)
      if (this.#counts.size >= MOST_KEYS) this.#forgetOldest()
      window = { count: 0, from: now }
      this.#counts.set(key, window)
    }
    window.count += 1
    return { count: window.count, resetMs: window.from + WINDOW_MS - now }
  }

  /** How many there were in this window, without counting. */
  count(key: string): number {
    const window = this.#counts.get(key)
    return window === undefined || this.#now() - window.from >= WINDOW_MS ? 0 : window.count
  }

  forget(key: string): void {
    this.#counts.delete(key)
  }

  /** One that was counted is none; the others stay. */
  takeBack(key: string): void {
    const window = this.#counts.get(key)
    if (window !== undefined && window.count > 0) window.count -= 1
  }

  #forgetOldest(): void {
    const [oldest] = this.#counts.keys()
    if (oldest !== undefined) this.#counts.delete(oldest)
  }
}

/** Headers that tell how much is left. Throws RATE_LIMITED where nothing is. */
export function spend(counter: Counter, key: string, limit: number): Record<string, string> {
  const { count, resetMs } = counter.add(key)
  const seconds = Math.max(1, Math.ceil(resetMs / 1_000))
  const headers = {
    'ratelimit-limit': String(limit),
    'ratelimit-remaining': String(Math.max(0, limit - count)),
    'ratelimit-reset': String(seconds),
  }
  if (count <= limit) return headers
  throw new ApiError('RATE_LIMITED', `More than ${limit} requests of this kind in a minute`, {
    headers: { ...headers, 'retry-after': String(seconds) },
  })
}
