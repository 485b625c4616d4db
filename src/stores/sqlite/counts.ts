import type { AdminStore, QueueCounts } from '../../store.ts'
import type { SqlRow } from '../sql/rows.ts'
import { type Sql, sql } from '../sql/sql.ts'
import { LINES } from './dialect.ts'

/**
 * Counts read from the index that reserve uses: its entries of one queue and priority stand in order of time, so what is
 * due and what is delayed are two ranges of it, and no row is looked at.
 */
export function counting(all: (statement: Sql) => Promise<SqlRow[]>, now: () => number): Pick<AdminStore, 'counts'> {
  return {
    async counts(): Promise<QueueCounts[]> {
      const second = Math.floor(now() / 1_000)
      const range = (bound: Sql) => sql`
        (select count(*) from jobs indexed by faena_jobs_due
          where reserved_at is null and queue = lines.queue and coalesce(priority, 0) = lines.priority and ${bound})`
      const pending = await all(sql`
        ${LINES} select queue, ${range(sql`available_at <= ${second}`)} as due, ${range(sql`available_at > ${second}`)} as delayed
          from lines where queue is not null`)
      const reserved = await all(
        sql`select queue, count(*) as reserved from jobs where reserved_at is not null group by queue`,
      )
      const queues = new Map<string, QueueCounts>()
      for (const row of [...pending, ...reserved]) {
        const queue = String(row.queue)
        const known = queues.get(queue) ?? { queue, due: 0, delayed: 0, reserved: 0 }
        known.due += Number(row.due ?? 0)
        known.delayed += Number(row.delayed ?? 0)
        known.reserved += Number(row.reserved ?? 0)
        queues.set(queue, known)
      }
      return [...queues.values()].sort((a, b) => (a.queue < b.queue ? -1 : 1))
    },
  }
}
