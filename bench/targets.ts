import type { Records } from './records.ts'
import { shown, table } from './tables.ts'

const OWN = { SQLite: 'faena', PostgreSQL: 'faena-pg', MariaDB: 'faena-mariadb' } as const
/** On tables that PHP workers share, which have no bounds. */
const SHARED: Partial<Record<StoreName, string>> = { PostgreSQL: 'faena-pg-shared', MariaDB: 'faena-mariadb-shared' }
type StoreName = keyof typeof OWN

/** A contestant and a measurement whose figures a cell is made of. */
type Source = readonly [contestant: string, measurement: string]

/** One cell of the table "to reach": what is compared, and when it holds. */
interface Target {
  workload: string
  store: StoreName
  text: string
  /** What the value is made of where `ours` is our contestant: a flaw in one of them is one of the value. */
  from(ours: string, records: Records): readonly Source[]
  /** The value, or undefined where something of it was not measured. */
  value(records: Records, ours: string): number | undefined
  /** Without it the value is only reported. */
  holds?(value: number): boolean
}

/**
 * What the project set itself, with what these runs show: ratios of medians. Where a job did not run once the cell is invalid,
 * where a worker was cut off it says so, and neither holds.
 */
export function targets(records: Records): string {
  const rows = TARGETS.map((target) => [
    target.workload,
    target.store,
    target.text,
    valueShown(records, target, OWN[target.store]),
    verdict(records, target),
    valueShown(records, target, SHARED[target.store]),
  ])
  const judged = rows.filter(([, , , , text]) => text !== 'not measured' && text !== 'reported')
  const held = judged.filter(([, , , , text]) => text === 'holds').length
  const head = ['workload', 'store', 'to reach', 'reached', '', 'on tables shared with PHP']
  return `${table(head, rows)}\n\n${held} of ${judged.length} measured cells hold.`
}

function valueShown(records: Records, { value, from }: Target, ours: string | undefined): string {
  const found = ours === undefined ? undefined : value(records, ours)
  if (ours === undefined || found === undefined || Number.isNaN(found)) return '–'
  const flaws = from(ours, records).map((source) => records.flaws(...source))
  const cut = flaws.some((flaw) => flaw.cut) ? ' (cut)' : ''
  return `${shown(found)}${cut}${flaws.some(({ invalid }) => invalid) ? ' (**not once**)' : ''}`
}

function verdict(records: Records, { store, value, from, holds }: Target): string {
  const ours = OWN[store]
  const found = value(records, ours)
  if (found === undefined || Number.isNaN(found)) return 'not measured'
  const whose = (flaw: 'invalid' | 'cut') =>
    from(ours, records).filter(([contestant, measurement]) => records.flaws(contestant, measurement)[flaw])
  const named = (sources: readonly Source[]) =>
    [...new Set(sources.map(([contestant]) => `\`${contestant}\``))].join(', ')
  const [invalid, cut] = [whose('invalid'), whose('cut')]
  if (invalid.length > 0) return `**invalid**: ${named(invalid)} did not run every job once`
  if (cut.length > 0) return `**cut off**: ${named(cut)}`
  if (holds === undefined) return 'reported'
  return holds(found) ? 'holds' : '**missed**'
}

/** The one whose pick-up is compared: the tuned one where the plain one was not measured. */
function graphileOf(records: Records): string {
  return records.median('graphile', 'pickup', 'p50') === undefined ? 'graphile-tuned' : 'graphile'
}

/** At least `least` times what the other does, or what we do elsewhere (no contestant). */
function ratio(
  workload: string,
  store: StoreName,
  least: number,
  of: string,
  upper: [measurement: string, figure?: string],
  lower: [contestant: string | undefined, measurement: string, figure?: string],
): Target {
  const [measurement, figure] = upper
  const [contestant, otherMeasurement, otherFigure] = lower
  return {
    workload,
    store,
    text: `≥ ${least} × ${of}`,
    from: (ours) => [
      [ours, measurement],
      [contestant ?? ours, otherMeasurement],
    ],
    value(records, ours) {
      const upperValue = records.median(ours, measurement, figure)
      const lowerValue = records.median(contestant ?? ours, otherMeasurement, otherFigure)
      return upperValue === undefined || lowerValue === undefined ? undefined : upperValue / lowerValue
    },
    holds: (value) => value >= least,
  }
}

