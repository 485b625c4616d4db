import type { Admin } from '../client/admin.ts'
import { HISTOGRAM_BOUNDS_MS } from '../core/histogram.ts'
import type { LabelSets, Labels } from './label-sets.ts'

export interface Figures {
  board: Awaited<ReturnType<Admin['board']>>
  workers: Awaited<ReturnType<Admin['workers']>>
  totals: Awaited<ReturnType<Admin['metricTotals']>>
  store: Awaited<ReturnType<Admin['ping']>>
  connections: Connections
}

type Connections = ReturnType<Admin['connections']>

type Total = Figures['totals'][number]
type Sample = readonly [labels: Labels, value: number]

/** The text form of Prometheus. Counters come from the store: they are those of all workers, and outlive each of them. */
export function prometheusText({ board, workers, totals, store, connections }: Figures, sets: LabelSets): string {
  const { queues, failed, oldestDue } = board
  const byJob = sets.jobs(totals)
  const byQueue = sets.queues(queues)
  const count = (of: (total: Total) => number): Sample[] => byJob.map(({ labels, total }) => [labels, of(total)])
  const byName = [...new Set(workers.map(({ name }) => name))].sort()
  const ofName = (name: string) => workers.filter((worker) => worker.name === name)
  const sumOf = (of: (worker: Figures['workers'][number]) => number): Sample[] =>
    byName.map((name) => [{ worker: name }, ofName(name).reduce((sum, worker) => sum + of(worker), 0)])
  return [
    ...gauge(
      'faena_jobs',
      'Jobs by queue and state; those that are due or delayed are pending.',
      byQueue.flatMap(({ queue, ...counts }) =>
        (['due', 'delayed', 'reserved'] as const).map((state): Sample => [{ queue, state }, counts[state]]),
      ),
    ),
    ...gauge('faena_failed_jobs', 'Jobs that failed for good and were not retried or deleted.', [[{}, failed]]),
    ...gauge('faena_oldest_due_age_seconds', 'How long the oldest due job has been due; 0 where none is.', [
      [{}, (oldestDue?.ageMs ?? 0) / 1_000],
    ]),
    ...counter(
      'faena_jobs_dispatched_total',
      'Jobs that queues and schedules stored, and those handed over in a transaction, whether it commits or not.',
      count(({ dispatched }) => dispatched),
    ),
    ...counter(
      'faena_attempts_started_total',
      'Attempts that began.',
      count(({ started }) => started),
    ),
    ...counter(
      'faena_attempts_total',
      'Attempts that ended, by outcome; retried ones failed and are tried again.',
      byJob.flatMap(({ labels, total }) =>
        (['completed', 'failed', 'retried', 'released', 'cancelled'] as const).map(
          (outcome): Sample => [{ ...labels, outcome }, total[outcome]],
        ),
      ),
    ),
    ...histogram(
      'faena_job_wait_seconds',
      'How long jobs were due before an attempt began.',
      byJob.map(({ labels, total }) => ({ labels, counts: total.waits, sumMs: total.waitMs })),
    ),
    ...histogram(
      'faena_job_run_seconds',
      'How long attempts ran.',
      byJob.map(({ labels, total }) => ({ labels, counts: total.runs, sumMs: total.runMs })),
    ),
    ...gauge(
      'faena_workers',
      'Live worker processes by name (the pool they belong to) and state.',
      byName.flatMap((name) =>
        (['running', 'quiet', 'stopping'] as const).map(
          (state): Sample => [{ worker: name, state }, ofName(name).filter((one) => one.state === state).length],
        ),
      ),
    ),
    ...gauge(
      'faena_worker_slots',
      'Jobs that the workers of a name can run at once.',
      sumOf((one) => one.concurrency),
    ),
    ...gauge(
      'faena_running_jobs',
      'Jobs that the workers of a name run.',
      sumOf((one) => one.running),
    ),
    ...gauge(
      'faena_worker_memory_bytes',
      'Memory of the workers of a name.',
      sumOf((one) => one.memoryBytes),
    ),
    ...gauge('faena_store_up', 'Whether the database answered.', [[{}, 1]]),
    ...gauge('faena_store_ping_seconds', 'How long the database took to answer.', [[{}, store.latencyMs / 1_000]]),
    ...gauge('faena_store_info', 'The database behind the queue.', [
      [{ server: store.server, schema_version: String(store.schemaVersion) }, 1],
    ]),
    ...connectionFigures(connections),
    ...processFigures(),
    '',
  ].join('\n')
}

/** What there is to say while the database does not answer. */
export function unreachableText(connections: Connections): string {
  return [
    ...gauge('faena_store_up', 'Whether the database answered.', [[{}, 0]]),
    ...connectionFigures(connections),
    ...processFigures(),
    '',
  ].join('\n')
}

/** Of the process that serves them; workers have connections of their own. */
function connectionFigures(connections: Connections): string[] {
  return [
    ...gauge(
      'faena_store_connections',
      'Connections of the API to the database, by the pool that they are kept for.',
      connections.flatMap(({ pool, busy, idle }): Sample[] => [
        [{ pool, state: 'busy' }, busy],
        [{ pool, state: 'idle' }, idle],
      ]),
    ),
    ...gauge(
      'faena_store_connections_limit',
      'So many connections the pool makes at most.',
      connections.flatMap(({ pool, limit }): Sample[] => (limit === null ? [] : [[{ pool }, limit]])),
    ),
    ...gauge(
      'faena_store_calls_waiting',
      'Calls of the API that wait for a connection of the pool.',
      connections.map(({ pool, waiting }): Sample => [{ pool }, waiting]),
    ),
  ]
}

/** Of the process that serves them. */
function processFigures(): string[] {
  const { user, system } = process.cpuUsage()
  return [
    ...counter('process_cpu_seconds_total', 'Processor time of the API.', [[{}, (user + system) / 1e6]]),
    ...gauge('process_resident_memory_bytes', 'Memory of the API.', [[{}, process.memoryUsage.rss()]]),
    ...gauge('process_start_time_seconds', 'When the API began, in unix seconds.', [
      [{}, Math.round(Date.now() / 1_000 - process.uptime())],
    ]),
  ]
}

function gauge(name: string, help: string, samples: readonly Sample[]): string[] {
  return family(name, 'gauge', help, samples)
}

function counter(name: string, help: string, samples: readonly Sample[]): string[] {
  return family(name, 'counter', help, samples)
}

function family(name: string, type: string, help: string, samples: readonly Sample[]): string[] {
  return [...head(name, type, help), ...samples.map(([labels, value]) => line(name, labels, value))]
}

function histogram(
  name: string,
  help: string,
  series: readonly { labels: Labels; counts: readonly number[]; sumMs: number }[],
): string[] {
  const lines = series.flatMap(({ labels, counts, sumMs }) => {
    let below = 0
    const buckets = [...HISTOGRAM_BOUNDS_MS, Number.POSITIVE_INFINITY].map((bound, step) => {
      below += counts[step]!
      const le = bound === Number.POSITIVE_INFINITY ? '+Inf' : String(bound / 1_000)
      return line(`${name}_bucket`, { ...labels, le }, below)
    })
    return [...buckets, line(`${name}_sum`, labels, sumMs / 1_000), line(`${name}_count`, labels, below)]
  })
  return [...head(name, 'histogram', help), ...lines]
}

function head(name: string, type: string, help: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`]
}

function line(name: string, labels: Labels, value: number): string {
  const texts = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`)
  return `${name}${texts.length === 0 ? '' : `{${texts.join(',')}}`} ${value}`
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
