import type { StoredBackoff } from '../core/backoff.ts'
import { spoken } from '../core/duration.ts'
import type { Settings } from '../core/settings.ts'
import type { Plan } from './plan.ts'
import { safe } from './style.ts'
import type { WorkOrder } from './work-order.ts'

/** What a worker says when it starts: what it serves, and which defaults are in force. Pairs of label and text. */
export function workerFacts(
  { name }: WorkOrder,
  plan: Plan,
  settings: Settings,
  database: string,
): [label: string, text: string][] {
  const { tries, timeoutMs, memoryMb } = plan
  const jobs = plan.handlers.map(({ job }) => job.name)
  return [
    ['worker', `${safe(name)}, process ${process.pid}, ${plan.concurrency} at once`],
    ['jobs', jobs.length === 0 ? 'none: no handler is configured' : safe(shortened(jobs))],
    ['schedules', String(settings.schedules.length)],
    ['database', safe(database)],
    [
      'defaults',
      [
        `tries ${tries === 0 ? 'without limit' : tries}`,
        `timeout ${timeoutMs === 0 ? 'none' : spoken(timeoutMs)}`,
        `backoff ${backoffText(plan.backoff)}`,
        `lease ${spoken(plan.leaseMs)}`,
        `memory ${memoryMb === 0 ? 'without limit' : `${memoryMb} MB`}`,
      ].join(', '),
    ],
    ['stop', `Ctrl+C lets running jobs finish (up to ${spoken(plan.graceMs)}); a second one stops at once`],
  ]
}

/** `Processing jobs from the [high, default] queues.`, as Laravel's worker says it. */
export function heading(queues: readonly string[]): string {
  return `Processing jobs from the [${safe(queues.join(','))}] ${queues.length === 1 ? 'queue' : 'queues'}.`
}

export const WHAT_TO_TRY: readonly (readonly [command: string, what: string])[] = [
  ['faena status', 'what waits, runs and failed'],
  [`faena dispatch <job> '{"key": 1}'`, 'hand over a job by hand'],
  ['faena failed', 'what failed, and why; faena retry brings it back'],
  ['faena doctor', 'whether all is well'],
]

export const NO_HANDLERS = [
  'No handler is configured, so nothing will run yet. In faena.config.ts:',
  '',
  "  import { defineConfig } from 'faena'",
  "  import * as jobs from './jobs.ts'",
  "  export default defineConfig({ jobs, handlers: ['handlers.ts'] })",
]

function backoffText(backoff: StoredBackoff): string {
  if (Array.isArray(backoff)) return backoff.map(spoken).join('/')
  return `${spoken(backoff.base)} doubling up to ${spoken(backoff.max)}`
}

function shortened(names: readonly string[]): string {
  const shown = names.slice(0, 8).join(', ')
  return names.length > 8 ? `${shown} and ${names.length - 8} more` : shown
}
