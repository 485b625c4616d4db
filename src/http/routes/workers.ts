import { Type } from 'typebox'
import { isoText } from '../contract/operations.ts'
import { nullable, queueWord, text, whole, words } from '../contract/shapes.ts'
import { ApiError } from '../errors.ts'
import { route } from '../route.ts'

export const listWorkers = route({
  method: 'GET',
  path: '/workers',
  operation: 'listWorkers',
  role: 'viewer',
  group: 'Workers',
  summary: 'Live workers',
  data: Type.Object({
    workers: Type.Array(
      Type.Object({
        id: whole('Id of the worker; never used again', 1),
        name: text('As faena work --name has it'),
        host: text('Machine'),
        pid: whole('Process'),
        version: text('Of Faena'),
        queues: Type.Array(queueWord, { description: 'In strict order' }),
        job_names: nullable(
          Type.Array(text('Name of a job'), { description: 'Jobs it has handlers for; null where it did not tell' }),
        ),
        concurrency: whole('Jobs it runs at once at most', 0),
        running: whole('Jobs it runs', 0),
        memory_bytes: whole('Of its process', 0),
        state: words(['running', 'quiet', 'stopping'], 'quiet: finishes what it has and takes no more'),
        started_at: text('ISO 8601'),
        beat_at: text('Its last heartbeat, ISO 8601'),
        lease_until: text('When its jobs are taken back if it falls silent, ISO 8601'),
      }),
    ),
    count: whole('Workers in this answer', 0),
  }),
  example: {
    workers: [
      {
        id: 12,
        name: 'default',
        host: 'worker-1',
        pid: 4711,
        version: '0.1.0',
        queues: ['netsuite', 'default'],
        job_names: ['orders.sync'],
        concurrency: 10,
        running: 3,
        memory_bytes: 91_234_304,
        state: 'running' as const,
        started_at: '2025-11-07T17:00:00.000Z',
        beat_at: '2025-11-07T19:29:59.000Z',
        lease_until: '2025-11-07T19:30:29.000Z',
      },
    ],
    count: 1,
  },
  async carryOut({ services }) {
    const workers = (await services.admin.workers()).map(
      ({ memoryBytes, startedAt, beatAt, leaseUntil, names, ...worker }) => ({
        ...worker,
        job_names: names,
        memory_bytes: memoryBytes,
        started_at: isoText(startedAt),
        beat_at: isoText(beatAt),
        lease_until: isoText(leaseUntil),
      }),
    )
    return { data: { workers, count: workers.length } }
  },
})

const addressed = Type.Object({ workers: whole('Workers that were told; they hear it with their next heartbeat', 0) })

export const restartWorkers = route({
  method: 'POST',
  path: '/workers/restart',
  operation: 'restartWorkers',
  role: 'admin',
  group: 'Workers',
  summary: 'Let all workers end after their jobs and start anew',
  data: addressed,
  example: { workers: 2 },
  says: 'Told 2 workers to restart',
  audited: { action: 'workers.restart' },
  async carryOut({ services }) {
    const workers = await services.admin.restart()
    return { data: { workers }, message: `Told ${workers} workers to restart`, audit: { count: workers } }
  },
})

export const quietWorker = route({
  method: 'POST',
  path: '/workers/{id}/quiet',
  operation: 'quietWorker',
  role: 'admin',
  group: 'Workers',
  summary: 'Let a worker finish what it has and take no more',
  params: Type.Object({ id: Type.String({ description: 'Id of a worker', examples: ['12'] }) }),
  data: addressed,
  example: { workers: 1 },
  says: 'Told worker 12 to be quiet',
  refusals: ['NOT_FOUND'],
  audited: { action: 'worker.quiet', target: ({ id }) => `worker:${id}` },
  async carryOut({ params: { id }, services }) {
    if (!/^[1-9]\d{0,14}$/.test(id)) {
      throw new ApiError('BAD_ARGUMENT', 'id is no id of a worker', {
        issues: [{ path: 'id', message: 'allowed: a whole number from 1' }],
      })
    }
    const workers = await services.admin.command(Number(id), 'quiet')
    return { data: { workers }, message: `Told worker ${id} to be quiet` }
  },
})
