import type { NewSchedule, Schedule, ScheduleStore } from '../../store.ts'
import { checkJob, pushOne, refuseDuplicates } from './push.ts'
import { type Tables, wakeListeners } from './tables.ts'

export function schedules(tables: Tables): ScheduleStore {
  const table = tables.schedules
  return {
    schedules: async () => structuredClone([...table.values()].sort((a, b) => (a.key < b.key ? -1 : 1))),
    saveSchedule: async (schedule) => {
      table.set(schedule.key, merged(schedule, table.get(schedule.key)))
    },
    removeSchedule: async (key) => table.delete(key),
    pauseSchedule: async (key, paused) => {
      const schedule = table.get(key)
      if (schedule === undefined) return false
      schedule.pausedAt = paused ? (schedule.pausedAt ?? tables.clock()) : null
      return true
    },
    fire: async (firing) => fire(tables, firing),
  }
}

/** A restarted program saves its schedules again: that must not move a run that is about to come. */
function merged(saved: NewSchedule, existing: Schedule | undefined): Schedule {
  const { pausedAt = null, lastAt = null, lastUuid = null } = existing ?? {}
  const unchanged = existing !== undefined && sameTiming(existing.timing, saved.timing)
  const nextAt = unchanged ? existing.nextAt : saved.nextAt
  return structuredClone({ ...saved, nextAt, pausedAt, lastAt, lastUuid })
}

function sameTiming(a: NewSchedule['timing'], b: NewSchedule['timing']): boolean {
  if ('everyMs' in a || 'everyMs' in b) return 'everyMs' in a && 'everyMs' in b && a.everyMs === b.everyMs
  return a.cron === b.cron && a.zone === b.zone
}

function fire(tables: Tables, { key, seen, nextAt, job }: Parameters<ScheduleStore['fire']>[0]): boolean {
  const schedule = tables.schedules.get(key)
  if (schedule === undefined || schedule.pausedAt !== null || schedule.nextAt !== seen) return false
  if (job) {
    checkJob(tables, job)
    refuseDuplicates(tables, [job])
    schedule.lastUuid = pushOne(tables, job).uuid
    // A run that is fired by hand comes before its time.
    schedule.lastAt = Math.min(seen, tables.clock())
    wakeListeners(tables)
  }
  schedule.nextAt = nextAt
  return true
}
