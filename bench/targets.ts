import type { Records } from './records.ts'
import { shown, table } from './tables.ts'

/** One cell of the table "to reach": what is compared, and when it holds. */
interface Target {
  workload: string
  store: 'SQLite' | 'PostgreSQL' | 'MariaDB'
  text: string
  /** The value, or undefined where something of it was not measured. */
  value(records: Records): number | undefined
  holds(value: number): boolean
}

/** What the project set itself, with what this run shows: ratios of medians, both sides in one run. */
export function targets(records: Records): string {
  const rows = TARGETS.flatMap(({ workload, store, text, value, holds }) => {
    const found = value(records)
    const shownValue = found === undefined || Number.isNaN(found) ? '–' : shown(found)
    const verdict = shownValue === '–' ? 'not measured' : holds(found!) ? 'holds' : '**missed**'
    return [[workload, store, text, shownValue, verdict]]
  })
  const judged = rows.filter((row) => row[4] !== 'not measured')
  const held = judged.filter((row) => row[4] === 'holds').length
  return `${table(['workload', 'store', 'to reach', 'reached', ''], rows)}\n\n${held} of ${judged.length} measured cells hold.`
}

const STORES = { SQLite: 'faena', PostgreSQL: 'faena-pg', MariaDB: 'faena-mariadb' } as const
type StoreName = keyof typeof STORES

/** At least `least` times what the other does, or what we do elsewhere. */
function ratio(
  workload: string,
  store: StoreName,
  least: number,
  of: string,
  upper: [measurement: string, figure?: string],
  lower: [contestant: string, measurement: string, figure?: string],
): Target {
  return {
    workload,
    store,
    text: `≥ ${least} × ${of}`,
    value(records) {
      const [measurement, figure] = upper
      const [contestant, otherMeasurement, otherFigure] = lower
      const ours = records.median(STORES[store], measurement, figure)
      const theirs = records.median(contestant, otherMeasurement, otherFigure)
      return ours === undefined || theirs === undefined ? undefined : ours / theirs
    },
    holds: (value) => value >= least,
  }
}

/** At most so much. */
function bound(
  workload: string,
  store: StoreName,
  most: number,
  unit: string,
  measurement: string,
  figure: string,
): Target {
  return {
    workload,
    store,
    text: `≤ ${most} ${unit}`,
    value: (records) => records.median(STORES[store], measurement, figure),
    holds: (value) => value <= most,
  }
}

function within(store: StoreName, least: number, measurement: string, of: string, base: string): Target {
  const beside = base.startsWith('processes') ? 'processes' : 'backlog'
  const figure = beside === 'processes' ? 'handledPerSecond' : 'jobsPerSecond'
  return ratio(measurement, store, least, of, [measurement, figure], [STORES[store], base, figure])
}

const EVERY: readonly StoreName[] = ['SQLite', 'PostgreSQL', 'MariaDB']

