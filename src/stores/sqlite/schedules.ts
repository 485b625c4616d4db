import type { NewJob, NewSchedule, ScheduleStore } from '../../store.ts'
import type { Context } from './context.ts'
import { insert } from './push.ts'

/** Schedules: any number of processes may fire, the row's next run decides which one does. */
export function scheduling(context: Context): Omit<ScheduleStore, 'schedules'> {
  const { connection, now } = context

  return {
    async saveSchedule(schedule: NewSchedule): Promise<void> {
      const { timing } = schedule
      const [cron, zone, every] = 'cron' in timing ? [timing.cron, timing.zone, null] : [null, null, timing.everyMs]
      await connection.write('full', () =>
        connection.run(
          `insert into faena_schedules (key, job, queue, input, cron, zone, every_ms, missed, overlap, origin, next_at)
           values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
           on conflict (key) do update set
             job = excluded.job, queue = excluded.queue, input = excluded.input, missed = excluded.missed,
             overlap = excluded.overlap, origin = excluded.origin,
             next_at = case when cron is excluded.cron and zone is excluded.zone and every_ms is excluded.every_ms
                            then next_at else excluded.next_at end,
             cron = excluded.cron, zone = excluded.zone, every_ms = excluded.every_ms`,
          ...[schedule.key, schedule.job, schedule.queue, schedule.input, cron, zone, every],
          ...[schedule.missed, schedule.overlap, schedule.origin, schedule.nextAt],
        ),
      )
    },

    async removeSchedule(key: string): Promise<boolean> {
      return connection.write('full', () => connection.run('delete from faena_schedules where key = ?', key) > 0)
    },

    async pauseSchedule(key: string, paused: boolean): Promise<boolean> {
      return connection.write(
        'full',
        () =>
          connection.run(
            `update faena_schedules set paused_at = ${paused ? 'coalesce(paused_at, ?)' : '?'} where key = ?`,
            paused ? now() : null,
            key,
          ) > 0,
      )
    },

    async fire(firing: { key: string; seen: number; nextAt: number | null; job: NewJob | null }): Promise<boolean> {
      const { key, seen, nextAt, job } = firing
      const won = await connection.write('full', () => {
        const moved = connection.run(
          'update faena_schedules set next_at = ? where key = ? and next_at = ? and paused_at is null',
          ...[nextAt, key, seen],
        )
        if (moved > 0 && job) {
          // Where the job's unique key was taken, the run is the holder's: that is what the overlap policy asks after.
          const [pushed] = insert(context, connection, [job])
          connection.run(
            'update faena_schedules set last_at = ?, last_uuid = ? where key = ?',
            Math.min(seen, now()),
            pushed!.uuid,
            key,
          )
        }
        return moved > 0
      })
      if (won && job) context.wake()
      return won
    },
  }
}
