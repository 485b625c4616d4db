import type { Retention } from '../../store.ts'
import { deskPastItsTime } from '../sql/desk-prune.ts'
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
}

/**
 * Deletes what is past its time, table by table. One look at all of them comes first: nearly always there is nothing, and a
 * process that does nothing should cost a server next to nothing.
 */
export function pruning(context: Context): (keep: Retention, limit: number) => Promise<number> {
  const { connection, names } = context
  const from = ({ table }: Past) => raw(`${names.own(table)} l`)

  return async function prune(keep, limit) {
    const all = pastItsTime(context, keep)
    const looks = all.map(
      (each, at) => sql`exists (select 1 from ${from(each)} where ${each.past}) as ${raw(`t${at}`)}`,
    )
    const [found] = await connection.query('common', sql`select ${joined(looks, ', ')}`, LONG)
    let left = limit
    for (const [at, each] of all.entries()) {
      if (left === 0 || found?.[`t${at}`] !== true) continue
      const key = raw(each.key)
      const rows = await connection.query(
        'common',
        sql`
        delete from ${raw(names.own(each.table))} where ${key} in (
          select ${key} from ${from(each)} where ${each.past} limit ${left} for update of l skip locked)
        returning 1`,
        LONG,
      )
      left -= rows.length
    }
    return limit - left
  }
}

function pastItsTime(context: Context, keep: Retention): Past[] {
  const { names } = context
  const [jobs, failedJobs, now] = [raw(names.jobs), raw(names.failedJobs), nowMs(context)]
  return [
    {
      table: 'runs',
      key: 'id',
      past: sql`started_at < ${now} - ${keep.runsMs}::bigint and (keep_until is null or keep_until < ${now})`,
    },
    { table: 'metrics', key: 'ctid', past: sql`minute < ${now} - ${keep.metricsMs}::bigint` },
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
