import { nextRun } from '../core/cron.ts'
import { FaenaError } from '../core/errors.ts'
import type { AnyJob, JobDefinition } from '../core/job.ts'
import { withSchedule } from '../core/payload.ts'
import { checkSchedule, type ScheduleDefinition } from '../core/schedule.ts'
import type { NewSchedule, Store } from '../store.ts'
import { inputText } from './input.ts'
import { newJob } from './newjob.ts'

/** A schedule's definition, its input typed by its job. */
export interface ScheduleOptions<Input, Parsed = Input, Result = unknown>
  extends Omit<ScheduleDefinition, 'key' | 'job' | 'input'> {
  job: JobDefinition<Input, Parsed, Result>
  input: NoInfer<Input>
}

/** Saves the schedule. An existing one of this key keeps its next run unless its timing changed. Throws BAD_SCHEDULE. */
export async function saveSchedule<Input, Parsed, Result>(
  store: Store,
  key: string,
  options: ScheduleOptions<Input, Parsed, Result>,
  timezone: string,
): Promise<NewSchedule> {
  const { job, queue, timing, missed, overlap } = checkSchedule({ ...options, key }, timezone)
  const input = await inputText(job, options.input)
  const { now } = await store.ping()
  const nextAt = nextRun(timing, now)
  const schedule: NewSchedule = { key, job: job.name, queue, input, timing, missed, overlap, origin: 'api', nextAt }
  await store.saveSchedule(schedule)
  return schedule
}

/**
 * Dispatches a schedule's job now; its times stay as they are. Where the schedule is not paused that goes through `fire`,
 * so that it shows this run as its last.
 */
export async function fireNow(store: Store, key: string, jobs: readonly AnyJob[]): Promise<{ uuid: string }> {
  const find = async () => (await store.schedules()).find((one) => one.key === key)
  const schedule = await find()
  if (schedule === undefined) {
    throw new FaenaError('NOT_FOUND', `No schedule has the key ${key}; faena schedules lists them`)
  }
  const definition = jobs.find(({ name }) => name === schedule.job)
  if (definition === undefined) {
    throw new FaenaError('UNKNOWN_JOB', `Schedule ${key} dispatches job ${schedule.job}, which no definition here has`)
  }
  const input: unknown = JSON.parse(schedule.input)
  const { queue, nextAt, pausedAt } = schedule
  const made = newJob(definition, input, await inputText(definition, input), { queue }, Number.MAX_SAFE_INTEGER)
  const job = { ...made, payload: withSchedule(made.payload, { key, at: Date.now() }) }
  const fired = pausedAt === null && nextAt !== null && (await store.fire({ key, seen: nextAt, nextAt, job }))
  // A taken unique key makes another job the one that runs; `fire` only says that it was done.
  if (fired) return { uuid: (job.unique && (await find())?.lastUuid) ?? job.uuid }
  const [pushed] = await store.push([job], { fresh: true })
  return { uuid: pushed?.uuid ?? job.uuid }
}
