import { checkTiming, type Timing } from './cron.ts'
import { type Duration, milliseconds } from './duration.ts'
import { FaenaError, notAllowed } from './errors.ts'
import { isJob } from './handler.ts'
import { type AnyJob, queueName } from './job.ts'

/**
 * A job to be dispatched again and again: `cron` on the wall clock of `zone`, or `every` so long, counted from 1970.
 *
 * - `key`: what the schedule is known by; default the job's name.
 * - `missed`: what becomes of runs that came due while no scheduler ran: `'once'` (default) makes up the latest one,
 *   `'skip'` none, `'all'` each of them, at most the latest hundred.
 * - `overlap`: `'skip'` makes no new job while the one before is still in the queue or running.
 */
export interface ScheduleDefinition {
  key?: string
  job: AnyJob
  input?: unknown
  cron?: string
  /** IANA name; default the configuration's `timezone`. */
  zone?: string
  every?: Duration
  queue?: string
  missed?: 'skip' | 'once' | 'all'
  overlap?: 'allow' | 'skip'
}

/** A checked definition. Its input is checked against the job's schema when it is saved. */
export interface ConfiguredSchedule {
  key: string
  job: AnyJob
  input: unknown
  queue: string
  timing: Timing
  missed: 'skip' | 'once' | 'all'
  overlap: 'allow' | 'skip'
}

const LONGEST_KEY = 191
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const CONTROL = /[\u0000-\u001f\u007f]/

/** Throws BAD_SCHEDULE that names the schedule, the part at fault, its value and what is allowed. */
export function checkSchedule(definition: ScheduleDefinition, timezone: string): ConfiguredSchedule {
  const { job, input, missed = 'once', overlap = 'allow' } = definition
  if (!isJob(job)) throw notAllowed('BAD_SCHEDULE', 'job of a schedule', job, 'a definition made by defineJob')
  const key = scheduleKey(definition.key ?? job.name)
  return {
    key,
    job,
    input,
    queue: definition.queue === undefined ? job.queue : queueName(definition.queue, `queue of schedule ${key}`),
    timing: checkTiming(timingOf(key, definition, timezone), `schedule ${key}`),
    missed: oneOf(missed, ['skip', 'once', 'all'], `missed of schedule ${key}`),
    overlap: oneOf(overlap, ['allow', 'skip'], `overlap of schedule ${key}`),
  }
}

function scheduleKey(key: unknown): string {
  const fits = typeof key === 'string' && key !== '' && Buffer.byteLength(key) <= LONGEST_KEY && !CONTROL.test(key)
  if (fits) return key
  throw notAllowed('BAD_SCHEDULE', 'key of a schedule', key, `1 to ${LONGEST_KEY} bytes without control characters`)
}

function timingOf(key: string, { cron, every, zone }: ScheduleDefinition, timezone: string): Timing {
  if (cron !== undefined && every === undefined) return { cron, zone: zone ?? timezone }
  if (every !== undefined && cron === undefined) {
    if (zone === undefined) return { everyMs: milliseconds(every, `every of schedule ${key}`, 'BAD_SCHEDULE') }
    throw new FaenaError('BAD_SCHEDULE', `schedule ${key} has a zone, which means something to cron only; leave it out`)
  }
  throw new FaenaError('BAD_SCHEDULE', `schedule ${key} needs either cron or every, and not both`)
}

function oneOf<Value extends string>(value: Value, allowed: readonly Value[], name: string): Value {
  if (allowed.includes(value)) return value
  throw notAllowed('BAD_SCHEDULE', name, value, allowed.join(', '))
}
