import { expect, test } from 'vitest'
import type { Status } from '../api/client.ts'
import { withCounts } from './counts.ts'

const known: Status = {
  pending_jobs: [{ queue: 'mail', count: 9 }],
  reserved_jobs: [],
  delayed_jobs: [],
  failed_jobs_count: 1,
  oldest_pending_age_seconds: 12,
  oldest_pending_job: { queue: 'mail', created_at: 1, available_at: 1 },
  timestamp: '2026-11-22 10:00:00',
}

test('counts that were told replace those that were read: pending ones hold the delayed', () => {
  const status = withCounts(known, {
    at: '2026-11-22T15:00:01.000Z',
    queues: [
      { queue: 'mail', due: 2, delayed: 3, reserved: 1 },
      { queue: 'idle', due: 0, delayed: 0, reserved: 0 },
    ],
    failed_jobs_count: 4,
    oldest_pending_age_seconds: 20,
  })
  expect(status).toMatchObject({
    pending_jobs: [{ queue: 'mail', count: 5 }],
    delayed_jobs: [{ queue: 'mail', count: 3 }],
    reserved_jobs: [{ queue: 'mail', count: 1 }],
    failed_jobs_count: 4,
    oldest_pending_age_seconds: 20,
  })
})

test('with nothing due there is no oldest job', () => {
  const status = withCounts(known, { at: '', queues: [], failed_jobs_count: 0, oldest_pending_age_seconds: null })
  expect(status.oldest_pending_job).toBeNull()
})
