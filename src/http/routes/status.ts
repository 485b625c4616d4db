import { Type } from 'typebox'
import { queueCount } from '../contract/rows.ts'
import { nullable, queueWord, wallTime, whole } from '../contract/shapes.ts'
import { route } from '../route.ts'

const data = Type.Object({
  pending_jobs: Type.Array(queueCount, { description: 'Pending jobs by queue, delayed ones included' }),
  reserved_jobs: Type.Array(queueCount, { description: 'Jobs that workers have taken, by queue' }),
  failed_jobs_count: whole('Failed jobs of all queues', 0),
  oldest_pending_age_seconds: nullable(
    whole('How long the oldest due job has been due, in queues that are not paused; null where none is', 0),
  ),
  oldest_pending_job: nullable(
    Type.Object({ queue: queueWord, created_at: whole('Unix seconds'), available_at: whole('Unix seconds') }),
  ),
  timestamp: wallTime('The moment the counts are of'),
  delayed_jobs: Type.Array(queueCount, { description: 'Of the pending jobs, those not yet due' }),
})

export const statusRoute = route({
  method: 'GET',
  path: '/status',
  operation: 'getStatus',
  role: 'viewer',
  group: 'The eight',
  summary: 'State of all queues',
  description: 'At most two seconds old; what was changed through this API shows at once.',
  patient: true,
  ticking: ['timestamp', 'oldest_pending_age_seconds'],
  data,
  example: {
    pending_jobs: [{ queue: 'netsuite', count: 3 }],
    reserved_jobs: [{ queue: 'netsuite', count: 1 }],
    failed_jobs_count: 5,
    oldest_pending_age_seconds: 120,
    oldest_pending_job: { queue: 'netsuite', created_at: 1730997654, available_at: 1730997654 },
    timestamp: '2025-11-07 19:30:00',
    delayed_jobs: [],
  },
  async carryOut({ services: { admin, clock } }) {
    const { at, queues, failed, oldestDue } = await admin.board()
    const counted = (of: (queue: (typeof queues)[number]) => number) =>
      queues
        .map((counts) => ({ queue: counts.queue, count: of(counts) }))
        .filter(({ count }) => count > 0)
        .sort((a, b) => (a.queue < b.queue ? -1 : 1))
    return {
      data: {
        pending_jobs: counted(({ due, delayed }) => due + delayed),
        reserved_jobs: counted(({ reserved }) => reserved),
        failed_jobs_count: failed,
        oldest_pending_age_seconds: oldestDue && Math.max(0, Math.floor(oldestDue.ageMs / 1_000)),
        oldest_pending_job: oldestDue && {
          queue: oldestDue.queue,
          created_at: Math.floor(oldestDue.createdAt / 1_000),
          available_at: Math.floor(oldestDue.availableAt / 1_000),
        },
        timestamp: clock.text(at),
        delayed_jobs: counted(({ delayed }) => delayed),
      },
    }
  },
})
