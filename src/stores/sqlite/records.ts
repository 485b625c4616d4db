import type { MetricRow, NewRun, RecordStore, Retention } from '../../store.ts'
import { deskPastItsTime } from '../sql/desk-prune.ts'
import {
  isSpread,
  METRIC_COLUMNS,
  METRIC_LIST,
  MINUTES_MS,
  metric,
  metricNumbers,
  NOTHING_ROLLED_UP,
  OWN_MS,
  type RolledUp,
  rolledMinute,
  rolledUp,
} from '../sql/metrics.ts'
import { raw, type Sql, sql, statementText } from '../sql/sql.ts'
import type { Connection, Value } from './connection.ts'
import type { Context } from './context.ts'
import { oneOf } from './dialect.ts'
import type { Handle } from './transaction.ts'

/** History and metrics: written in the background, in bulk, at synchronous NORMAL. */
export function recording(context: Context): Pick<RecordStore, 'saveRuns' | 'saveMetrics' | 'prune'> {
  const { connection, now, scan } = context
  let done = NOTHING_ROLLED_UP

  return {
    async saveRuns(runs: readonly NewRun[]): Promise<void> {
      if (runs.length === 0) return
      await connection.write('normal', () => {
        for (const run of runs) saveRun(connection, run)
      })
    },

    async saveMetrics(worker: number, rows: readonly MetricRow[]): Promise<void> {
      if (rows.length === 0) return
      await connection.write('normal', () => {
        for (const row of rows) setMetrics(connection, row.minute, worker, row)
      })
    },

    async prune(keep: Retention, limit: number): Promise<number> {
      const at = now()
      let left = limit
      for (const { table, key, past } of pastTheirTime(keep, at)) {
        // Found before the write lock is taken, since all of a table may have to be looked at; and looked at once more under it.
        const found = left > 0 ? await scan(sql`select ${key} as key from ${table} where ${past} limit ${left}`) : []
        if (found.length === 0) continue
        const keys = found.map((row) => row.key)
        const { text, values } = statement(sql`delete from ${table} where ${oneOf(key, keys)} and (${past})`)
        left -= await connection.write('normal', () => connection.run(text, ...values))
      }
      if (left > 0) left -= await rollUpMetrics(at, keep, left)
      return limit - left
    },
  }

  /** Found before the write lock is taken, since all of the table may have to be looked at. */
  async function rollUpMetrics(at: number, keep: Retention, limit: number): Promise<number> {
    const { bounds, spread } = rollUpAt(at, keep, done)
    if ((await scan(sql`select 1 as found from faena_metrics where ${spread} limit 1`)).length === 0) {
      done = rolledUp(done, bounds)
      return 0
    }
    const { text, values } = statement(sql`
      delete from faena_metrics where (minute, worker, queue, name) in
        (select minute, worker, queue, name from faena_metrics where ${spread} limit ${limit}) returning *`)
    const count = await connection.write('normal', () => {
      const rows = connection.all(text, ...values)
      for (const row of rows) addMetrics(connection, rolledMinute(Number(row.minute), bounds), metric(row))
      return rows.length
    })
    if (count < limit) done = rolledUp(done, bounds)
    return count
  }
}

function rollUpAt(at: number, keep: Retention, done: RolledUp) {
  const hour = (ms: number) => Math.floor(ms / 3_600_000) * 3_600_000
  const bounds = { total: hour(at - keep.metricsMs), hours: hour(at - MINUTES_MS), merged: at - OWN_MS }
  const { total, hours, merged } = bounds
  return { bounds, spread: isSpread({ total: sql`${total}`, hours: sql`${hours}`, merged: sql`${merged}` }, done) }
}

const PLACES = `(${Array(4 + METRIC_COLUMNS.length)
  .fill('?')
  .join(', ')})`
const SET_METRICS = `insert or replace into faena_metrics (${METRIC_LIST.text[0]}) values ${PLACES}`
const ADD_METRICS = `insert into faena_metrics (${METRIC_LIST.text[0]}) values ${PLACES} on conflict do update set ${METRIC_COLUMNS.map(
  (column) => `${column} = ${column} + excluded.${column}`,
).join(', ')}`

function setMetrics(connection: Connection, minute: number, worker: number, row: MetricRow): void {
  connection.run(SET_METRICS, minute, worker, row.queue, row.name, ...metricNumbers(row))
}

function addMetrics(connection: Connection, minute: number, row: MetricRow): void {
  connection.run(ADD_METRICS, minute, 0, row.queue, row.name, ...metricNumbers(row))
}

/** What goes, by table: history, keys that hold nothing any more, and what was kept beside rows that are gone. */
function pastTheirTime(keep: Retention, at: number): { table: Sql; key: Sql; past: Sql }[] {
  const rule = (table: string, key: string, past: Sql) => ({ table: raw(table), key: raw(key), past })
  const gone = (text: string) => raw(`not exists (${text})`)
  const job = gone('select 1 from jobs j where j.id = job_id')
  return [
    rule('faena_runs', 'id', sql`started_at < ${at - keep.runsMs} and (keep_until is null or keep_until < ${at})`),
    rule('faena_locks', 'key', sql`expires_at <= ${at} or (until <> 'window' and ${job})`),
    rule('faena_reclaims', 'job_id', job),
    rule('faena_blocks', 'first_id', gone('select 1 from jobs j where j.id between first_id and last_id')),
    rule('faena_failed', 'uuid', gone('select 1 from failed_jobs f where f.uuid = faena_failed.uuid')),
    ...deskPastItsTime(keep, sql`${at}`).map(({ table, key, past }) => rule(`faena_${table}`, key, past)),
  ]
}

function statement(piece: Sql): { text: string; values: Value[] } {
  return { text: statementText(piece, 'question'), values: piece.values as Value[] }
}

/** A run that has ended is never turned back into a running one by a progress report that comes late. */
export function saveRun(handle: Handle, run: NewRun): void {
  handle
    .prepare(
      `insert into faena_runs
         (uuid, attempt, name, queue, worker, started_at, ended_at, outcome, headline, progress, note, log, result, keep_until)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       on conflict (uuid, attempt) do update set
         worker = excluded.worker, started_at = excluded.started_at, ended_at = excluded.ended_at, outcome = excluded.outcome,
         headline = excluded.headline, progress = coalesce(excluded.progress, progress), note = coalesce(excluded.note, note),
         log = case when length(excluded.log) >= length(log) then excluded.log else log end,
         result = coalesce(excluded.result, result), keep_until = coalesce(excluded.keep_until, keep_until)
       where case when faena_runs.worker = excluded.worker
                  then excluded.ended_at is not null or faena_runs.ended_at is null
                  else excluded.started_at >= faena_runs.started_at end`,
    )
    .run(
      run.uuid,
      run.attempt,
      run.name,
      run.queue,
      run.worker,
      Math.round(run.startedAt),
      run.endedAt === null ? null : Math.round(run.endedAt),
      run.outcome,
      run.headline,
      run.progress,
      run.note,
      JSON.stringify(run.log),
      run.result,
      run.keepUntil === null ? null : Math.round(run.keepUntil),
    )
}