const TARGETS: readonly Target[] = [
  ...['drain 10', 'drain 100'].flatMap((drain) => [
    ratio(drain, 'SQLite', 8, 'plainjob', [drain], ['plainjob', drain]),
    ratio(drain, 'PostgreSQL', 1.9, 'graphile-worker tuned', [drain], ['graphile-tuned', drain]),
    ratio(drain, 'PostgreSQL', 20, 'graphile-worker plain', [drain], ['graphile', drain]),
    ratio(drain, 'MariaDB', 0.85, 'the raw update form', [drain], ['raw-mariadb', drain]),
  ]),
  ratio('bulk dispatch', 'SQLite', 1.1, 'plainjob', ['bulk'], ['plainjob', 'bulk']),
  ratio('bulk dispatch', 'PostgreSQL', 2.4, 'graphile-worker', ['bulk'], ['graphile-tuned', 'bulk']),
  ratio('bulk dispatch', 'MariaDB', 0.8, 'a raw multi-row insert', ['bulk'], ['raw-mariadb', 'bulk']),
  ratio('single dispatch', 'SQLite', 2.5, 'plainjob at FULL', ['single'], ['plainjob-full', 'single']),
  ratio('single dispatch', 'PostgreSQL', 3, 'a plain insert per call', ['single'], ['raw-pg', 'single']),
  ratio('single dispatch', 'PostgreSQL', 20, 'pg-boss', ['single'], ['pgboss', 'single']),
  ratio('single dispatch', 'PostgreSQL', 20, 'graphile-worker', ['single'], ['graphile-tuned', 'single']),
  ratio('single dispatch', 'MariaDB', 3, 'a plain insert per call', ['single'], ['raw-mariadb', 'single']),
  bound('pick-up p50', 'SQLite', 3, 'ms', 'pickup', 'p50'),
  bound('pick-up p99', 'SQLite', 6, 'ms', 'pickup', 'p99'),
  bound('idle worker', 'SQLite', 3, '% of a core', 'pickup', 'idlePercent'),
  {
    workload: 'pick-up p50',
    store: 'PostgreSQL',
    text: "≤ graphile-worker's",
    value(records) {
      const ours = records.median('faena-pg', 'pickup', 'p50')
      const theirs = records.median('graphile', 'pickup', 'p50') ?? records.median('graphile-tuned', 'pickup', 'p50')
      return ours === undefined || theirs === undefined ? undefined : ours / theirs
    },
    holds: (value) => value <= 1,
  },
  bound('pick-up p99', 'PostgreSQL', 5, 'ms', 'pickup', 'p99'),
  bound('pick-up p50 in one process', 'MariaDB', 3, 'ms', 'pickup inside', 'p50'),
  ...EVERY.flatMap((store) => [
    within(store, 0.85, 'backlog 1000000', 'with 100k waiting', 'backlog 100000'),
    within(store, 0.85, 'beside delayed', 'with 100k waiting', 'backlog 100000'),
    within(store, 0.85, 'beside failed', 'with 100k waiting', 'backlog 100000'),
  ]),
  ...EVERY.map((store) => within(store, store === 'SQLite' ? 0.8 : 1, 'processes 2', 'one process', 'processes 1')),
  {
    workload: 'old snapshot held',
    store: 'PostgreSQL',
    text: 'last tenth ≥ 0.9 × the first',
    value: (records) => records.median('faena-pg', 'snapshot held', 'lastToFirstTenth'),
    holds: (value) => value >= 0.9,
  },
  {
    workload: 'old snapshot held',
    store: 'MariaDB',
    text: 'reported',
    value: (records) => records.median('faena-mariadb', 'snapshot held', 'lastToFirstTenth'),
    holds: () => true,
  },
  ...EVERY.flatMap((store) => [
    bound('API: status, p99', store, 50, 'ms', 'api', 'statusP99'),
    ...['jobs', 'reserved', 'failed', 'search', 'failedSearch', 'groups'].map((kind) =>
      bound(`API: ${kind}, p99`, store, 100, 'ms', 'api', `${kind}P99`),
    ),
    bound('worker beside a poll each second', store, 10, '% slower', 'api workers', 'slowedPercent'),
  ]),
  bound('20k due at one second', 'SQLite', 300, 'ms', 'due', 'allAfterMs'),
  bound('20k due at one second', 'PostgreSQL', 600, 'ms', 'due', 'allAfterMs'),
  bound('20k due at one second', 'MariaDB', 2_000, 'ms', 'due', 'allAfterMs'),
  ...EVERY.map((store) => ({
    workload: 'worker memory, peak',
    store,
    text: '≤ 120 MiB',
    // The worst of all drains counts, not the median of one.
    value: (records: Records) => {
      const peaks = records.records
        .filter(({ contestant, figures }) => contestant === STORES[store] && figures.handled !== undefined)
        .map(({ figures }) => figures.peakMiB!)
      return peaks.length === 0 ? undefined : Math.max(...peaks)
    },
    holds: (value: number) => value <= 120,
  })),
]
