import { sumOfCounts } from '../../core/histogram.ts'
import type { MetricRow, NewRun, RecordStore, Retention, Run } from '../../store.ts'
import { deskDeletions } from './desk.ts'
import { pageOf } from './filter.ts'
import { dropKey, isFree } from './keys.ts'
import type { Tables } from './tables.ts'

/** How long a dead worker's settlements and a producer's last push can still be asked for again. */
const ANSWERS_KEPT_MS = 24 * 60 * 60 * 1_000

export function records(tables: Tables): RecordStore {
  return {
    saveRuns: async (runs) => {
      for (const run of runs) saveRun(tables, run)
    },
    runs: async ({ uuid, name, queue, outcome }, page) => {
      const matching = [...tables.runs.values()].filter(
        (run) =>
          (uuid === undefined || run.uuid === uuid) &&
          (name === undefined || run.name === name) &&
          (queue === undefined || run.queue === queue) &&
          (outcome === undefined || run.outcome === outcome),
      )
      return structuredClone(pageOf(matching, page))
    },
    saveMetrics: async (worker, rows) => {
      for (const row of rows) tables.metrics.set(JSON.stringify([worker, ...placeOf(row)]), { ...row })
    },
    metrics: async (window) => summed(tables, window),
    metricTotals: async () => totals(tables),
    prune: async (keep, limit) => prune(tables, keep, limit),
  }
}

/** Of one worker, an end counts for ever; of two, who began later: the other is a report of a lost attempt, come late. */
function supersedes(run: NewRun, existing: NewRun): boolean {
  if (run.worker !== existing.worker) return run.startedAt >= existing.startedAt
  return run.endedAt !== null || existing.endedAt === null
}

export function saveRun({ runs, runIds, lastId }: Tables, run: NewRun): void {
  const place = `${run.uuid} ${run.attempt}`
  const existing = runs.get(runIds.get(place) ?? 0)
  // A report of progress that comes late must not turn a run that has ended back into a running one.
  if (existing && !supersedes(run, existing)) return
  if (!existing) lastId.run += 1
  const id = existing?.id ?? lastId.run
  runIds.set(place, id)
  runs.set(id, {
    ...run,
    id,
    progress: run.progress ?? existing?.progress ?? null,
    note: run.note ?? existing?.note ?? null,
    log: [...(existing && existing.log.length > run.log.length ? existing : run).log],
    result: run.result ?? existing?.result ?? null,
    keepUntil: run.keepUntil ?? existing?.keepUntil ?? null,
  })
}

function summed({ metrics }: Tables, { from, to, queue, name }: Parameters<RecordStore['metrics']>[0]): MetricRow[] {
  const sums = new Map<string, MetricRow>()
  for (const row of metrics.values()) {
    if (row.minute === 0 || row.minute < from || row.minute >= to) continue
    if ((queue !== undefined && row.queue !== queue) || (name !== undefined && row.name !== name)) continue
    addTo(sums, JSON.stringify(placeOf(row)), row)
  }
  return [...sums.values()].sort((a, b) => a.minute - b.minute || order(a.queue, b.queue) || order(a.name, b.name))
}

function added(sum: MetricRow, row: MetricRow): MetricRow {
  return {
    ...sum,
    dispatched: sum.dispatched + row.dispatched,
    started: sum.started + row.started,
    completed: sum.completed + row.completed,
    failed: sum.failed + row.failed,
    retried: sum.retried + row.retried,
    released: sum.released + row.released,
    cancelled: sum.cancelled + row.cancelled,
    waitMs: sum.waitMs + row.waitMs,
    runMs: sum.runMs + row.runMs,
    waits: sumOfCounts(sum.waits, row.waits),
    runs: sumOfCounts(sum.runs, row.runs),
  }
}

function totals({ metrics }: Tables): MetricRow[] {
  const sums = new Map<string, MetricRow>()
  for (const row of metrics.values()) addTo(sums, JSON.stringify([row.queue, row.name]), { ...row, minute: 0 })
  return [...sums.values()].sort((a, b) => order(a.queue, b.queue) || order(a.name, b.name))
}

function addTo(sums: Map<string, MetricRow>, place: string, row: MetricRow): void {
  const sum = sums.get(place)
  sums.set(place, sum === undefined ? { ...row } : added(sum, row))
}

const HOUR = 3_600_000
const MINUTES_MS = 26 * HOUR
const OWN_MS = 2 * HOUR

/** What becomes part of another row: of the total, of its hour, or of its minute without its writer. */
function spreadMetrics({ metrics }: Tables, now: number, keep: Retention): (() => unknown)[] {
  const hourOf = (ms: number) => Math.floor(ms / HOUR) * HOUR
  const [total, hours] = [hourOf(now - keep.metricsMs), hourOf(now - MINUTES_MS)]
  return [...metrics].flatMap(([key, row]) => {
    const { minute } = row
    if (minute === 0) return []
    const to = minute < total ? 0 : minute < hours ? hourOf(minute) : minute < now - OWN_MS ? minute : null
    if (to === null) return []
    const place = JSON.stringify([0, ...placeOf({ ...row, minute: to })])
    return place === key ? [] : [() => metrics.delete(key) && addTo(metrics, place, { ...row, minute: to })]
  })
}

function prune(tables: Tables, keep: Retention, limit: number): number {
  const now = tables.clock()
  const deletions = [
    ...[...tables.runs.values()].filter((run) => isPast(run, now, keep)).map((run) => () => dropRun(tables, run)),
    ...spreadMetrics(tables, now, keep),
    ...keysOf(tables.workers, (worker) => worker.reclaimed && worker.leaseUntil < now - ANSWERS_KEPT_MS).map(
      (id) => () => tables.workers.delete(id),
    ),
    ...keysOf(tables.locks, (lock) => isFree(tables, lock)).map((key) => () => dropKey(tables, key)),
    ...keysOf(tables.pushes, ({ at }) => at < now - ANSWERS_KEPT_MS).map(
      (producer) => () => tables.pushes.delete(producer),
    ),
    ...deskDeletions(tables.desk, keep, now),
  ].slice(0, limit)
  for (const remove of deletions) remove()
  return deletions.length
}

function isPast(run: Run, now: number, keep: Retention): boolean {
  return (run.endedAt ?? run.startedAt) < now - keep.runsMs && (run.keepUntil === null || run.keepUntil <= now)
}

function dropRun({ runs, runIds }: Tables, run: Run): void {
  runs.delete(run.id)
  runIds.delete(`${run.uuid} ${run.attempt}`)
}

function keysOf<Key, Value>(map: Map<Key, Value>, matches: (value: Value) => boolean): Key[] {
  return [...map].filter(([, value]) => matches(value)).map(([key]) => key)
}

function placeOf({ minute, queue, name }: MetricRow): [number, string, string] {
  return [minute, queue, name]
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
