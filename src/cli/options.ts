import { InvalidArgumentError } from 'commander'
import { milliseconds } from '../core/duration.ts'
import { isFaenaError } from '../core/errors.ts'

/** Readers of option values. What they refuse is bad usage (exit code 2), and commander names the option. */
type Reader<Value> = (text: string) => Value

export function wholeOption(least: number, most = Number.MAX_SAFE_INTEGER): Reader<number> {
  return (text) => {
    const value = /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most) return value
    const allowed = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`
    throw new InvalidArgumentError(`Allowed: a whole number ${allowed}.`)
  }
}

/** Laravel's seconds, also with a fraction. Answers milliseconds. */
export function secondsOption(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1_000 : Number.NaN
  if (value <= 315_576_000_000) return Math.round(value)
  throw new InvalidArgumentError('Allowed: seconds, such as 60 or 0.5.')
}

/** Seconds as a bare number, or a duration with its unit. Answers milliseconds. */
export function durationOption(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return secondsOption(text)
  try {
    return milliseconds(text, 'value')
  } catch (error) {
    if (!isFaenaError(error)) throw error
    throw new InvalidArgumentError('Allowed: seconds, or a number with a unit: 250ms, 10s, 2m, 1h, 7d, 2w.')
  }
}

/** Laravel's `--backoff`: seconds, or several joined by commas of which the last repeats. Answers milliseconds. */
export function backoffOption(text: string): number[] {
  return text.split(',').map((part) => secondsOption(part.trim()))
}

/** Names joined by commas, in order. */
export function listOption(text: string): string[] {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  if (names.length > 0) return names
  throw new InvalidArgumentError('Allowed: names joined by commas.')
}

/** `1-5`: all whole numbers from the first to the last, at most ten thousand. Repeatable. */
export function rangeOption(text: string, before: number[] = []): number[] {
  const [, first, last] = /^(\d{1,15})-(\d{1,15})$/.exec(text) ?? []
  const [from, to] = [Number(first), Number(last)]
  if (from >= 1 && to >= from && to - from < 10_000) {
    return [...before, ...Array.from({ length: to - from + 1 }, (_, at) => from + at)]
  }
  throw new InvalidArgumentError('Allowed: two ids as in 1-5, at most 10000 ids apart.')
}

export function dateOption(text: string): Date {
  const date = new Date(text)
  if (!Number.isNaN(date.getTime()) && /\d{4}/.test(text)) return date
  throw new InvalidArgumentError('Allowed: a time such as 2026-01-05T08:30:00Z.')
}

/** Lines of examples below a command's help: what to type, and what it does. */
export function examples(lines: readonly (readonly [command: string, what: string])[]): string {
  const width = Math.max(...lines.map(([command]) => command.length))
  return `\nExamples\n${lines.map(([command, what]) => `  ${command.padEnd(width)}   ${what}`).join('\n')}`
}
