import type { Reclaimed } from '../../store.ts'
import { withPhpsLeftovers } from '../sql/leftovers.ts'
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

export function alsoFromPhp(context: Context, reclaim: () => Promise<Reclaimed>): () => Promise<Reclaimed> {
  const { retryAfter, clock } = context
  return withPhpsLeftovers(reclaim, {
    ...{ retryAfter, clock },
    async giveBack(retryAfterMs) {
      const given = await giveBack(context, retryAfterMs)
      if (given > 0) returned(context)
      return given
    },
  })
}

async function giveBack(context: Context, retryAfterMs: number): Promise<number> {
  const jobs = raw(context.names.jobs)
  const rows = await context.connection.query(
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
