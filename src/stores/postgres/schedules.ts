import type { NewJob, NewSchedule, ScheduleStore } from '../../store.ts'
import { raw, sql } from '../sql/sql.ts'
import { type Context, nowMs } from './context.ts'
import { insert } from './push.ts'

/** Schedules: any number of processes may fire, the row's next run decides which one does. */
export function scheduling(context: Context): Omit<ScheduleStore, 'schedules'> {
  const { connection, names } = context
  const table = raw(names.own('schedules'))

  return {
    async saveSchedule(schedule: NewSchedule): Promise<void> {
      const { timing } = schedule
      const [cron, zone, every] = 'cron' in timing ? [timing.cron, timing.zone, null] : [null, null, timing.everyMs]
      await connection.query(
        'common',
        sql`
        insert into ${table} as s (key, job, queue, input, cron, zone, every_ms, missed, overlap, origin, next_at)
        values (${schedule.key}, ${schedule.job}, ${schedule.queue}, ${schedule.input}, ${cron}, ${zone}, ${every},
                ${schedule.missed}, ${schedule.overlap}, ${schedule.origin}, ${schedule.nextAt})
        on conflict (key) do update
           set job = excluded.job, queue = excluded.queue, input = excluded.input, missed = excluded.missed,
               overlap = excluded.overlap, origin = excluded.origin,
               next_at = case when (s.cron, s.zone, s.every_ms) is not distinct from (excluded.cron, excluded.zone, excluded.every_ms)
                              then s.next_at else excluded.next_at end,
               cron = excluded.cron, zone = excluded.zone, every_ms = excluded.every_ms`,
      )
    },

    async removeSchedule(key: string): Promise<boolean> {
      return (await connection.query('common', sql`delete from ${table} where key = ${key} returning 1`)).length > 0
    },

    async pauseSchedule(key: string, paused: boolean): Promise<boolean> {
      const at = paused ? sql`coalesce(paused_at, ${nowMs(context)})` : raw('null')
      const rows = await connection.query(
        'common',
        sql`update ${table} set paused_at = ${at} where key = ${key} returning 1`,
      )
      return rows.length > 0
    },

    async fire(firing: { key: string; seen: number; nextAt: number | null; job: NewJob | null }): Promise<boolean> {
      const { key, seen, nextAt, job } = firing
      const won = await connection.transaction('common', async (run) => {
        const moved = await run(sql`
          update ${table} set next_at = ${nextAt} where key = ${key} and next_at = ${seen} and paused_at is null returning 1`)
        if (moved.length > 0 && job) {
          // Where the job's unique key was taken, the run is the holder's: that is what the overlap policy asks after.
          const [pushed] = await insert(context, run, [job], {})
          await run(sql`
            update ${table} set last_at = least(${seen}::bigint, ${nowMs(context)}), last_uuid = ${pushed!.uuid} where key = ${key}`)
        }
        return moved.length > 0
      })
      if (won && job) context.wake()
      return won
    },
  }
}
