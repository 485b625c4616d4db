import { Type } from 'typebox'
import type { FailedView } from '../../client/view.ts'
import { idParams, limitOf, limitParameter, notThere, refOf } from '../contract/parameters.ts'
import { failedRow } from '../contract/rows.ts'
import { queueWord, wallTime, whole } from '../contract/shapes.ts'
import { ApiError } from '../errors.ts'
import { route } from '../route.ts'
import { failedAtOf, failedRowOf } from '../rows.ts'
import type { Services } from '../services.ts'

export const listFailed = route({
  method: 'GET',
  path: '/failed',
  operation: 'listFailed',
  role: 'viewer',
  group: 'The eight',
  summary: 'Failed jobs, newest first',
  patient: true,
  query: Type.Object({ limit: limitParameter }),
  data: Type.Object({ failed_jobs: Type.Array(failedRow), count: whole('Rows in this answer', 0) }),
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
        tags: [],
      },
    ],
    count: 1,
  },
  async carryOut({ query, services }) {
    const { rows } = await services.admin.failed({}, { limit: limitOf(query.limit) })
    const failed_jobs = rows.map((job) => failedRowOf(job, services))
    return { data: { failed_jobs, count: failed_jobs.length } }
  },
})

const FASTER = 'Somebody else retried or deleted it a moment ago.'

const repaired = Type.Object({ queue: queueWord, failed_at: wallTime('When it had failed') })
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
  async carryOut({ params, services }) {
    const job = await failedJob(services, params.id)
    const { changed, skipped } = await services.admin.retry({ refs: [refOf(params.id)] })
    services.board.changed()
    if (changed === 0) {
      // Skipped may also mean that another retry was faster: then it is not there any more.
      const held = skipped > 0 && (await services.admin.failed({ refs: [job.uuid] }, { limit: 1 })).rows.length > 0
      throw held ? keyTaken(params.id) : notThere('Failed job', params.id, FASTER)
    }
    const { queue } = job
    return {
      data: { queue, failed_at: failedAtOf(job) },
      message: `Job ${params.id} moved back to queue for retry`,
      touched: { refs: [job.uuid], count: 1, what: { queue } },
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
  async carryOut({ params, services }) {
    const job = await failedJob(services, params.id)
    const { changed } = await services.admin.forget([refOf(params.id)])
    services.board.changed()
    if (changed === 0) throw notThere('Failed job', params.id, FASTER)
    const { queue } = job
    return {
      data: { queue, failed_at: failedAtOf(job) },
      message: `Failed job ${params.id} deleted permanently`,
      touched: { refs: [job.uuid], count: 1, what: { queue } },
    }
  },
})

/** Throws FAILED_JOB_NOT_FOUND. */
async function failedJob({ admin }: Services, id: string): Promise<FailedView> {
  const { rows } = await admin.failed({ refs: [refOf(id)] }, { limit: 1 })
  const job = rows[0]
  if (job === undefined) throw notThere('Failed job', id)
  return job
}

function keyTaken(id: string): ApiError {
  return new ApiError('UNIQUE_KEY_TAKEN', `Job ${id} was not moved back: another live job holds its unique key`)
}
