import { Type } from 'typebox'
import { isoTextOrNull } from '../contract/operations.ts'
import { nullable, queueWord, text, whole } from '../contract/shapes.ts'
import { ApiError } from '../errors.ts'
import { route } from '../route.ts'

const nameParams = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 255, description: 'Name of a queue', examples: ['netsuite'] }),
})

export const listQueues = route({
  method: 'GET',
  path: '/queues',
  operation: 'listQueues',
  role: 'viewer',
  group: 'Queues',
  summary: 'All queues: what waits and runs, who serves them, whether they are paused',
  data: Type.Object({
    queues: Type.Array(
      Type.Object({
        queue: queueWord,
        due: whole('Pending and due', 0),
        delayed: whole('Pending, not yet due', 0),
        reserved: whole('Taken by workers', 0),
        workers: whole('Live workers that take its jobs', 0),
        paused_at: nullable(text('ISO 8601')),
        pause_reason: nullable(text('What whoever paused it said')),
      }),
    ),
    count: whole('Queues in this answer', 0),
  }),
  example: {
    queues: [{ queue: 'netsuite', due: 3, delayed: 0, reserved: 1, workers: 2, paused_at: null, pause_reason: null }],
    count: 1,
  },
  async carryOut({ services: { admin } }) {
    const found = await admin.queueBoard()
    const queues = found.map(({ queue, due, delayed, reserved, workers, pausedAt, pauseReason }) => ({
      ...{ queue, due, delayed, reserved, workers },
      paused_at: isoTextOrNull(pausedAt),
      pause_reason: pauseReason === null ? null : admin.masker.text(pauseReason),
    }))
    return { data: { queues, count: queues.length } }
  },
})

const queueData = Type.Object({ queue: queueWord })

export const pauseQueue = route({
  method: 'POST',
  path: '/queues/{name}/pause',
  operation: 'pauseQueue',
  role: 'operator',
  group: 'Queues',
  summary: 'Let no more jobs of a queue start',
  params: nameParams,
  body: Type.Object({
    reason: Type.Optional(Type.String({ maxLength: 255, description: 'Shown to whoever wonders' })),
  }),
  bodyOptional: true,
  bodyExample: { reason: 'NetSuite is down' },
  data: queueData,
  example: { queue: 'netsuite' },
  says: 'Queue netsuite is paused',
  audited: { action: 'queue.pause', target: ({ name }) => `queue:${name}` },
  async carryOut({ params: { name }, body, services: { admin } }) {
    await admin.pause(name, body.reason)
    admin.touched()
    return { data: { queue: name }, message: `Queue ${name} is paused`, audit: body }
  },
})

export const resumeQueue = route({
  method: 'POST',
  path: '/queues/{name}/resume',
  operation: 'resumeQueue',
  role: 'operator',
  group: 'Queues',
  summary: 'End a pause',
  params: nameParams,
  data: queueData,
  example: { queue: 'netsuite' },
  says: 'Queue netsuite goes on',
  audited: { action: 'queue.resume', target: ({ name }) => `queue:${name}` },
  async carryOut({ params: { name }, services: { admin } }) {
    await admin.resume(name)
    admin.touched()
    return { data: { queue: name }, message: `Queue ${name} goes on` }
  },
})

export const clearQueue = route({
  method: 'POST',
  path: '/queues/{name}/clear',
  operation: 'clearQueue',
  role: 'admin',
  group: 'Queues',
  summary: 'Delete all pending, delayed and reserved jobs of a queue',
  description: 'The body names the queue once more, so that no slip of the hand clears another. Failed jobs stay.',
  cost: 'bulk',
  params: nameParams,
  body: Type.Object({ queue: queueWord }),
  bodyExample: { queue: 'netsuite' },
  data: Type.Object({ deleted_count: whole('Jobs that were deleted', 0) }),
  example: { deleted_count: 12 },
  says: 'Cleared 12 jobs of netsuite',
  audited: { action: 'queue.clear', target: ({ name }) => `queue:${name}` },
  async carryOut({ params: { name }, body, services: { admin } }) {
    if (body.queue !== name) {
      throw new ApiError('BAD_ARGUMENT', 'The body names another queue than the address', {
        issues: [{ path: 'queue', message: `allowed: ${name}` }],
      })
    }
    const { changed } = await admin.clear(name)
    admin.touched()
    return {
      data: { deleted_count: changed },
      message: `Cleared ${changed} jobs of ${name}`,
      audit: { count: changed },
    }
  },
})
