import type { Retention } from '../../store.ts'
import {
  isSpread,
  METRIC_COLUMNS,
  METRIC_LIST,
  MINUTES_MS,
  metric,
  metricNumbers,
  OWN_MS,
  type RolledUp,
  type RollUp,
  rolledMinute,
} from '../sql/metrics.ts'
import { joined, raw, sql } from '../sql/sql.ts'
import { type Context, nowMs } from './context.ts'
import { rowList } from './text.ts'

/** Instants by the server's clock, at the ends of hours where hours are made. */
export function rollUpAt(context: Context, keep: Retention): RollUp {
  const ago = (ms: number) => sql`(${nowMs(context)} - ${ms})`
  const hour = (ms: number) => sql`(${ago(ms)} div 3600000 * 3600000)`
  return { total: hour(keep.metricsMs), hours: hour(MINUTES_MS), merged: ago(OWN_MS) }
}

/**
 * Puts up to `limit` rows together with others. They are found without locks, then locked one by one by their key, so that
 * nobody who writes this minute's rows waits; what another process was faster with is not there any more. Answers how many
 * they were, and whether that was all there was.
 */
export async function rollUpMetrics(
  context: Context,
  keep: Retention,
  limit: number,
  done: RolledUp,
): Promise<{ count: number; all: boolean }> {
  const { connection, names } = context
  const table = names.metrics
  const at = rollUpAt(context, keep)
  const [found, instants] = await connection.query('common', [
    sql`select minute, worker, queue, name from ${table} where ${isSpread(at, done)} limit ${limit}`,
    sql`select ${at.total} as total, ${at.hours} as hours`,
  ])
  const keys = found!.rows
  const all = keys.length < limit
  if (keys.length === 0) return { count: 0, all }
  const [row] = instants!.rows
  const bounds = { total: Number(row!.total), hours: Number(row!.hours) }
  const which = joined(
    keys.map(
      ({ minute, worker, queue, name }) =>
        sql`(minute = ${Number(minute)} and worker = ${Number(worker)} and queue = ${queue} and name = ${name})`,
    ),
    ' or ',
  )
  const added = raw(METRIC_COLUMNS.map((column) => `${column} = ${column} + values(${column})`).join(', '))
  return connection.transaction('common', async (transaction) => {
    const [locked] = await transaction.run(
      sql`select * from ${table} force index (primary) where ${which} order by minute, worker, queue, name for update`,
    )
    const rows = locked!.rows
    if (rows.length === 0) return { count: 0, all }
    const values = rows
      .map(metric)
      .map((each) => [rolledMinute(each.minute, bounds), 0, each.queue, each.name, ...metricNumbers(each)])
    await transaction.commit(
      sql`delete from ${table} where ${which}`,
      sql`insert into ${table} (${METRIC_LIST}) values ${rowList(values)} on duplicate key update ${added}`,
    )
    return { count: rows.length, all }
  })
}
