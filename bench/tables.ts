import type { Records } from './records.ts'

interface Column {
  title: string
  measurement: string
  figure: string
}

/** Every measurement as Markdown: one table each, contestants down, medians with the least and the most. */
export function tables(records: Records): string {
  return SECTIONS.flatMap(({ title, columns }) => {
    const present = columns.filter(({ measurement }) => records.has(measurement))
    if (present.length === 0) return []
    const names = records.contestants((name) => present.some(({ measurement }) => measurement === name))
    const rows = names.map((name) => [
      `\`${name}\``,
      ...present.map(({ measurement, figure }) => cell(records, name, measurement, figure)),
    ])
    return [`#### ${title}\n\n${table(['contestant', ...present.map((column) => column.title)], rows)}`]
  })
    .concat(failures(records))
    .join('\n\n')
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

export function shown(number: number): string {
  if (Math.abs(number) >= 1_000) return Math.round(number).toLocaleString('en')
  if (Math.abs(number) >= 100) return number.toFixed(0)
  return number.toFixed(number >= 10 ? 1 : 2)
}

/** Figures that say less, or nothing, when a worker was cut off or a job did not run once. */
const MARKED = ['jobsPerSecond', 'handledPerSecond', 'lastToFirstTenth', 'allAfterMs']

function cell(records: Records, contestant: string, measurement: string, figure: string): string {
  const spread = records.spread(contestant, measurement, figure)
  if (spread === undefined) return '–'
  if (figure === 'exactlyOnce') return spread.least === 1 ? 'yes' : '**no**'
  const { median, least, most, runs } = spread
  const text = runs === 1 ? shown(median) : `${shown(median)} (${shown(least)}–${shown(most)})`
  if (!MARKED.includes(figure)) return text
  const { cut, invalid } = records.flaws(contestant, measurement)
  return `${text}${cut ? ' (cut)' : ''}${invalid ? ' (**not once**)' : ''}`
}

function failures({ failures: all }: Records): string[] {
  if (all.length === 0) return []
  const lines = all.map(({ contestant, workload, text }) => `- \`${contestant}\`, ${workload}: ${text.split('\n')[0]}`)
  return [`#### What did not come to an end\n\n${lines.join('\n')}`]
}

function columns(measurement: string, given: Readonly<Record<string, string>>): Column[] {
  return Object.entries(given).map(([figure, title]) => ({ title, measurement, figure }))
}

const COSTS = {
  nodeMicros: 'worker CPU, µs/job',
  serverMicros: 'server CPU, µs/job',
  logBytesPerJob: 'log, bytes/job',
  logSyncsPer1000: 'log syncs per 1,000 jobs',
}

const SECTIONS: readonly { title: string; columns: Column[] }[] = [
  {
    title: 'W1: single dispatch, 32 in flight; W2: bulk dispatch',
    columns: [
      ...columns('single', { jobsPerSecond: 'single, jobs/s' }),
      ...columns('bulk', { jobsPerSecond: 'bulk, jobs/s' }),
      ...columns(
        'single',
        Object.fromEntries(
          Object.entries(COSTS).map(([key, title]) => [key, `single: ${title.replace('worker', 'dispatcher')}`]),
        ),
      ),
      ...columns('bulk', { logBytesPerJob: 'bulk: log, bytes/job' }),
    ],
  },
  {
    title: 'W3: drain',
    columns: [
      ...columns('drain 10', { jobsPerSecond: 'concurrency 10, jobs/s' }),
      ...columns('drain 100', {
        jobsPerSecond: 'concurrency 100, jobs/s',
        ...COSTS,
        peakMiB: 'worker memory, peak MiB',
        serverMiB: 'server memory, MiB',
        exactlyOnce: 'every job once',
      }),
    ],
  },
  {
    title: 'W4: pick-up',
    columns: [
      ...columns('pickup', {
        p50: 'p50, ms',
        p99: 'p99, ms',
        idlePercent: 'idle, % of a core',
        busyPercent: 'at 20 jobs/s, % of a core',
        received: 'received',
      }),
      ...columns('pickup inside', { p50: 'in one process: p50, ms', p99: 'p99, ms' }),
    ],
  },
  {
    title: 'W5: jobs/s at the head of a backlog',
    columns: [
      ...columns('backlog 10000', { jobsPerSecond: '10k waiting' }),
      ...columns('backlog 100000', { jobsPerSecond: '100k waiting' }),
      ...columns('backlog 1000000', { jobsPerSecond: '1M waiting' }),
      ...columns('beside delayed', { jobsPerSecond: '100k, with delayed ones beside' }),
      ...columns('beside failed', { jobsPerSecond: '100k, with failed ones beside' }),
      ...columns('backlog 1000000', { exactlyOnce: 'none twice' }),
    ],
  },
  {
    title: 'W6: worker processes, jobs/s',
    columns: [
      ...columns('processes 1', { handledPerSecond: 'one' }),
      ...columns('processes 2', { handledPerSecond: 'two', exactlyOnce: 'every job once' }),
      ...columns('processes 4', { handledPerSecond: 'four', exactlyOnce: 'every job once' }),
    ],
  },
  {
    title: 'W7: an old snapshot held',
    columns: [
      ...columns('snapshot held', { jobsPerSecond: 'held, jobs/s', lastToFirstTenth: 'last tenth against second' }),
      ...columns('snapshot none', { jobsPerSecond: 'none, jobs/s', lastToFirstTenth: 'last tenth against second' }),
    ],
  },
  {
    title: 'W8: due at one second',
    columns: columns('due', {
      allAfterMs: 'all begun after, ms',
      p50: 'p50, ms',
      p99: 'p99, ms',
      started: 'begun',
      early: 'early',
      twice: 'twice',
    }),
  },
  {
    title: 'The API at 100 requests/s, 1M pending and 1M failed jobs, ms',
    columns: columns('api', {
      statusP50: 'status p50',
      statusP99: 'status p99',
      jobsP99: 'jobs p99',
      reservedP99: 'reserved p99',
      failedP99: 'failed p99',
      searchP99: 'jobs by order_id p99',
      failedSearchP99: 'failed by order_id p99',
      groupsP99: 'groups p99',
      refused: 'not answered',
      partial: 'in part',
      apiPercent: 'API, % of a core',
      serverPercent: 'database, % of a core',
    }),
  },
  {
    title: 'A worker beside the API, 1M pending and 1M failed jobs',
    columns: columns('api workers', {
      alone: 'alone, jobs/s',
      polled: 'with a poll each second, jobs/s',
      slowedPercent: 'slowed, % (median of five pairs)',
      worstPercent: 'worst pair, %',
      statusMost: 'slowest status, ms',
    }),
  },
  {
    title: 'A worker beside bulk retries of 100k failed jobs, 1M pending and 1M failed jobs',
    columns: columns('api bulk', {
      alone: 'alone, jobs/s',
      beside: 'beside a bulk retry, jobs/s',
      besidePercent: '% of alone',
      longestGapMs: 'longest gap, ms',
      wholeMs: 'the retry took, ms',
      retried: 'retried, as it says',
      missing: 'as the count of failed jobs says',
      retriedAcrossCrash: 'across a crash of the server',
      resumedMs: 'resumed and ended after, ms',
      cancelledAfter: 'until cancelled',
      cancelledSaid: 'as it says',
      exactlyOnce: 'each once',
    }),
  },
  {
    title: 'The mixed day',
    columns: columns('day', {
      stored: 'stored',
      skipped: 'second calls of unique ones, skipped',
      p50: 'pick-up p50, ms',
      p99: 'p99, ms',
      most: 'most, ms',
      dispatchP50: 'dispatch p50, ms',
      dispatchP99: 'p99, ms',
      looks: 'looks of the dashboard',
      lookP50: 'a look of the dashboard p50, ms',
      lookMost: 'most, ms',
      workerPercent: 'worker, % of a core',
      serverPercent: 'server, % of a core',
      firstThirdMiB: 'worker memory, first third, MiB',
      lastThirdMiB: 'last third',
      serverMiB: 'server memory, MiB',
      waitingAfter: 'left waiting',
      failedAfter: 'failed for good',
      exactlyOnce: 'every job once',
    }),
  },
]
