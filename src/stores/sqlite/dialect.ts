import { type Dialect, SQLITE } from '../sql/dialect.ts'
import { raw, type Sql, sql } from '../sql/sql.ts'
import { MAY_GO_ON } from './limit.ts'
import { jobsOfUuids } from './uuids.ts'

/** The pairs of queue and priority of pending jobs, found by jumping from one to the next in the index. */
export const LINES = raw(`
  with recursive lines(queue, priority) as (
    select * from (select queue, coalesce(priority, 0) from jobs indexed by faena_jobs_due where reserved_at is null
                    order by queue, coalesce(priority, 0) limit 1)
    union all
    select coalesce(
             (select queue from jobs indexed by faena_jobs_due where reserved_at is null and queue = lines.queue
                 and coalesce(priority, 0) > lines.priority limit 1),
             (select min(queue) from jobs indexed by faena_jobs_due where reserved_at is null and queue > lines.queue)),
           coalesce(
             (select min(coalesce(priority, 0)) from jobs indexed by faena_jobs_due where reserved_at is null and queue = lines.queue
                 and coalesce(priority, 0) > lines.priority),
             (select min(coalesce(priority, 0)) from jobs indexed by faena_jobs_due where reserved_at is null and queue =
                (select min(queue) from jobs indexed by faena_jobs_due where reserved_at is null and queue > lines.queue)))
      from lines where lines.queue is not null
  )`)

/** What SQLite says in words that the other databases do not have. A list goes in as one JSON text, however long it is. */
export const DIALECT: Dialect = {
  ...SQLITE,
  jobUuidIn: (uuids) => sql`j.id in (${jobsOfUuids(uuids)})`,
  oneOf,
  // LIKE minds no case here.
  oldestDue: (second) => sql`
    ${LINES} select j.queue, j.created_at, j.available_at
      from lines join jobs j on j.id = (
        select id from jobs indexed by faena_jobs_due
         where reserved_at is null and queue = lines.queue and coalesce(priority, 0) = lines.priority and available_at <= ${second}
         order by available_at, id limit 1)
     where lines.queue not in (select name from faena_queues where paused_at is not null)
     order by j.available_at, j.id limit 1`,
  reserved: raw('j.id in (select id from jobs indexed by faena_jobs_reserved where reserved_at is not null)'),
  // One row in so many is enough, and a call for each would cost as much as the look. Scrambled, since the rows that a filter
  // leaves may all have odd ids.
  mayGoOn: (id) => sql`(((${id} * 40503 >> 8) & 1023) <> 0 or ${raw(MAY_GO_ON)}())`,
  contains: (column, text) => sql`instr(${column}, ${text}) > 0`,
}

export function oneOf(column: Sql, values: readonly unknown[]): Sql {
  return sql`${column} in (select value from json_each(${JSON.stringify(values)}))`
}
