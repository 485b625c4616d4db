import type { MetricRow, NewRun, RecordStore } from '../../store.ts'
import { METRIC_LIST, metricNumbers } from '../sql/metrics.ts'
import { raw, type Sql, sql } from '../sql/sql.ts'
import type { Context } from './context.ts'
import { rowList } from './text.ts'

const ROWS_PER_STATEMENT = 200

/** History and metrics: written in the background, in bulk. */
export function recording(context: Context): Pick<RecordStore, 'saveRuns' | 'saveMetrics'> {
  const { connection, names } = context

  return {
    async saveRuns(runs: readonly NewRun[]): Promise<void> {
      for (let at = 0; at < runs.length; at += ROWS_PER_STATEMENT) {
        await connection.query('common', [saveRunsStatement(context, runs.slice(at, at + ROWS_PER_STATEMENT))])
      }
    },

    async saveMetrics(worker: number, rows: readonly MetricRow[]): Promise<void> {
      for (let at = 0; at < rows.length; at += ROWS_PER_STATEMENT) {
        const values = rows
          .slice(at, at + ROWS_PER_STATEMENT)
          .map((row) => [row.minute, worker, row.queue, row.name, ...metricNumbers(row)])
        await connection.query('common', [
          sql`replace into ${names.metrics} (${METRIC_LIST}) values ${rowList(values)}`,
        ])
      }
    },
  }
}

/** A run that has ended is never turned back into a running one by a progress report that comes late. */
export function saveRunsStatement({ names }: Context, runs: readonly NewRun[]): Sql {
  const rows = runs.map((run) => [
    ...[run.uuid, run.attempt, run.name, run.queue, run.worker, Math.round(run.startedAt)],
    ...[run.endedAt === null ? null : Math.round(run.endedAt), run.outcome, run.headline, run.progress, run.note],
    ...[JSON.stringify(run.log), run.result, run.keepUntil === null ? null : Math.round(run.keepUntil)],
  ])
  // MySQL sets the columns in order and sees those that were set: what the others depend on comes last.
  const newer = raw(
    `(case when worker = values(worker) then values(ended_at) is not null or ended_at is null
           else values(started_at) >= started_at end)`,
  )
  const sets = [
    ['started_at', 'values(started_at)'],
    ['outcome', 'values(outcome)'],
    ['headline', 'values(headline)'],
    ['progress', 'coalesce(values(progress), progress)'],
    ['note', 'coalesce(values(note), note)'],
    ['log', 'if(length(values(log)) >= length(log), values(log), log)'],
    ['result', 'coalesce(values(result), result)'],
    ['keep_until', 'coalesce(values(keep_until), keep_until)'],
  ].map(([column, value]) => sql`${raw(column!)} = if(${newer}, ${raw(value!)}, ${raw(column!)})`)
  const list = sets.reduce((all, each) => sql`${all}, ${each}`)
  return sql`
    insert into ${names.runs}
      (uuid, attempt, name, queue, worker, started_at, ended_at, outcome, headline, progress, note, log, result, keep_until)
    values ${rowList(rows)}
    on duplicate key update ${list}, ended_at = if(${newer}, values(ended_at), ended_at), worker = if(${newer}, values(worker), worker)`
}
