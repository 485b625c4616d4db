import { type ErrorCode, notAllowed } from './errors.ts'

/**
 * A length of time: whole milliseconds as a number, or a number with a unit: `250ms`, `10s`, `2m`, `1.5h`, `7d`, `2w`.
 * A bare number in a string is refused, since it could mean either seconds or milliseconds.
 */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd' | 'w'}`

const UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }
const FORM = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)$/
const LONGEST = 10 * 365.25 * UNITS.d!

/** Milliseconds of `duration`. Throws an error of `code` that names `name` for anything negative, unreadable or over ten years. */
export function milliseconds(duration: Duration | string, name: string, code: ErrorCode = 'BAD_ARGUMENT'): number {
  const found = typeof duration === 'string' ? FORM.exec(duration.trim()) : undefined
  const ms = found ? Number(found[1]) * UNITS[found[2]!]! : duration
  if (typeof ms !== 'number' || !(ms >= 0 && ms <= LONGEST)) {
    throw notAllowed(
      code,
      name,
      duration,
      'milliseconds as a number, or 250ms, 10s, 2m, 1h, 7d, 2w (at most ten years)',
    )
  }
  return Math.round(ms)
}

/** A length in ms for people, in its two largest units: `812ms`, `1s 250ms`, `2m 5s`, `3h 10m`, `4d 2h`. */
export function spoken(length: number): string {
  if (length < 10) return `${Math.round(length * 100) / 100}ms`
  const ms = Math.round(length)
  const units = ['d', 'h', 'm', 's', 'ms'] as const
  const first = units.findIndex((unit) => ms >= UNITS[unit]!)
  const unit = units[first]!
  const next = units[first + 1]
  const whole = Math.floor(ms / UNITS[unit]!)
  const rest = next === undefined ? 0 : Math.floor((ms - whole * UNITS[unit]!) / UNITS[next]!)
  return rest > 0 ? `${whole}${unit} ${rest}${next}` : `${whole}${unit}`
}
