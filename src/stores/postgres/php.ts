import type { Reclaimed } from '../../store.ts'
import { raw, sql } from '../sql/sql.ts'
import { type Connection, LONG } from './connection.ts'
import { type Context, nowMs } from './context.ts'
import { returned } from './lease.ts'
import type { Names } from './names.ts'

/** Whether Laravel made the table of jobs: its index on the queue is there, which tables of ours do without. */
export async function isLaravels(connection: Connection, names: Names): Promise<boolean> {
  const rows = await connection.query(
    // A heartbeat asks for it, and must not stand in line behind the application.
    'lease',
    sql`
    select 1 from pg_catalog.pg_index i
      join pg_catalog.pg_class c on c.oid = i.indrelid
      join pg_catalog.pg_class x on x.oid = i.indexrelid
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
     where n.nspname = ${names.schema} and c.relname = ${names.plain.jobs} and a.attname = 'queue'
       and x.relname <> ${names.plainOwn('jobs_due')}
     limit 1`,
  )
  return rows.length > 0
}

/** Looks take up a fiftieth of the time at most, however large the table. */
const SHARE = 50

/**
 * With a `retry_after` configured, jobs that PHP's workers reserved longer ago than that are given back, as those workers
 * would do themselves: the attempt counts. Nothing lists these jobs (an index of them would be written by every reserve of
 * ours), so it takes a look at the whole table, three times in each `retry_after`.
 */
export function withPhpsLeftovers(context: Context, reclaim: () => Promise<Reclaimed>): () => Promise<Reclaimed> {
  const { connection, names, retryAfter, clock = () => performance.now() } = context
  const jobs = raw(names.jobs)
  let lookAt = Number.NEGATIVE_INFINITY

  return async () => {
    const reclaimed = await reclaim()
    if (retryAfter.given === undefined) return reclaimed
    // How long PHP's rows may be left alone is known here alone.
    if (clock() < lookAt) return { workers: reclaimed.workers, returned: reclaimed.returned }
    const started = performance.now()
    lookAt = Number.POSITIVE_INFINITY
    try {
      const given = await giveBack(retryAfter.given)
      if (given > 0) returned(context)
      return { workers: reclaimed.workers, returned: reclaimed.returned + given }
    } finally {
      lookAt = clock() + Math.max(retryAfter.given / 3, SHARE * (performance.now() - started))
    }
  }

  async function giveBack(retryAfterMs: number): Promise<number> {
    const rows = await connection.query(
      'common',
      sql`
      with left_behind as materialized (
        select id from ${jobs}
         where reserved_by is null and reserved_at <= (${nowMs(context)} - ${retryAfterMs}::bigint) / 1000
         order by id for update skip locked
      )
      update ${jobs} j set reserved_at = null from left_behind l where j.id = l.id returning 1`,
      LONG,
    )
    return rows.length
  }
}
