import type { Retention } from '../../store.ts'
import { deskPastItsTime } from '../sql/desk-prune.ts'
import {
  isSpread,
  METRIC_COLUMNS,
  METRIC_LIST,
  MINUTES_MS,
  NOTHING_ROLLED_UP,
  OWN_MS,
  type RolledUp,
  type RollUp,
  rolledUp,
} from '../sql/metrics.ts'
import { joined, raw, type Sql, sql } from '../sql/sql.ts'
import { LONG } from './connection.ts'
import { type Context, nowMs } from './context.ts'

/** A producer that has been silent for so long asks for no old answer any more. */
const PRODUCERS_MS = 86_400_000

/** Rows `l` of one table that are past their time. */
interface Past {
  table: string
  key: string
  past: Sql
  /** What is done with so many such rows, where they are not just deleted. */
  instead?: (limit: number) => Sql
}

/**
 * Deletes what is past its time, table by table. One look at all of them comes first: nearly always there is nothing, and a
 * process that does nothing should cost a server next to nothing.
 */
export function pruning(context: Context): (keep: Retention, limit: number) => Promise<number> {
  const { connection, names } = context
  const from = ({ table }: Past) => raw(`${names.own(table)} l`)
  let done = NOTHING_ROLLED_UP

  return async function prune(keep, limit) {
    const all = pastItsTime(context, keep, done)
    const { hours, merged } = rollUpAt(context, keep)
    const looks = all.map(
      (each, at) => sql`exists (select 1 from ${from(each)} where ${each.past}) as ${raw(`t${at}`)}`,
    )
    const [found] = await connection.query(
      'common',
      sql`select ${hours} as hours, ${merged} as merged, ${joined(looks, ', ')}`,
      LONG,
    )
    const rolledUpTo = { hours: Number(found?.hours), merged: Number(found?.merged) }
    let left = limit
    for (const [at, each] of all.entries()) {
      if (found?.[`t${at}`] !== true) {
        if (each.table === 'metrics') done = rolledUp(done, rolledUpTo)
        continue
      }
      if (left === 0) continue
      const key = raw(each.key)
      const rows = await connection.query(
        'common',
        each.instead?.(left) ??
          sql`
        delete from ${raw(names.own(each.table))} where ${key} in (
          select ${key} from ${from(each)} where ${each.past} limit ${left} for update of l skip locked)
        returning 1`,
        LONG,
      )
      if (each.table === 'metrics' && rows.length < left) done = rolledUp(done, rolledUpTo)
      left -= rows.length
    }
    return limit - left
  }
}

/** Instants by the server's clock, at the ends of hours where hours are made. */
function rollUpAt(context: Context, keep: Retention): RollUp {
  const ago = (ms: number) => sql`(${nowMs(context)} - ${ms}::bigint)::bigint`
  const hour = (ms: number) => sql`(${ago(ms)} / 3600000 * 3600000)`
  return { total: hour(keep.metricsMs), hours: hour(MINUTES_MS), merged: ago(OWN_MS) }
}

/**
 * One statement, so that nothing is counted twice or lost wherever it breaks off. What it deletes is never what it adds to:
 * rows that others are put together into are not put together themselves, and the ends of hours part the two kinds.
 */
function rollUp(context: Context, keep: Retention, done: RolledUp): (limit: number) => Sql {
  const table = raw(context.names.own('metrics'))
  const at = rollUpAt(context, keep)
  const sums = raw(METRIC_COLUMNS.map((column) => `sum(${column})::bigint`).join(', '))
  const added = raw(METRIC_COLUMNS.map((column) => `${column} = m.${column} + excluded.${column}`).join(', '))
  return (limit) => sql`
    with gone as (
      delete from ${table} where ctid in (
        select ctid from ${table} l where ${isSpread(at, done)} limit ${limit} for update of l skip locked)
      returning *),
    summed as (
      insert into ${table} as m (${METRIC_LIST})
      select case when minute < ${at.total} then 0 when minute < ${at.hours} then minute / 3600000 * 3600000 else minute end,
             0, queue, name, ${sums}
        from gone group by 1, 3, 4 order by 1, 3, 4
      on conflict (minute, worker, queue, name) do update set ${added})
    select 1 from gone`
}

function pastItsTime(context: Context, keep: Retention, done: RolledUp): Past[] {
  const { names } = context
  const [jobs, failedJobs, now] = [raw(names.jobs), raw(names.failedJobs), nowMs(context)]
  return [
    {
      table: 'runs',
      key: 'id',
      past: sql`started_at < ${now} - ${keep.runsMs}::bigint and (keep_until is null or keep_until < ${now})`,
    },
    {
      table: 'metrics',
      key: 'ctid',
      past: isSpread(rollUpAt(context, keep), done),
      instead: rollUp(context, keep, done),
    },
    {
      table: 'locks',
      key: 'key',
      past: sql`(expires_at <= ${now} or (until <> 'window' and not exists (select 1 from ${jobs} j where j.id = l.job_id)))`,
    },
    { table: 'reclaims', key: 'job_id', past: sql`not exists (select 1 from ${jobs} j where j.id = l.job_id)` },
    { table: 'failed', key: 'uuid', past: sql`not exists (select 1 from ${failedJobs} f where f.uuid = l.uuid)` },
    { table: 'producers', key: 'producer', past: sql`at < ${now} - ${PRODUCERS_MS}::bigint` },
    ...deskPastItsTime(keep, now),
    {
      table: 'failed_fields',
      key: 'failed_id',
      past: sql`not exists (select 1 from ${failedJobs} f where f.id = l.failed_id)`,
    },
  ]
}
