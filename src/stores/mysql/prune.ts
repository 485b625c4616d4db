import type { Retention } from '../../store.ts'
import { raw, type Sql, sql } from '../sql/sql.ts'
import { type Context, nowMs } from './context.ts'
import { isJobOf } from './dialect.ts'
import { quoted, valueList } from './text.ts'

/** An answer that was lost is asked for within seconds. */
const ANSWERS_MS = 3_600_000
/** Of a table that may be as large as its subject, so many rows are looked at by one call; the next one goes on there. */
const ROWS_PER_LOOK = 5_000

/** A table whose rows go when what they belong to has gone. */
interface Belonging {
  table: Sql
  key: string
  /** Whether row `t` has outlived its subject. */
  outlived: Sql
  /** True of every row, by another column: what looks at nothing but keys may be answered by a walk through all of them. */
  always: Sql
}

/** Takes away what is past its time, a bounded amount with each call. */
export function pruning(context: Context) {
  const { connection, names } = context
  const seen = new Map<string, string | number>()

  return async function prune(keep: Retention, limit: number): Promise<number> {
    const now = nowMs(context)
    let left = limit
    for (const statement of [
      sql`delete from ${names.runs} where started_at < ${now} - ${keep.runsMs} and (keep_until is null or keep_until < ${now})
           order by started_at`,
      sql`delete from ${names.metrics} where minute < ${now} - ${keep.metricsMs} order by minute`,
    ]) {
      if (left <= 0) break
      const [answer] = await connection.query('common', [sql`${statement} limit ${left}`])
      left -= answer!.affected
    }
    for (const belonging of belongings(context)) {
      if (left > 0) left -= await sweep(context, belonging, left, seen)
    }
    return limit - left
  }
}

function belongings(context: Context): Belonging[] {
  const { names } = context
  const now = nowMs(context)
  const noJob = sql`not exists (select 1 from ${names.jobs} j where j.id = t.job_id and (t.uuid is null or ${isJobOf(raw('t.uuid'))}))`
  const noWorker = sql`not exists (select 1 from ${names.workers} w where w.id = t.worker)`
  return [
    {
      table: names.locks,
      key: 'key',
      outlived: sql`(t.expires_at <= ${now} or (t.until <> 'window' and t.job_id > 0 and ${noJob}))`,
      always: raw('t.job_id >= 0'),
    },
    { table: names.reclaims, key: 'job_id', outlived: noJob, always: raw('t.crashes >= 0') },
    {
      table: names.failed,
      key: 'uuid',
      outlived: sql`not exists (select 1 from ${names.failedJobs} f where f.id = t.failed_id)`,
      always: raw('t.failed_id >= 0'),
    },
    { table: names.holds, key: 'worker', outlived: noWorker, always: raw(`coalesce(t.ids, '') >= ''`) },
    {
      table: names.settlements,
      key: 'worker',
      outlived: sql`(t.at < ${now} - ${ANSWERS_MS} and ${noWorker})`,
      always: raw('t.seq >= 0'),
    },
    {
      table: names.producers,
      key: 'producer',
      outlived: sql`t.at < ${now} - ${ANSWERS_MS}`,
      always: raw('t.seq >= 0'),
    },
  ]
}

/** Looks at the rows behind those of the last look, locking nothing; locks what has outlived, and looks again. */
async function sweep(
  { connection }: Context,
  { table, key, outlived, always }: Belonging,
  limit: number,
  seen: Map<string, string | number>,
): Promise<number> {
  const place = table.text[0]!
  const column = raw(`t.${quoted(key)}`)
  const from = seen.get(place)
  const behind = from === undefined ? raw('') : sql`where ${column} > ${from}`
  const [answer] = await connection.query('common', [
    sql`select ${column} as name, ${outlived} as outlived from ${table} t force index (primary) ${behind} order by ${column} limit ${ROWS_PER_LOOK}`,
  ])
  const { rows } = answer!
  if (rows.length < ROWS_PER_LOOK) seen.delete(place)
  else seen.set(place, rows.at(-1)!.name as string | number)
  const old = rows.filter((row) => Number(row.outlived) === 1).map(({ name }) => name as string | number)
  if (old.length === 0) return 0
  const which = sql`${column} in (${valueList(old.slice(0, limit))}) and ${always}`
  return connection.transaction('common', async (transaction) => {
    // What the delete sees must not be older than the locks: a key may just have been taken anew.
    await transaction.run(
      sql`select 1 from ${table} t force index (primary) where ${which} order by ${column} for update`,
    )
    const [deleted] = await transaction.commit(
      sql`delete t from ${table} t force index (primary) where ${which} and ${outlived}`,
    )
    return deleted!.affected
  })
}
