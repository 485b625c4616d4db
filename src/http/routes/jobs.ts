import { Type } from 'typebox'
import { idParams, limitOf, notThere, refOf, USUAL_ROWS } from '../contract/parameters.ts'
import { jobRow } from '../contract/rows.ts'
import { jobQuery, jobSearchOf, pageKeys } from '../contract/search.ts'
import { nullable, queueWord, whole, words } from '../contract/shapes.ts'
import { route } from '../route.ts'

const STATUSES = ['pending', 'reserved', 'all'] as const

const statusWord = words(STATUSES, 'pending: not taken by a worker (delayed ones too); reserved: taken')

export const listJobs = route({
  method: 'GET',
  path: '/jobs',
  operation: 'listJobs',
  role: 'viewer',
  group: 'The eight',
  summary: 'Pending and reserved jobs, newest first unless asked otherwise',
  description:
    'A search that has to look at rows may take a moment: then it answers with what it found so far, `partial` true and a cursor.',
  patient: true,
  searchable: true,
  ticking: ['age_seconds'],
  query: Type.Object({ status: Type.Optional(statusWord), ...jobQuery }),
  data: Type.Object({
    jobs: Type.Array(jobRow),
    count: whole('Rows in this answer', 0),
    filters: Type.Object(
      { queue: nullable(queueWord), status: statusWord, limit: whole('As it was applied', 1) },
      { description: 'What was asked for, as it was understood' },
    ),
    ...pageKeys,
  }),
  example: {
    jobs: [
      {
        id: 123,
        queue: 'netsuite',
        attempts: 0,
        max_attempts: 3,
        job_class: 'App\\Jobs\\NetsuiteSyncJob',
        order_id: 803196,
        tienda_id: 12097,
        created_at_human: '2025-11-07 17:42:56',
        available_at_human: '2025-11-07 17:42:56',
        reserved_at_human: null,
        age_seconds: 245,
        uuid: '018f6b1e-7c1a-7d2e-9f10-2b6d8f7a1c33',
        name: null,
        status: 'due' as const,
        priority: 0,
        tags: [],
      },
    ],
    count: 1,
    filters: { queue: 'netsuite', status: 'pending' as const, limit: USUAL_ROWS },
    next_cursor: null,
    partial: false,
  },
  async carryOut({ query, services }) {
    const { queue, status = 'all', cursor, order } = query
    const limit = limitOf(query.limit)
    const search = { ...jobSearchOf(query, services), status }
    const { rows, next, partial } = await services.admin.jobRows(search, { limit, cursor, order })
    const filters = { queue: queue ?? null, status, limit }
    return { data: { jobs: rows as never, count: rows.length, filters, next_cursor: next, partial } }
  },
})

export const deleteJob = route({
  method: 'DELETE',
  path: '/jobs/{id}',
  operation: 'deleteJob',
  role: 'operator',
  group: 'The eight',
  summary: 'Delete a pending or reserved job',
  description:
    'The worker that runs a reserved job is told within two seconds, and its result changes nothing any more.',
  patient: true,
  params: idParams('A job'),
  data: Type.Object({ queue: queueWord, attempts: whole('Attempts it had', 0) }),
  example: { queue: 'netsuite', attempts: 2 },
  says: 'Job 123 deleted',
  refusals: ['JOB_NOT_FOUND'],
  audited: { action: 'job.delete', target: ({ id }) => `job:${id}` },
  async carryOut({ params, services: { admin } }) {
    const ref = refOf(params.id)
    const { queue, attempts, id, uuid } = await notThere('Job', params.id, admin, admin.removeOne(ref))
    return { data: { queue, attempts }, message: `Job ${params.id} deleted`, audit: { id, uuid, queue } }
  },
})
