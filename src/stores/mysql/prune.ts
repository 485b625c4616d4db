import type { Retention } from '../../store.ts'
import { deskPastItsTime } from '../sql/desk-prune.ts'
import { isSpread, NOTHING_ROLLED_UP, type RolledUp, type RollUp, rolledUp } from '../sql/metrics.ts'
import { joined, raw, type Sql, sql } from '../sql/sql.ts'
import { type Context, nowMs } from './context.ts'
import { isJobOf } from './dialect.ts'
import { rollUpAt, rollUpMetrics } from './roll-up.ts'
import { quoted, valueList } from './text.ts'

/** An answer that was lost is asked for within seconds. */
const ANSWERS_MS = 3_600_000
/** Of a table that may be as large as its subject, so many rows are looked at by one call; the next one goes on there. */
const ROWS_PER_LOOK = 5_000

/** A table whose rows go when what they belong to has gone. */
interface Belonging {
  table: Sql
  key: string
  /** What the key is of. */
  read: (name: unknown) => string | number
  /** Whether row `t` has outlived its subject. */
  outlived: Sql
  /** True of every row, by another column: what looks at nothing but keys may be answered by a walk through all of them. */
  always: Sql
}

/** Takes away what is past its time, a bounded amount with each call. Where nothing is, that is one statement. */
export function pruning(context: Context) {
  const { connection } = context
  const seen = new Map<Sql, string | number>()
  let done = NOTHING_ROLLED_UP

  return async function prune(keep: Retention, limit: number): Promise<number> {
    const aged = agedRows(context, keep, done)
    const belonging = belongings(context)
    const instants = -1 - aged.length
    const [answer] = await connection.query('common', [
      joined(
        [
          ...aged.map(anyOld),
          instantsOf(rollUpAt(context, keep), instants),
          ...belonging.map((each, at) => rowsOf(each, at, seen.get(each.table))),
        ],
        ' union all ',
      ),
    ])
    const { rows } = answer!
    const [hours, merged] = String(rows.find((row) => Number(row.place) === instants)!.name)
      .split(' ')
      .map(Number)
    const rolledUpTo = { hours: hours!, merged: merged! }
    let left = limit
    for (const [at, { table, old, order }] of aged.entries()) {
      const any = rows.some((row) => Number(row.place) === -1 - at && Number(row.outlived) === 1)
      if (table === context.names.metrics) {
        const { count, all } =
          any && left > 0 ? await rollUpMetrics(context, keep, left, done) : { count: 0, all: !any }
        if (all) done = rolledUp(done, rolledUpTo)
        left -= count
        continue
      }
      if (left <= 0 || !any) continue
      const [deleted] = await connection.query('common', [
        sql`delete from ${table} where ${old} order by ${order} limit ${left}`,
      ])
      left -= deleted!.affected
    }
    for (const [at, each] of belonging.entries()) {
      const looked = rows.filter((row) => Number(row.place) === at)
      if (looked.length < ROWS_PER_LOOK) seen.delete(each.table)
      else seen.set(each.table, each.read(looked.at(-1)!.name))
      const old = looked.filter((row) => Number(row.outlived) === 1).map(({ name }) => each.read(name))
      if (left > 0 && old.length > 0) left -= await removeOld(context, each, old.slice(0, left))
    }
    return limit - left
  }
}

/** Tables of which the old rows go. */
function agedRows(context: Context, keep: Retention, done: RolledUp): { table: Sql; old: Sql; order: Sql }[] {
  const { names } = context
  const { runs, metrics } = names
  const now = nowMs(context)
  const desk = deskPastItsTime(keep, now).map(({ table, key, past }) => ({
    ...{ table: names[table], old: past, order: raw(quoted(key)) },
  }))
  return [
    ...desk,
    {
      table: runs,
      old: sql`started_at < ${now} - ${keep.runsMs} and (keep_until is null or keep_until < ${now})`,
      order: raw('started_at'),
    },
    { table: metrics, old: isSpread(rollUpAt(context, keep), done), order: raw('minute') },
  ]
}

function anyOld({ table, old }: { table: Sql; old: Sql }, at: number): Sql {
  return sql`(select ${-1 - at} as place, '' as name, exists(select 1 from ${table} where ${old}) as outlived)`
}

/** Up to when the look at the metrics went, as text where others have a name. */
function instantsOf({ hours, merged }: RollUp, place: number): Sql {
  return sql`(select ${place}, convert(concat(${hours}, ' ', ${merged}) using utf8mb4) collate utf8mb4_bin, 0)`
}

/** Rows behind those of the last look, and whether each has outlived its subject. Locks nothing. */
function rowsOf({ table, key, outlived }: Belonging, at: number, from: string | number | undefined): Sql {
  const column = raw(`t.${quoted(key)}`)
  const behind = from === undefined ? raw('') : sql`where ${column} > ${from}`
  return sql`
    (select ${at}, convert(${column} using utf8mb4) collate utf8mb4_bin, ${outlived}
       from ${table} t force index (primary) ${behind} order by ${column} limit ${ROWS_PER_LOOK})`
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
      read: String,
      outlived: sql`(t.expires_at <= ${now} or (t.until <> 'window' and t.job_id > 0 and ${noJob}))`,
      always: raw('t.job_id >= 0'),
    },
    { table: names.reclaims, key: 'job_id', read: Number, outlived: noJob, always: raw('t.crashes >= 0') },
    {
      table: names.failed,
      key: 'uuid',
      read: String,
      outlived: sql`not exists (select 1 from ${names.failedJobs} f where f.id = t.failed_id)`,
      always: raw('t.failed_id >= 0'),
    },
    {
      table: names.failedFields,
      key: 'failed_id',
      read: Number,
      outlived: sql`not exists (select 1 from ${names.failedJobs} f where f.id = t.failed_id)`,
      always: raw(`t.field >= ''`),
    },
    { table: names.holds, key: 'worker', read: Number, outlived: noWorker, always: raw(`coalesce(t.ids, '') >= ''`) },
    {
      table: names.settlements,
      key: 'worker',
      read: Number,
      outlived: sql`(t.at < ${now} - ${ANSWERS_MS} and ${noWorker})`,
      always: raw('t.seq >= 0'),
    },
    {
      table: names.producers,
      key: 'producer',
      read: String,
      outlived: sql`t.at < ${now} - ${ANSWERS_MS}`,
      always: raw('t.seq >= 0'),
    },
  ]
}

/** Locks what had outlived, and looks again: a key may just have been taken anew. */
async function removeOld(
  { connection }: Context,
  belonging: Belonging,
  names: readonly (string | number)[],
): Promise<number> {
  const { table, key, outlived, always } = belonging
  const column = raw(`t.${quoted(key)}`)
  const which = sql`${column} in (${valueList(names)}) and ${always}`
  return connection.transaction('common', async (transaction) => {
    // By a statement of its own: what the delete sees must not be older than the locks.
    await transaction.run(
      sql`select 1 from ${table} t force index (primary) where ${which} order by ${column} for update`,
    )
    const [deleted] = await transaction.commit(
      sql`delete t from ${table} t force index (primary) where ${which} and ${outlived}`,
    )
    return deleted!.affected
  })
}
