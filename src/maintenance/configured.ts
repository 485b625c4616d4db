import { nextRun } from '../core/cron.ts'
import type { AnyJob } from '../core/job.ts'
import type { ConfiguredSchedule } from '../core/schedule.ts'
import type { NewSchedule, Schedule, ScheduleStore, Store } from '../store.ts'

export interface SavedConfiguration {
  saved: string[]
  removed: string[]
}

/**
 * Brings the store's schedules in line with a configuration: saves what is new or changed, removes those an earlier
 * configuration saved and this one no longer lists. Schedules made through the API stay, unless the configuration lists
 * their key: then it has the say. A schedule whose timing is unchanged keeps its next run and its pause.
 *
 * Any number of processes may do this at once if they have the same configuration; with different ones (during a
 * deployment) the last to start wins. One store has one configuration with schedules.
 *
 * `inputText` checks an input against its job's schema and gives its JSON text; throws INVALID_INPUT before anything is
 * written.
 */
export async function saveConfigured(
  store: ScheduleStore & Pick<Store, 'ping'>,
  schedules: readonly ConfiguredSchedule[],
  inputText: (job: AnyJob, input: unknown) => string | Promise<string>,
): Promise<SavedConfiguration> {
  const inputs = await Promise.all(schedules.map(({ job, input }) => inputText(job, input)))
  const { now } = await store.ping()
  const existing = new Map((await store.schedules()).map((schedule) => [schedule.key, schedule]))
  const done: SavedConfiguration = { saved: [], removed: [] }
  for (const [at, { key, job, queue, timing, missed, overlap }] of schedules.entries()) {
    const input = inputs[at]!
    const rest = { key, job: job.name, queue, input, timing, missed, overlap, origin: 'config' as const }
    const stored = existing.get(key)
    existing.delete(key)
    if (stored !== undefined && same(stored, rest)) continue
    await store.saveSchedule({ ...rest, nextAt: nextRun(timing, now) })
    done.saved.push(key)
  }
  for (const { key, origin } of existing.values()) {
    if (origin === 'config' && (await store.removeSchedule(key))) done.removed.push(key)
  }
  return done
}

function same(stored: Schedule, { timing, ...rest }: Omit<NewSchedule, 'nextAt'>): boolean {
  const fields = Object.keys(rest) as (keyof typeof rest)[]
  return fields.every((field) => stored[field] === rest[field]) && sameTiming(stored.timing, timing)
}

function sameTiming(a: NewSchedule['timing'], b: NewSchedule['timing']): boolean {
  if ('everyMs' in a || 'everyMs' in b) return 'everyMs' in a && 'everyMs' in b && a.everyMs === b.everyMs
  return a.cron === b.cron && a.zone === b.zone
}
