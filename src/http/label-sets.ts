import type { Admin } from '../client/admin.ts'
import { sumOfCounts } from '../core/histogram.ts'

type Total = Awaited<ReturnType<Admin['metricTotals']>>[number]
type QueueCounts = Awaited<ReturnType<Admin['board']>>['queues'][number]
export type Labels = Readonly<Record<string, string>>

const MOST_JOBS = 200
const MOST_QUEUES = 200
/** What is beyond the limit is summed under this. */
const OTHER = '(other)'

/**
 * Keeps the sets of labels few, however many queues and jobs an application makes up: a monitoring system keeps each set
 * for ever. Once a pair of queue and job is shown by its name it stays so, since a counter may not fall.
 */
export class LabelSets {
  readonly #shown = new Set<string>()

  jobs(totals: readonly Total[]): { labels: Labels; total: Total }[] {
    const named: { labels: Labels; total: Total }[] = []
    let rest: Total | undefined
    for (const total of totals) {
      if (this.#isShown(`${total.queue}\n${total.name}`)) {
        named.push({ labels: { queue: total.queue, job: total.name }, total })
      } else rest = rest === undefined ? total : added(rest, total)
    }
    return rest === undefined ? named : [...named, { labels: { queue: OTHER, job: OTHER }, total: rest }]
  }

  /** The longest queues by name. */
  queues(counts: readonly QueueCounts[]): QueueCounts[] {
    if (counts.length <= MOST_QUEUES) return [...counts]
    const length = ({ due, delayed, reserved }: QueueCounts) => due + delayed + reserved
    const sorted = [...counts].sort((a, b) => length(b) - length(a))
    const rest = { queue: OTHER, due: 0, delayed: 0, reserved: 0 }
    for (const { due, delayed, reserved } of sorted.slice(MOST_QUEUES)) {
      rest.due += due
      rest.delayed += delayed
      rest.reserved += reserved
    }
    return [...sorted.slice(0, MOST_QUEUES), rest]
  }

  #isShown(pair: string): boolean {
    if (this.#shown.has(pair)) return true
    if (this.#shown.size >= MOST_JOBS) return false
    this.#shown.add(pair)
    return true
  }
}

const SUMS = [
  ...(['dispatched', 'started', 'completed', 'failed', 'retried', 'released', 'cancelled', 'waitMs', 'runMs'] as const),
]

function added(sum: Total, row: Total): Total {
  const numbers = Object.fromEntries(SUMS.map((key) => [key, sum[key] + row[key]]))
  return { ...sum, ...numbers, waits: sumOfCounts(sum.waits, row.waits), runs: sumOfCounts(sum.runs, row.runs) }
}
