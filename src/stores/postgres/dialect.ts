import { type Dialect, jumpingKinds } from '../sql/dialect.ts'
import { raw, type Sql, sql } from '../sql/sql.ts'
import { numberArray, textArray } from './client.ts'
import type { Names } from './names.ts'
import { jobsOfUuids } from './payload-functions.ts'

export function dialectOf(names: Names): Dialect {
  const own = (name: string) => raw(names.own(name))
  return {
    tables: {
      jobs: raw(names.jobs),
      failedJobs: raw(names.failedJobs),
      workers: own('workers'),
      queues: own('queues'),
      schedules: own('schedules'),
      failed: own('failed'),
      failedFields: own('failed_fields'),
      runs: own('runs'),
      metrics: own('metrics'),
    },
    key: raw('key'),
    // The column ends in 2038, and a parameter beside it is taken to be as narrow.
    createdAt: raw('j.created_at::bigint'),
    jobUuid: raw('substr(j.payload, 10, 36)'),
    jobUuidIn: (uuids) => sql`j.id in (select id from (${jobsOfUuids(names, uuids)}) of_uuid)`,
    oneOf: (column, values) =>
      typeof values[0] === 'number'
        ? sql`${column} = any(${numberArray(values as number[])}::bigint[])`
        : sql`${column} = any(${textArray(values as string[])}::text[])`,
    like: (column, pattern) => sql`${column} like ${pattern} escape '!'`,
    likeAnyCase: (column, pattern) => sql`${column} ilike ${pattern} escape '!'`,
    wallText: (column) => sql`to_char(${column}, 'YYYY-MM-DD HH24:MI:SS')`,
    queuesWithJobs: raw(`${queues(names)} select queue from queues where queue is not null`),
    oldestDue: (second) => oldestDue(names, second),
    failureKinds: (most) => jumpingKinds(own('failed'), most),
  }
}

/** By jumping from one to the next in the index: a million jobs of one queue cost two steps. */
function queues({ jobs }: Names): string {
  return `
    with recursive queues(queue) as (
      select (select j.queue::text from ${jobs} j order by j.queue limit 1)
      union all
      select (select j.queue::text from ${jobs} j where j.queue > queues.queue order by j.queue limit 1) from queues where queues.queue is not null
    )`
}

/** The first due job of each priority of each queue, of which the one that has been due for longest is taken. */
function oldestDue(names: Names, second: number): Sql {
  const { jobs } = names
  return sql`${raw(queues(names))}, pairs(queue, priority) as (
      select queue, (select coalesce(j.priority, 0) from ${raw(jobs)} j where j.queue = queues.queue order by coalesce(j.priority, 0) limit 1)
        from queues
       where queue is not null and queue not in (select name from ${raw(names.own('queues'))} where paused_at is not null)
      union all
      select queue, (select coalesce(j.priority, 0) from ${raw(jobs)} j
                      where j.queue = pairs.queue and coalesce(j.priority, 0) > pairs.priority order by coalesce(j.priority, 0) limit 1)
        from pairs where priority is not null
    )
    select pairs.queue, oldest.created_at, oldest.available_at
      from pairs cross join lateral (
        select j.id, j.created_at, j.available_at from ${raw(jobs)} j
         where j.queue = pairs.queue and coalesce(j.priority, 0) = pairs.priority and j.available_at <= ${second} and j.reserved_at is null
         order by j.available_at, j.id limit 1
      ) oldest
     order by oldest.available_at, oldest.id limit 1`
}
