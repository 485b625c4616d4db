import type { MetricRow, NewRun, RecordStore } from '../../store.ts'
import { METRIC_COLUMNS, METRIC_LIST, metricNumbers } from '../sql/metrics.ts'
import { joined, raw, type Sql, sql } from '../sql/sql.ts'
import { numberArray, textArray } from './client.ts'
import { type Context, UNHURRIED } from './context.ts'
import { pruning } from './prune.ts'

/** History and metrics: written in the background, in bulk. */
export function recording(context: Context): Pick<RecordStore, 'saveRuns' | 'saveMetrics' | 'prune'> {
  const { connection, names } = context
  const own = (name: string) => raw(names.own(name))

  return {
    async saveRuns(runs: readonly NewRun[]): Promise<void> {
      if (runs.length > 0)
        await connection.query('common', saveRunsStatement(context, runs, sql`, (select ${UNHURRIED}) s`))
    },

    async saveMetrics(worker: number, rows: readonly MetricRow[]): Promise<void> {
      if (rows.length === 0) return
      const texts = (of: (row: MetricRow) => string) => textArray(rows.map(of))
      const numbers = rows.map(metricNumbers)
      const columns = METRIC_COLUMNS.map((_, at) => sql`${numberArray(numbers.map((all) => all[at]!))}::bigint[]`)
      await connection.query(
        'common',
        sql`
        insert into ${own('metrics')} (${METRIC_LIST})
        select m.minute, ${worker}, m.queue, m.name, ${raw(METRIC_COLUMNS.map((column) => `m.${column}`).join(', '))}
          from unnest(${numberArray(rows.map(({ minute }) => minute))}::bigint[], ${texts(({ queue }) => queue)}::text[],
                      ${texts(({ name }) => name)}::text[], ${joined(columns, ', ')})
               as m(minute, queue, name, ${raw(METRIC_COLUMNS.join(', '))}), (select ${UNHURRIED}) s
         order by m.minute, m.queue, m.name
        on conflict (minute, worker, queue, name) do update
           set ${raw(METRIC_COLUMNS.map((column) => `${column} = excluded.${column}`).join(', '))}`,
      )
    },

    prune: pruning(context),
  }
}

/** A run that has ended is never turned back into a running one by a progress report that comes late. */
export function saveRunsStatement({ names }: Context, reports: readonly NewRun[], beside: Sql = raw('')): Sql {
  const runs = latest(reports)
  const table = raw(names.own('runs'))
  const texts = (of: (run: NewRun) => string | null) => textArray(runs.map((run) => of(run)))
  const numbers = (of: (run: NewRun) => number | null) => numberArray(runs.map(of))
  const whole = (of: (run: NewRun) => number | null) => numbers((run) => rounded(of(run)))
  return sql`
    insert into ${table} as r
      (uuid, attempt, name, queue, worker, started_at, ended_at, outcome, headline, progress, note, log, result, keep_until)
    select u.* from unnest(${texts(({ uuid }) => uuid)}::text[], ${numbers(({ attempt }) => attempt)}::integer[],
      ${texts(({ name }) => name)}::text[], ${texts(({ queue }) => queue)}::text[], ${numbers(({ worker }) => worker)}::bigint[],
      ${whole(({ startedAt }) => startedAt)}::bigint[], ${whole(({ endedAt }) => endedAt)}::bigint[],
      ${texts(({ outcome }) => outcome)}::text[], ${texts(({ headline }) => headline)}::text[],
      ${numbers(({ progress }) => progress)}::double precision[], ${texts(({ note }) => note)}::text[],
      ${texts(({ log }) => JSON.stringify(log))}::text[], ${texts(({ result }) => result)}::text[],
      ${whole(({ keepUntil }) => keepUntil)}::bigint[]) u${beside}
    on conflict (uuid, attempt) do update
       set worker = excluded.worker, started_at = excluded.started_at, ended_at = excluded.ended_at, outcome = excluded.outcome,
           headline = excluded.headline, progress = coalesce(excluded.progress, r.progress), note = coalesce(excluded.note, r.note),
           log = case when length(excluded.log) >= length(r.log) then excluded.log else r.log end,
           result = coalesce(excluded.result, r.result), keep_until = coalesce(excluded.keep_until, r.keep_until)
     where case when r.worker = excluded.worker
                then excluded.ended_at is not null or r.ended_at is null
                else excluded.started_at >= r.started_at end`
}

/** One statement may write an attempt once only: what several reports say of it is put together, the last word counts. */
function latest(runs: readonly NewRun[]): NewRun[] {
  const byAttempt = new Map<string, NewRun>()
  for (const run of runs) {
    const key = `${run.uuid} ${run.attempt}`
    const known = byAttempt.get(key)
    byAttempt.set(key, known === undefined ? run : joinedRun(known, run))
  }
  return [...byAttempt.values()]
}

function joinedRun(earlier: NewRun, later: NewRun): NewRun {
  const counts =
    earlier.worker === later.worker
      ? later.endedAt !== null || earlier.endedAt === null
      : later.startedAt >= earlier.startedAt
  if (!counts) return earlier
  return {
    ...later,
    progress: later.progress ?? earlier.progress,
    note: later.note ?? earlier.note,
    log: later.log.length >= earlier.log.length ? later.log : earlier.log,
    result: later.result ?? earlier.result,
    keepUntil: later.keepUntil ?? earlier.keepUntil,
  }
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value)
}
