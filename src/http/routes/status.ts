import { Type } from 'typebox'
import type { Status } from '../../client/status.ts'
import { queueCount } from '../contract/rows.ts'
import { nullable, queueWord, text, wallTime, whole } from '../contract/shapes.ts'
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
  workers: whole('Live workers', 0),
  paused_queues: Type.Array(queueWord, { description: 'Queues that are paused' }),
  unserved_queues: Type.Array(text('Name of a queue'), {
    description: 'Queues that hold jobs no live worker will take',
  }),
})

export const statusRoute = route({
  method: 'GET',
  path: '/status',
  operation: 'getStatus',
  role: 'viewer',
  group: 'The eight',
  summary: 'State of all queues',
  patient: true,
  data,
  example: {
    pending_jobs: [{ queue: 'netsuite', count: 3 }],
    reserved_jobs: [{ queue: 'netsuite', count: 1 }],
    failed_jobs_count: 5,
    oldest_pending_age_seconds: 120,
    oldest_pending_job: { queue: 'netsuite', created_at: 1730997654, available_at: 1730997654 },
    timestamp: '2025-11-07 19:30:00',
    delayed_jobs: [],
    workers: 2,
    paused_queues: [],
    unserved_queues: [],
  },
  async carryOut({ services: { board, clock } }) {
    const status = await board.get()
    const oldest = status.oldestDue
    return {
      data: {
        pending_jobs: counted(status, ({ due, delayed }) => due + delayed),
        reserved_jobs: counted(status, ({ reserved }) => reserved),
        failed_jobs_count: status.failed,
        oldest_pending_age_seconds: oldest && Math.max(0, Math.floor(oldest.ageMs / 1_000)),
        oldest_pending_job: oldest && {
          queue: oldest.queue,
          created_at: Math.floor(oldest.createdAt / 1_000),
          available_at: Math.floor(oldest.availableAt / 1_000),
        },
        timestamp: clock.text(status.at),
        delayed_jobs: counted(status, ({ delayed }) => delayed),
        workers: status.workers,
        paused_queues: status.queues.filter(({ pausedAt }) => pausedAt !== null).map(({ queue }) => queue),
        unserved_queues: status.unserved,
      },
    }
  },
})

function counted({ queues }: Status, of: (queue: Status['queues'][number]) => number) {
  return queues.map((queue) => ({ queue: queue.queue, count: of(queue) })).filter(({ count }) => count > 0)
}
