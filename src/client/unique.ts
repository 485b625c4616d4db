import { milliseconds } from '../core/duration.ts'
import { FaenaError, notAllowed } from '../core/errors.ts'
import type { AnyJob, Unique } from '../core/job.ts'
import type { UniqueKey } from '../store.ts'

const LONGEST_KEY = 255
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const CONTROL = /[\u0000-\u001f\u007f]/

/** What a dispatch may say of its unique key: its own, or `null` for none although the definition has one. */
export type GivenUnique = string | Unique | null

/** The unique key of one dispatch, scoped by the job's name so that two kinds of job never share one. */
export function uniqueKey(job: AnyJob, input: unknown, given: GivenUnique | undefined): UniqueKey | undefined {
  const rule: unknown = given === undefined ? definedUnique(job, input) : given
  if (rule === null) return undefined
  if (typeof rule === 'string') return { key: scoped(job.name, rule), until: 'ended', onTaken: 'skip' }
  if (typeof rule !== 'object') throw notAllowed('BAD_ARGUMENT', 'unique', rule, 'a key, or an object with a key')
  return checked(job.name, rule as Unique)
}

function definedUnique(job: AnyJob, input: unknown): string | Unique | null {
  return typeof job.unique === 'function' ? job.unique(input) : job.unique
}

function checked(name: string, unique: Unique): UniqueKey {
  const { until, onTaken = 'skip' } = unique
  const key = scoped(name, unique.key)
  if (!['skip', 'replace', 'pushBack'].includes(onTaken)) {
    throw notAllowed('BAD_ARGUMENT', 'unique.onTaken', onTaken, 'skip, replace, pushBack')
  }
  if (unique.for !== undefined) {
    if (until !== undefined) {
      throw new FaenaError(
        'BAD_ARGUMENT',
        'unique.until and unique.for are both given; a key with `for` is held for just that long',
      )
    }
    const forMs = milliseconds(unique.for, 'unique.for')
    if (forMs === 0) throw notAllowed('BAD_ARGUMENT', 'unique.for', unique.for, 'a time above 0')
    return { key, until: 'window', forMs, onTaken }
  }
  if (until !== undefined && until !== 'ended' && until !== 'processing') {
    throw notAllowed('BAD_ARGUMENT', 'unique.until', until, 'ended, processing')
  }
  return { key, until: until ?? 'ended', onTaken }
}

function scoped(name: string, key: unknown): string {
  const full = `${name}:${key}`
  if (typeof key === 'string' && key !== '' && Buffer.byteLength(full) <= LONGEST_KEY && !CONTROL.test(key)) return full
  const most = LONGEST_KEY - name.length - 1
  throw notAllowed('BAD_ARGUMENT', 'unique.key', key, `1 to ${most} bytes for job ${name}, without control characters`)
}
