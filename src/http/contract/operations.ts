import { Type } from 'typebox'
import type { OperationView } from '../../client/operations.ts'
import type { Masker } from '../../core/mask.ts'
import { nullable, open, text, whole, words } from './shapes.ts'

/** A bulk action that outlives the request which asked for it. */
export const operationSchema = Type.Object({
  id: whole('Id of the operation', 1),
  kind: words(['retry', 'forget'], 'Failed jobs back to their queues, or deleted'),
  state: words(['pending', 'running', 'done', 'cancelled', 'failed'], 'How far it is'),
  narrowing: open(Type.Object({}, { description: 'Which failed jobs it acts on; empty: all' })),
  total: nullable(whole('How many it will look at, where that was counted', 0)),
  done: whole('Looked at so far', 0),
  changed: whole('Retried or deleted so far', 0),
  skipped: whole('Left as they were', 0),
  rate_per_second: nullable(Type.Number({ description: 'At most so many a second' })),
  subject: text('Who asked for it'),
  error: nullable(text('Why it ended before it was done')),
  created_at: text('ISO 8601'),
  started_at: nullable(text('ISO 8601')),
  ended_at: nullable(text('ISO 8601')),
})

/** What somebody typed, or an error says, may hold a secret. */
export function operationRow(operation: OperationView, { masker }: { masker: Masker }) {
  const { ratePerSecond, createdAt, startedAt, endedAt, narrowing } = operation
  const { id, kind, state, total, done, changed, skipped, subject, error } = operation
  const { jobClass, ...rest } = narrowing
  return {
    ...{ id, kind, state, total, done, changed, skipped, subject },
    narrowing: masker.value({ ...rest, ...(jobClass !== undefined && { job_class: jobClass }) }) as Record<
      string,
      unknown
    >,
    error: error === null ? null : masker.text(error),
    rate_per_second: ratePerSecond,
    created_at: isoText(createdAt),
    started_at: isoTextOrNull(startedAt),
    ended_at: isoTextOrNull(endedAt),
  }
}

export function isoText(ms: number): string {
  return new Date(ms).toISOString()
}

export function isoTextOrNull(ms: number | null): string | null {
  return ms === null ? null : isoText(ms)
}

export const operationExample = {
  id: 7,
  kind: 'retry' as const,
  state: 'running' as const,
  narrowing: { queue: 'netsuite' },
  total: 2500,
  done: 1000,
  changed: 998,
  skipped: 2,
  rate_per_second: null,
  subject: 'backoffice',
  error: null,
  created_at: '2025-11-07T19:30:00.000Z',
  started_at: '2025-11-07T19:30:00.120Z',
  ended_at: null,
}
