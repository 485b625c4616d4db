import type { MetricRow, NewRun, RecordStore, Retention } from '../../store.ts'
import type { Context } from './context.ts'
import type { Handle } from './transaction.ts'

/** History and metrics: written in the background, in bulk, at synchronous NORMAL. */
export function recording(context: Context): Pick<RecordStore, 'saveRuns' | 'saveMetrics' | 'prune'> {
  const { connection, now } = context

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
        for (const row of rows) {
          connection.run(
            `insert or replace into faena_metrics
               (minute, worker, queue, name, completed, failed, retried, released, cancelled, wait_ms, run_ms)
             values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
            row.minute,
            worker,
            row.queue,
            row.name,
            row.completed,
            row.failed,
            row.retried,
            row.released,
            row.cancelled,
            Math.round(row.waitMs),
            Math.round(row.runMs),
          )
        }
      })
    },

    async prune(keep: Retention, limit: number): Promise<number> {
      const at = now()
      return connection.write('normal', () => {
        let left = limit
        const remove = (sql: string, ...values: number[]) => {
          if (left > 0) left -= connection.run(sql, ...values, left)
        }
        remove(
          `delete from faena_runs where id in
             (select id from faena_runs where started_at < ? and (keep_until is null or keep_until < ?) order by started_at limit ?)`,
          at - keep.runsMs,
          at,
        )
        remove(
          `delete from faena_metrics where (minute, worker, queue, name) in
             (select minute, worker, queue, name from faena_metrics where minute < ? limit ?)`,
          at - keep.metricsMs,
        )
        remove(
          `delete from faena_locks where key in
             (select key from faena_locks l
               where expires_at <= ? or (until <> 'window' and not exists (select 1 from jobs j where j.id = l.job_id)) limit ?)`,
          at,
        )
        remove(
          `delete from faena_reclaims where job_id in
             (select job_id from faena_reclaims r where not exists (select 1 from jobs j where j.id = r.job_id) limit ?)`,
        )
        remove(
          `delete from faena_failed where uuid in
             (select uuid from faena_failed l where not exists (select 1 from failed_jobs f where f.uuid = l.uuid) limit ?)`,
        )
        return limit - left
      })
    },
  }
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
       where excluded.ended_at is not null or faena_runs.ended_at is null or faena_runs.worker <> excluded.worker`,
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
