import type { AdminStore, QueueCounts } from '../../store.ts'
import type { SqlRow } from '../sql/rows.ts'
import { joined, raw, type Sql, sql } from '../sql/sql.ts'
import { numberArray } from './client.ts'
import { LONG } from './connection.ts'
import { type Context, nowMs } from './context.ts'
import { dialectOf } from './dialect.ts'

/** In a table with fewer rows, reading all of them is over sooner than reading around them. */
const SMALL = 20_000
const MANY_QUEUES = 100

/**
 * Counts of a large table. No index knows of reservations, since each of these would write it: all jobs are counted in the
 * index that reserve reads, without a look at their payloads, and those that workers hold are taken off. Where PHP's
 * workers share the table, or a worker of an older version has no list of what it holds, each row is looked at.
 */
export function counting(context: Context, exact: Pick<AdminStore, 'counts' | 'list'>): typeof exact {
  const { connection, names, retryAfter } = context
  const [jobs, workers] = [raw(names.jobs), raw(names.own('workers'))]

  const heldIds = async (): Promise<number[] | null> => {
    if ((await retryAfter.ms()) !== undefined) return null
    const [row] = await connection.read(
      sql`
      select case when table_of.span >= ${SMALL} then ${raw(names.own('held_1'))}(array(select w.id from ${workers} w)) end as held
        from (select max(id) - min(id) as span from ${jobs}) table_of`,
    )
    return row!.held as number[] | null
  }

  /**
   * Queue by queue, which costs half of what telling the queues of all entries apart does, by one process of the server. The
   * second is given, since a clock would be read for each entry.
   */
  const allJobs = async (due: Sql): Promise<SqlRow[]> => {
    const queues = (await connection.read(dialectOf(names).queuesWithJobs)).map(({ queue }) => String(queue))
    if (queues.length === 0) return []
    const from = sql`count(*) as amount, ${due} from ${jobs} j`
    if (queues.length > MANY_QUEUES) return connection.read(sql`select j.queue, ${from} group by j.queue`, LONG)
    const each = queues.map((queue) => sql`select ${queue}::text as queue, ${from} where j.queue = ${queue}`)
    return connection.read(joined(each, ' union all '), LONG)
  }

  return {
    async list(filter, page) {
      if (filter.status !== 'reserved' || filter.refs !== undefined) return exact.list(filter, page)
      const held = await heldIds()
      return exact.list(held === null ? filter : { ...filter, refs: held }, page)
    },

    async counts(): Promise<QueueCounts[]> {
      const held = await heldIds()
      if (held === null) return exact.counts()
      const [clock] = await connection.query('common', sql`select ${nowMs(context)} / 1000 as second`)
      const due = sql`count(*) filter (where j.available_at <= ${Math.floor(Number(clock!.second))}) as due`
      const [all, reserved] = await Promise.all([
        allJobs(due),
        connection.read(
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
