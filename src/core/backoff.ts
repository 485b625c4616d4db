import { type Duration, milliseconds } from './duration.ts'
import { notAllowed } from './errors.ts'

/**
 * How long a job waits after a failed attempt: one duration for every time, a list whose last entry repeats (Laravel's
 * form), an exponential rule, or a function of the attempt (1 for the first) and its error.
 */
export type Backoff = Duration | readonly Duration[] | Exponential | ((attempt: number, error: unknown) => Duration)

/** `base × factor^(attempt−1)`, at most `max`, spread by ± `jitter` (0 to 1) so that jobs that failed together do not return together. */
export interface Exponential {
  base: Duration
  factor?: number
  max?: Duration
  jitter?: number
}

/** A backoff as it stands in a payload: milliseconds, a list of them, or the numbers of an exponential rule. */
export type StoredBackoff = number[] | { base: number; factor: number; max: number; jitter: number }

/** Ten years, as for any duration. */
const LONGEST = 10 * 365.25 * 86_400_000

export const DEFAULT_BACKOFF: StoredBackoff = { base: 5_000, factor: 2, max: 3_600_000, jitter: 0.2 }

/** Checks `backoff` and brings it into its stored form; a function has none and gives `undefined`. */
export function storedBackoff(backoff: Backoff, name = 'backoff'): StoredBackoff | undefined {
  if (typeof backoff === 'function') return undefined
  if (Array.isArray(backoff)) {
    if (backoff.length === 0) throw notAllowed('BAD_ARGUMENT', name, backoff, 'at least one duration')
    return backoff.map((entry, at) => milliseconds(entry, `${name}[${at}]`))
  }
  if (typeof backoff === 'object' && backoff !== null) {
    const { base, factor = 2, max = '1h', jitter = 0.2 } = backoff as Exponential
    if (!within(factor, 1, 100)) throw notAllowed('BAD_ARGUMENT', `${name}.factor`, factor, '1 to 100')
    if (!within(jitter, 0, 1)) throw notAllowed('BAD_ARGUMENT', `${name}.jitter`, jitter, '0 to 1')
    return { base: milliseconds(base, `${name}.base`), factor, max: milliseconds(max, `${name}.max`), jitter }
  }
  return [milliseconds(backoff as Duration, name)]
}

/** Milliseconds to wait after attempt number `attempt` failed (1 for the first). */
export function backoffDelay(backoff: StoredBackoff, attempt: number, random: () => number = Math.random): number {
  // Whoever wrote the row may have written fractions.
  if (Array.isArray(backoff)) return Math.round(backoff[Math.min(attempt, backoff.length) - 1] ?? backoff.at(-1) ?? 0)
  // A factor so often raised is infinite, and zero times that is no number.
  const plain = backoff.base === 0 ? 0 : Math.min(backoff.max, backoff.base * backoff.factor ** (attempt - 1))
  return Math.round(plain * (1 - backoff.jitter + 2 * backoff.jitter * random()))
}

/** Laravel's `backoff` key: seconds joined by commas (`"10,60,300"`), rounded up; `null` where it has no such form. */
export function laravelBackoff(backoff: StoredBackoff | undefined): string | null {
  return Array.isArray(backoff) ? backoff.map((ms) => Math.ceil(ms / 1_000)).join(',') : null
}

/** Reads Laravel's `backoff` key in all the forms it was ever written: `"10,60"`, `"7"`, `7`, `[10, 60]`, `null`. */
export function readLaravelBackoff(value: unknown): StoredBackoff | undefined {
  const parts = Array.isArray(value) ? value : typeof value === 'string' ? value.split(',') : [value]
  const seconds = parts
    .filter((part) => typeof part === 'number' || (typeof part === 'string' && part.trim() !== ''))
    .map(Number)
  if (seconds.length === 0 || !seconds.every((number) => within(number, 0, LONGEST / 1_000))) return undefined
  return seconds.map((number) => Math.round(number * 1_000))
}

/** Reads a stored backoff out of a payload; `undefined` for what is none, since anybody may have written the row. */
export function readStoredBackoff(value: unknown): StoredBackoff | undefined {
  if (Array.isArray(value)) return value.length > 0 && value.every(isDelay) ? (value as number[]) : undefined
  if (typeof value !== 'object' || value === null) return undefined
  const { base, factor, max, jitter } = value as Record<string, unknown>
  const fits = isDelay(base) && isDelay(max) && within(factor, 1, 100) && within(jitter, 0, 1)
  return fits ? { base, factor, max, jitter } : undefined
}

function isDelay(value: unknown): value is number {
  return within(value, 0, LONGEST)
}

function within(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && value >= least && value <= most
}
