import { HISTOGRAM_STEPS } from '../../core/histogram.ts'
import type { MetricRow } from '../../store.ts'
import type { SqlRow } from './rows.ts'
import { joined, raw, type Sql, sql } from './sql.ts'

const STEPS = Array.from({ length: HISTOGRAM_STEPS }, (_, step) => step)

/** Columns of faena_metrics that its first form lacks: numbers, 0 where they were not counted. */
export const ADDED_METRICS: readonly string[] = [
  ...['dispatched', 'started'],
  ...STEPS.map((step) => `wait_${step}`),
  ...STEPS.map((step) => `run_${step}`),
]

/** Columns of faena_metrics that are summed, in the order of `metricNumbers`. */
export const METRIC_COLUMNS: readonly string[] = [
  ...['completed', 'failed', 'retried', 'released', 'cancelled', 'wait_ms', 'run_ms'],
  ...ADDED_METRICS,
]

/** All columns, as `insert` names them. */
export const METRIC_LIST: Sql = raw(['minute', 'worker', 'queue', 'name', ...METRIC_COLUMNS].join(', '))

export function metricNumbers(row: MetricRow): number[] {
  const { completed, failed, retried, released, cancelled, waitMs, runMs, dispatched, started, waits, runs } = row
  return [
    ...[completed, failed, retried, released, cancelled, Math.round(waitMs), Math.round(runMs)],
    ...[dispatched, started, ...waits, ...runs],
  ]
}

/** `sum(completed) as completed, …` */
export const METRIC_SUMS: Sql = raw(METRIC_COLUMNS.map((column) => `sum(${column}) as ${column}`).join(', '))

export function metric(row: SqlRow): MetricRow {
  const of = (column: string) => Number(row[column] ?? 0)
  return {
    ...{ minute: of('minute'), queue: String(row.queue), name: String(row.name) },
    ...{ dispatched: of('dispatched'), started: of('started') },
    ...{ completed: of('completed'), failed: of('failed'), retried: of('retried') },
    ...{ released: of('released'), cancelled: of('cancelled'), waitMs: of('wait_ms'), runMs: of('run_ms') },
    waits: STEPS.map((step) => of(`wait_${step}`)),
    runs: STEPS.map((step) => of(`run_${step}`)),
  }
}

const HOUR = 3_600_000

/** When rows are put together, from the shared store contract's words; each an instant that SQL or JavaScript computes. */
export interface RollUp {
  /** Rows before it become part of the total, which has the minute 0. */
  total: Sql
  /** Rows before it become hours. */
  hours: Sql
  /** Rows before it lose whose they were. */
  merged: Sql
}

/** How long minutes stay minutes, and rows their workers' own: nobody writes a row again by then. */
export const MINUTES_MS = 26 * HOUR
export const OWN_MS = 2 * HOUR

/** Up to where all is put together already, in ms: rows before it need no look. */
export interface RolledUp {
  hours: number
  merged: number
}

export const NOTHING_ROLLED_UP: RolledUp = { hours: 1, merged: 1 }

/**
 * Whether a row is still to be put together with others. The ends of hours bound what becomes hours, so no hour is parted.
 * Each rule is one range of the primary key.
 */
export function isSpread({ total, hours, merged }: RollUp, done: RolledUp): Sql {
  const rules = [
    sql`(minute > 0 and minute < ${total})`,
    sql`(minute >= ${done.hours} and minute < ${hours} and (worker <> 0 or minute % ${raw(String(HOUR))} <> 0))`,
    sql`(minute >= ${done.merged} and minute < ${merged} and worker <> 0)`,
  ]
  return sql`(${joined(rules, ' or ')})`
}

/** What a look with these instants leaves to know once it has found nothing more. Once an hour all rows are looked at again. */
export function rolledUp(done: RolledUp, at: RolledUp): RolledUp {
  return done.hours === NOTHING_ROLLED_UP.hours || done.hours === at.hours ? at : NOTHING_ROLLED_UP
}

/** The minute of the row that this one becomes part of. */
export function rolledMinute(minute: number, { total, hours }: { total: number; hours: number }): number {
  if (minute < total) return 0
  return minute < hours ? minute - (minute % HOUR) : minute
}
