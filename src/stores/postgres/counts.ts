import type { AdminStore, QueueCounts } from '../../store.ts'
import type { SqlRow } from '../sql/rows.ts'
import { raw, sql } from '../sql/sql.ts'
import { numberArray } from './client.ts'
import { LONG } from './connection.ts'
import { type Context, nowMs } from './context.ts'

/** In a table with fewer rows, reading all of them is over sooner than reading around them. */
const SMALL = 20_000

/**
 * Counts of a large table. No index knows of reservations, since each of these would write it: all jobs are counted in the
 * index that reserve reads, without a look at their payloads, and those that workers hold are taken off. Where PHP's
 * workers share the table, or a worker of an older version has no list of what it holds, each row is looked at.
 */
export function counting(context: Context, exact: Pick<AdminStore, 'counts'>): Pick<AdminStore, 'counts'> {
  const { connection, names, retryAfter } = context
  const [jobs, workers] = [raw(names.jobs), raw(names.own('workers'))]

  const heldIds = async (): Promise<number[] | null> => {
    if ((await retryAfter.ms()) !== undefined) return null
    const [row] = await connection.query(
      'common',
      sql`
      select case when table_of.span >= ${SMALL} then ${raw(names.own('held_1'))}(array(select w.id from ${workers} w)) end as held
        from (select max(id) - min(id) as span from ${jobs}) table_of`,
    )
    return row!.held as number[] | null
  }

  return {
    async counts(): Promise<QueueCounts[]> {
      const held = await heldIds()
      if (held === null) return exact.counts()
      const due = sql`count(*) filter (where j.available_at <= ${nowMs(context)} / 1000) as due`
      const [all, reserved] = await Promise.all([
        connection.query(
          'common',
          sql`select j.queue, count(*) as amount, ${due} from ${jobs} j group by j.queue`,
          LONG,
        ),
        connection.query(
          'common',
          sql`select j.queue, count(*) as amount, ${due} from ${jobs} j
               where j.id = any(${numberArray(held)}::bigint[]) and j.reserved_at is not null group by j.queue`,
        ),
      ])
      const taken = new Map(reserved.map((row) => [String(row.queue), row]))
      return all.map((row) => countsOf(row, taken.get(String(row.queue)))).sort((a, b) => (a.queue < b.queue ? -1 : 1))
    },
  }
}

function countsOf(all: SqlRow, taken: SqlRow | undefined): QueueCounts {
  const reserved = Number(taken?.amount ?? 0)
  const due = Math.max(0, Number(all.due) - Number(taken?.due ?? 0))
  return { queue: String(all.queue), due, delayed: Math.max(0, Number(all.amount) - reserved - due), reserved }
}
