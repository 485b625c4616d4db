import { checkTiming, nextRun, type Timing } from '../core/cron.ts'
import { type Duration, milliseconds } from '../core/duration.ts'
import { FaenaError, notAllowed } from '../core/errors.ts'
import { type JobDefinition, queueName } from '../core/job.ts'
import type { NewSchedule, Store } from '../store.ts'
import { inputText } from './input.ts'

/**
 * What a schedule dispatches, and when: `cron` on the wall clock of `zone`, or `every` so long. `missed` says what happens
 * to runs that fell into a time when no scheduler ran, `overlap` whether a run is dispatched while the one before is
 * still there.
 */
export interface ScheduleOptions<Input, Parsed = Input, Result = unknown> {
  job: JobDefinition<Input, Parsed, Result>
  input: NoInfer<Input>
  cron?: string
  every?: Duration
  /** IANA name; default the queue's time zone (UTC). */
  zone?: string
  queue?: string
  missed?: 'skip' | 'once' | 'all'
  overlap?: 'allow' | 'skip'
  /** `config` for schedules a configuration lists, which go when it no longer does. */
  origin?: 'config' | 'api'
}

/** Saves the schedule. An existing one of this key keeps its next run unless its timing changed. Throws BAD_SCHEDULE. */
export async function saveSchedule<Input, Parsed, Result>(
  store: Store,
  key: string,
  options: ScheduleOptions<Input, Parsed, Result>,
  timezone: string,
): Promise<NewSchedule> {
  const { job, missed = 'once', overlap = 'allow', origin = 'api' } = options
  const timing = checkTiming(timingOf(key, options, timezone), `schedule ${scheduleKey(key)}`)
  checkPolicy(key, 'missed', missed, ['skip', 'once', 'all'])
  checkPolicy(key, 'overlap', overlap, ['allow', 'skip'])
  const { now } = await store.ping()
  const schedule: NewSchedule = {
    key,
    job: job.name,
    queue: options.queue === undefined ? job.queue : queueName(options.queue),
    input: await inputText(job, options.input),
    timing,
    missed,
    overlap,
    origin,
    nextAt: nextRun(timing, now),
  }
  await store.saveSchedule(schedule)
  return schedule
}

export function scheduleKey(key: unknown): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (typeof key === 'string' && key !== '' && Buffer.byteLength(key) <= 191 && !/[\u0000-\u001f\u007f]/.test(key))
    return key
  throw notAllowed('BAD_SCHEDULE', 'key', key, '1 to 191 bytes without control characters')
}

function timingOf(key: string, options: { cron?: string; every?: Duration; zone?: string }, timezone: string): Timing {
  const { cron, every, zone } = options
  if ((cron === undefined) === (every === undefined)) {
    throw new FaenaError('BAD_SCHEDULE', `schedule ${key} needs either cron or every, and not both`)
  }
  if (cron !== undefined) return { cron, zone: zone ?? timezone }
  if (zone !== undefined)
    throw new FaenaError('BAD_SCHEDULE', `schedule ${key} has a zone, which only cron knows; leave it out`)
  return { everyMs: milliseconds(every!, `every of schedule ${key}`, 'BAD_SCHEDULE') }
}

function checkPolicy(key: string, name: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value))
    throw notAllowed('BAD_SCHEDULE', `${name} of schedule ${key}`, value, allowed.join(', '))
}