/** One figure of ours. */
function figureOf(
  workload: string,
  store: StoreName,
  text: string,
  [measurement, figure]: [measurement: string, figure: string],
  holds?: (value: number) => boolean,
): Target {
  return {
    workload,
    store,
    text,
    from: (ours) => [[ours, measurement]],
    value: (records, ours) => records.median(ours, measurement, figure),
    ...(holds !== undefined && { holds }),
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
  return figureOf(workload, store, `≤ ${most} ${unit}`, [measurement, figure], (value) => value <= most)
}

function within(store: StoreName, least: number, measurement: string, of: string, base: string): Target {
  const figure = base.startsWith('processes') ? 'handledPerSecond' : 'jobsPerSecond'
  return ratio(measurement, store, least, of, [measurement, figure], [undefined, base, figure])
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
    from: (ours, records) => [ours, graphileOf(records)].map((name) => [name, 'pickup']),
    value(records, ours) {
      const upper = records.median(ours, 'pickup', 'p50')
      const lower = records.median(graphileOf(records), 'pickup', 'p50')
      return upper === undefined || lower === undefined ? undefined : upper / lower
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
  figureOf(
    'old snapshot held',
    'PostgreSQL',
    // The first holds the start of the worker.
    'last tenth ≥ 0.9 × the second',
    ['snapshot held', 'lastToFirstTenth'],
    (value) => value >= 0.9,
  ),
  figureOf('old snapshot held', 'MariaDB', 'last tenth against the second', ['snapshot held', 'lastToFirstTenth']),
  ...EVERY.flatMap((store) => [
    bound('API: status, p99', store, 50, 'ms', 'api', 'statusP99'),
    ...['jobs', 'reserved', 'failed', 'search', 'failedSearch', 'groups'].map((kind) =>
      bound(`API: ${kind}, p99`, store, 100, 'ms', 'api', `${kind}P99`),
    ),
    bound('worker beside a poll each second', store, 10, '% slower', 'api workers', 'slowedPercent'),
    figureOf(
      'worker beside a bulk retry',
      store,
      '≥ 50 % of the rate alone',
      ['api bulk', 'besidePercent'],
      (value) => value >= 50,
    ),
    {
      ...figureOf('bulk retry', store, 'retried = gone from the failed ones', ['api bulk', 'retried']),
      value: (records, ours) => {
        const retried = records.median(ours, 'api bulk', 'retried')
        const missing = records.median(ours, 'api bulk', 'missing')
        return retried === undefined || missing === undefined ? undefined : retried / missing
      },
      holds: (value) => value === 1,
    } satisfies Target,
  ]),
  bound('20k due at one second', 'SQLite', 300, 'ms', 'due', 'allAfterMs'),
  bound('20k due at one second', 'PostgreSQL', 600, 'ms', 'due', 'allAfterMs'),
  bound('20k due at one second', 'MariaDB', 2_000, 'ms', 'due', 'allAfterMs'),
  ...EVERY.map(
    (store): Target => ({
      workload: 'worker memory, peak',
      store,
      text: '≤ 120 MiB',
      // A drain that was cut off has shown its memory all the same.
      from: () => [],
      // The worst of all drains counts, not the median of one.
      value(records, ours) {
        const peaks = records.records
          .filter(({ contestant, figures }) => contestant === ours && figures.handled !== undefined)
          .map(({ figures }) => figures.peakMiB!)
        return peaks.length === 0 ? undefined : Math.max(...peaks)
      },
      holds: (value) => value <= 120,
    }),
  ),
]
