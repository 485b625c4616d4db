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
 * From one changed row in so many on, since the table was last vacuumed, and so many rows to a page, the table itself is read:
 * for a row on a page that was changed, the index is not believed, and each such page would be fetched once for each queue,
 * in place of pages that workers need. Read from end to end, a table goes through a few pages of the server's memory.
 */
const CHANGED_ONE_IN = 4
const ROWS_PER_PAGE = 5

/**
 * Counts of a large table. No index knows of reservations, since each of these would write it: all jobs are counted in the
 * index that reserve reads, without a look at their payloads, or, where much of it has changed, in the table, and those that
 * workers hold are taken off. Where PHP's workers share the table, or a worker of an older version has no list of what it
 * holds, each row is looked at.
 */
export function counting(context: Context, exact: Pick<AdminStore, 'counts' | 'list'>): typeof exact {
  const { connection, names, retryAfter } = context
  const [jobs, workers] = [raw(names.jobs), raw(names.own('workers'))]

  const look = async (): Promise<{ held: number[]; changed: boolean } | null> => {
    if ((await retryAfter.ms()) !== undefined) return null
    const [row] = await connection.read(
      sql`
      select case when table_of.span >= ${SMALL} then ${raw(names.own('held_2'))}(array(select w.id from ${workers} w)) end as held,
             (select (s.n_dead_tup + s.n_ins_since_vacuum) * ${CHANGED_ONE_IN} > s.n_live_tup
                 and pg_relation_size(s.relid) / current_setting('block_size')::integer * ${ROWS_PER_PAGE} < s.n_live_tup
                from pg_stat_all_tables s where s.relid = ${names.jobs}::regclass) as changed
        from (select max(id) - min(id) as span from ${jobs}) table_of`,
    )
    return row!.held === null ? null : { held: row!.held as number[], changed: row!.changed === true }
  }

  /**
   * Queue by queue, which costs half of what telling the queues of all entries apart does, by one process of the server. The
   * second is given, since a clock would be read for each entry.
   */
  const allJobs = async (due: Sql, changed: boolean): Promise<SqlRow[]> => {
    const from = sql`count(*) as amount, ${due} from ${jobs} j`
    if (changed) return connection.read(sql`select j.queue, ${from} group by j.queue`, { ...LONG, whole: true })
    const queues = (await connection.read(dialectOf(names).queuesWithJobs)).map(({ queue }) => String(queue))
    if (queues.length === 0) return []
    if (queues.length > MANY_QUEUES) return connection.read(sql`select j.queue, ${from} group by j.queue`, LONG)
    const each = queues.map((queue) => sql`select ${queue}::text as queue, ${from} where j.queue = ${queue}`)
    return connection.read(joined(each, ' union all '), LONG)
  }

  return {
    async list(filter, page) {
      if (filter.status !== 'reserved' || filter.refs !== undefined) return exact.list(filter, page)
      const seen = await look()
      return exact.list(seen === null ? filter : { ...filter, refs: seen.held }, page)
    },

    async counts(): Promise<QueueCounts[]> {
      const seen = await look()
      if (seen === null) return exact.counts()
      const [clock] = await connection.query('common', sql`select ${nowMs(context)} / 1000 as second`)
      const due = sql`count(*) filter (where j.available_at <= ${Math.floor(Number(clock!.second))}) as due`
      const [all, reserved] = await Promise.all([
        allJobs(due, seen.changed),
        connection.read(
          sql`select j.queue, count(*) as amount, ${due} from ${jobs} j
               where j.id = any(${numberArray(seen.held)}::bigint[]) and j.reserved_at is not null group by j.queue`,
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
