import { FaenaError } from '../core/errors.ts'
import type { AnyJob } from '../core/job.ts'
import { checkInput } from '../core/schema.ts'

const DEEPEST = 400

/**
 * A job's input as the JSON text that is stored. The schema checks the JSON form, because that is what a handler will be
 * given: a Date is a string by then. Answers at once unless the schema is asynchronous. Throws INVALID_INPUT.
 */
export function inputText(job: AnyJob, input: unknown): string | Promise<string> {
  const plain = isPlainJson(input, job.name)
  const text = JSON.stringify(input) ?? 'null'
  const form: unknown = plain ? input : JSON.parse(text)
  const checked = checkInput(job.input, form, job.name)
  return checked instanceof Promise ? checked.then(() => text) : text
}

/**
 * Whether JSON gives `input` back as it is, so that the round trip can be left out. False where JSON changes it in the way
 * its author meant (`toJSON`, properties that are undefined). Throws INVALID_INPUT where JSON would lose something
 * silently: NaN, a Map, a function, undefined in an array.
 */
function isPlainJson(input: unknown, job: string): boolean {
  const path: (string | number)[] = []
  try {
    return isPlain(input, path)
  } catch (error) {
    if (!(error instanceof Unfit)) throw error
    const at = path.length === 0 ? 'input' : path.join('.')
    throw new FaenaError('INVALID_INPUT', `Input of job ${job} is not plain JSON: ${at} is ${error.what}`, {
      issues: [{ path: path.join('.'), message: `is ${error.what}` }],
    })
  }
}

/** Thrown with the path left as it was where the walk stopped. */
class Unfit {
  readonly what: string
  constructor(what: string) {
    this.what = what
  }
}

function isPlain(value: unknown, path: (string | number)[]): boolean {
  if (isPlainLeaf(value)) return true
  if (typeof value === 'number') throw new Unfit(String(value))
  if (typeof value !== 'object') throw new Unfit(value === undefined ? 'undefined' : `a ${typeof value}`)
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return false
  if (path.length >= DEEPEST) throw new Unfit(`nested deeper than ${DEEPEST} levels, or holds itself`)
  return Array.isArray(value) ? isPlainList(value, path) : isPlainObject(value as Record<string, unknown>, path)
}

function isPlainLeaf(value: unknown): boolean {
  return (
    typeof value === 'string' ||
    (typeof value === 'number' && Number.isFinite(value)) ||
    typeof value === 'boolean' ||
    value === null
  )
}

function isPlainList(list: readonly unknown[], path: (string | number)[]): boolean {
  let plain = true
  for (let at = 0; at < list.length; at++) {
    if (isPlainLeaf(list[at])) continue
    path.push(at)
    plain = isPlain(list[at], path) && plain
    path.pop()
  }
  return plain
}

function isPlainObject(value: Record<string, unknown>, path: (string | number)[]): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  // An object literal of another realm has another Object.prototype, but that too has nothing above it.
  if (prototype !== null && prototype !== Object.prototype && Object.getPrototypeOf(prototype) !== null) {
    throw new Unfit(`an instance of ${value.constructor?.name || 'a class'}, which has no toJSON`)
  }
  let plain = true
  for (const key of Object.keys(value)) {
    const member = value[key]
    if (isPlainLeaf(member)) continue
    if (member === undefined) {
      plain = false
      continue
    }
    path.push(key)
    plain = isPlain(member, path) && plain
    path.pop()
  }
  return plain
}
