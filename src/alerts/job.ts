import { backoffDelay } from '../core/backoff.ts'
import { defineJob } from '../core/job.ts'
import type { Notice } from '../core/notice.ts'
import type { StandardSchema } from '../core/schema.ts'
import { NotTold } from './not-told.ts'

/** Its own queue, so that no crowd of other jobs stands before it. Whoever watches works it off. */
export const ALERT_QUEUE = 'faena-alerts'

export interface Delivery {
  channel: string
  notice: Notice
}

/** Tells one channel of one notice. About an hour and a half of attempts: the place may be down together with the rest. */
export const alertJob = defineJob({
  name: 'faena.alert',
  queue: ALERT_QUEUE,
  input: delivery(),
  tries: 12,
  timeout: '30s',
  backoff: retryDelay,
})

/** Ten seconds, doubled up to a quarter of an hour; later where the other side asks for that. */
function retryDelay(attempt: number, error: unknown): number {
  const asked = error instanceof NotTold ? (error.retryAfterMs ?? 0) : 0
  return Math.max(asked, backoffDelay({ base: 10_000, factor: 2, max: 900_000, jitter: 0.2 }, attempt))
}

/** Written by the watch alone, so its form is all that is looked at. */
function delivery(): StandardSchema<Delivery> {
  return {
    '~standard': {
      version: 1,
      vendor: 'faena',
      validate(value) {
        const { channel, notice } = (value ?? {}) as Partial<Delivery>
        if (typeof channel === 'string' && Array.isArray(notice?.alerts)) return { value: value as Delivery }
        return { issues: [{ message: 'allowed: { channel, notice } as the watch writes it' }] }
      },
    },
  }
}
