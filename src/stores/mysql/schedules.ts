import type { NewJob, NewSchedule, ScheduleStore } from '../../store.ts'
import { raw, sql } from '../sql/sql.ts'
import { type Context, nowMs } from './context.ts'
import { insert } from './push.ts'

/** Schedules: any number of processes may fire, the row's next run decides which one does. */
export function scheduling(context: Context): Omit<ScheduleStore, 'schedules'> {
  const { connection, names } = context
  const key = raw('`key`')

  return {
    async saveSchedule(schedule: NewSchedule): Promise<void> {
      const { timing } = schedule
      const [cron, zone, every] = 'cron' in timing ? [timing.cron, timing.zone, null] : [null, null, timing.everyMs]
      // Columns are set in order, so the one that depends on the old timing comes before it.
      await connection.query('common', [
        sql`insert into ${names.schedules} (${key}, job, queue, input, cron, zone, every_ms, missed, overlap, origin, next_at)
            values (${schedule.key}, ${schedule.job}, ${schedule.queue}, ${schedule.input}, ${cron}, ${zone}, ${every},
                    ${schedule.missed}, ${schedule.overlap}, ${schedule.origin}, ${schedule.nextAt})
            on duplicate key update
              job = values(job), queue = values(queue), input = values(input), missed = values(missed),
              overlap = values(overlap), origin = values(origin),
              next_at = if(cron <=> values(cron) and zone <=> values(zone) and every_ms <=> values(every_ms), next_at, values(next_at)),
              cron = values(cron), zone = values(zone), every_ms = values(every_ms)`,
      ])
    },

    async removeSchedule(name: string): Promise<boolean> {
      const [answer] = await connection.query('common', [sql`delete from ${names.schedules} where ${key} = ${name}`])
      return answer!.affected > 0
    },

    async pauseSchedule(name: string, paused: boolean): Promise<boolean> {
      const at = paused ? nowMs(context) : raw('null')
      const [answer] = await connection.query('common', [
        sql`update ${names.schedules} set paused_at = ${at} where ${key} = ${name}`,
      ])
      return answer!.affected > 0
    },

    async fire(firing: { key: string; seen: number; nextAt: number | null; job: NewJob | null }): Promise<boolean> {
      const { seen, nextAt, job } = firing
      const won = await connection.transaction('common', async (transaction) => {
        const [moved] = await transaction.run(
          sql`update ${names.schedules} set next_at = ${nextAt}
               where ${key} = ${firing.key} and next_at = ${seen} and paused_at is null`,
        )
        if (moved!.affected === 0) {
          await transaction.rollback()
          return false
        }
        if (job) {
          // Where the job's unique key was taken, the run is the holder's: that is what the overlap policy asks after.
          const [pushed] = await insert(context, transaction, [job])
          await transaction.commit(
            sql`update ${names.schedules} set last_at = ${seen}, last_uuid = ${pushed!.uuid} where ${key} = ${firing.key}`,
          )
        }
        return true
      })
      if (won && job) context.wake()
      return won
    },
  }
}
