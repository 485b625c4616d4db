import { milliseconds } from './duration.ts'
import { FaenaError, notAllowed } from './errors.ts'
import { queueName } from './job.ts'

/** Readers of one setting's value, whether text of the environment or a value of the configuration. Each names what it refuses. */

const SHORTEST_SECRET = 32

export function secretOf(value: unknown, name: string): string {
  const bytes = Buffer.byteLength(String(value))
  if (bytes >= SHORTEST_SECRET) return String(value)
  throw new FaenaError(
    'BAD_CONFIGURATION',
    `${name} has ${bytes} bytes; allowed: at least ${SHORTEST_SECRET}, as \`openssl rand -hex 32\` makes`,
  )
}

export function durationOf(value: unknown, name: string, least: number, most: number): number {
  const ms = milliseconds(value as string, name)
  if (ms >= least && ms <= most) return ms
  throw bad(name, value, `${least} ms to ${most / 1_000} s`)
}

const UNITS: Record<string, number> = { b: 1, kb: 1_000, kib: 1_024, mb: 1_000_000, mib: 1_048_576 }

export function bytesOf(value: unknown): unknown {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([kKmM]?i?[bB])$/.exec(String(value)) ?? []
  const factor = UNITS[unit?.toLowerCase() ?? '']
  return typeof value === 'string' && factor !== undefined ? Math.floor(Number(number) * factor) : value
}

export function numberIn(text: string): number | string {
  return /^-?\d+$/.test(text) ? Number(text) : text
}

export function textOf(value: unknown, name: string): string {
  if (typeof value === 'string' && value.trim() !== '') return value
  throw bad(name, value, 'a text that is not empty')
}

export function functionOf<Wanted>(value: unknown, name: string): Wanted {
  if (typeof value === 'function') return value as Wanted
  throw bad(name, value, 'a function')
}

export function textsOf(value: unknown, name: string): string[] {
  return listOf(value).map((one) => textOf(typeof one === 'string' ? one.trim() : one, name))
}

/** Where a server's addresses begin: '' or '/admin/queues'. */
export function mountOf(value: unknown, name: string): string {
  const text = String(value).replace(/\/+$/, '')
  if (text.length <= 200 && /^(?:\/(?!\.)[\w.~-]+)*$/.test(text)) return text
  throw bad(name, value, 'a path such as /admin/queues, of letters, digits and . _ ~ -')
}

export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : typeof value === 'string' ? value.split(',') : [value]
}

export function oneOf<Value extends string>(allowed: readonly Value[], value: unknown, name: string): Value {
  if (allowed.includes(value as Value)) return value as Value
  throw bad(name, value, allowed.join(', '))
}

export function configured<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof FaenaError) || cause.code === 'BAD_CONFIGURATION') throw cause
    throw new FaenaError('BAD_CONFIGURATION', cause.message, { cause, issues: cause.issues })
  }
}

export function bad(name: string, value: unknown, allowed: string): FaenaError {
  return notAllowed('BAD_CONFIGURATION', name, value, allowed)
}

export function queuesOf(value: unknown, name: string): string[] {
  const queues = listOf(value).map((queue) => queueName(typeof queue === 'string' ? queue.trim() : queue, name))
  if (queues.length === 0) throw bad(name, value, 'at least one queue')
  return [...new Set(queues)]
}
