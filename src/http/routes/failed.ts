import { Type } from 'typebox'
import { idParams, limitOf, notThere, refOf } from '../contract/parameters.ts'
import { failedRow } from '../contract/rows.ts'
import { failedQuery, failedSearchOf, pageKeys } from '../contract/search.ts'
import { queueWord, text, whole } from '../contract/shapes.ts'
import { route } from '../route.ts'

export const listFailed = route({
  method: 'GET',
  path: '/failed',
  operation: 'listFailedJobs',
  role: 'viewer',
  group: 'The eight',
  summary: 'Failed jobs, newest first unless asked otherwise',
  patient: true,
  searchable: true,
  query: Type.Object(failedQuery),
  data: Type.Object({ failed_jobs: Type.Array(failedRow), count: whole('Rows in this answer', 0), ...pageKeys }),
  example: {
    failed_jobs: [
      {
        id: 45,
        queue: 'netsuite',
        job_class: 'App\\Jobs\\NetsuiteSyncJob',
        order_id: 803193,
        tienda_id: 12097,
        exception_short: 'NetSuite sync failed: exception - MySQL server has gone away...',
        failed_at: '2025-11-07 17:45:59',
        uuid: '018f6b1e-7c1a-7d2e-9f10-2b6d8f7a1c33',
        name: null,
        fingerprint: '5d6b8a4c0e9f7a12',
        tags: [],
      },
    ],
    count: 1,
    next_cursor: null,
    partial: false,
  },
  async carryOut({ query, services }) {
    const page = { limit: limitOf(query.limit), cursor: query.cursor, order: query.order }
    const { rows, next, partial } = await services.admin.failedRows(failedSearchOf(query, services), page)
    return { data: { failed_jobs: rows as never, count: rows.length, next_cursor: next, partial } }
  },
})

const repaired = Type.Object({ queue: queueWord, failed_at: text('When it had failed, as the table had it') })
const repairedExample = { queue: 'netsuite', failed_at: '2025-11-07 17:45:59' }

export const retryFailed = route({
  method: 'POST',
  path: '/retry/{id}',
  operation: 'retryFailedJob',
  role: 'operator',
  group: 'The eight',
  summary: 'Bring a failed job back to its queue',
  description:
    'In one step it leaves the failed jobs and waits again, with attempts 0 and its uuid. Of two retries at once, one wins.',
  patient: true,
  params: idParams('A failed job'),
  data: repaired,
  example: repairedExample,
  says: 'Job 45 moved back to queue for retry',
  refusals: ['FAILED_JOB_NOT_FOUND', 'UNIQUE_KEY_TAKEN'],
  audited: { action: 'failed.retry', target: ({ id }) => `failed:${id}` },
  async carryOut({ params, services: { admin } }) {
    const retried = admin.retryOne(refOf(params.id))
    const { id, uuid, queue, failedAt } = await notThere('Failed job', params.id, admin, retried)
    return {
      data: { queue, failed_at: failedAt },
      message: `Job ${params.id} moved back to queue for retry`,
      audit: { id, uuid, queue },
    }
  },
})

export const deleteFailed = route({
  method: 'DELETE',
  path: '/failed/{id}',
  operation: 'deleteFailedJob',
  role: 'operator',
  group: 'The eight',
  summary: 'Delete a failed job for good',
  patient: true,
  params: idParams('A failed job'),
  data: repaired,
  example: repairedExample,
  says: 'Failed job 45 deleted permanently',
  refusals: ['FAILED_JOB_NOT_FOUND'],
  audited: { action: 'failed.delete', target: ({ id }) => `failed:${id}` },
  async carryOut({ params, services: { admin } }) {
    const deleted = admin.forgetOne(refOf(params.id))
    const { id, uuid, queue, failedAt } = await notThere('Failed job', params.id, admin, deleted)
    return {
      data: { queue, failed_at: failedAt },
      message: `Failed job ${params.id} deleted permanently`,
      audit: { id, uuid, queue },
    }
  },
})
