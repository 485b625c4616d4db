import { Type } from 'typebox'
import { idParams, limitOf, limitParameter, notThere, refOf, USUAL_ROWS } from '../contract/parameters.ts'
import { jobRow } from '../contract/rows.ts'
import { nullable, queueWord, whole, words } from '../contract/shapes.ts'
import { type Call, route } from '../route.ts'
import { jobRowOf } from '../rows.ts'

const STATUSES = ['pending', 'reserved', 'all'] as const

const statusWord = words(STATUSES, 'pending: not taken by a worker (delayed ones too); reserved: taken')

export const listJobs = route({
  method: 'GET',
  path: '/jobs',
  operation: 'listJobs',
  role: 'viewer',
  group: 'The eight',
  summary: 'Pending and reserved jobs, newest first',
  patient: true,
  query: Type.Object({
    queue: Type.Optional(queueWord),
    status: Type.Optional(statusWord),
    limit: limitParameter,
  }),
  data: Type.Object({
    jobs: Type.Array(jobRow),
    count: whole('Rows in this answer', 0),
    filters: Type.Object(
      { queue: nullable(queueWord), status: statusWord, limit: whole('As it was applied', 1) },
      { description: 'What was asked for, as it was understood' },
    ),
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
        priority: 0,
        delayed: false,
        uuid: '018f6b1e-7c1a-7d2e-9f10-2b6d8f7a1c33',
        tags: [],
      },
    ],
    count: 1,
    filters: { queue: 'netsuite', status: 'pending', limit: USUAL_ROWS },
  },
  async carryOut({ query, services }) {
    const { queue, status = 'all' } = query
    const limit = limitOf(query.limit)
    const filter = { queue, ...(status !== 'all' && { status }) }
    const [{ rows }, now] = await Promise.all([services.admin.jobs(filter, { limit }), services.admin.now()])
    const jobs = rows.map((job) => jobRowOf(job, services, now))
    return { data: { jobs, count: jobs.length, filters: { queue: queue ?? null, status, limit } } }
  },
})

const deleted = Type.Object({ queue: queueWord, attempts: whole('Attempts it had', 0) })

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
  data: deleted,
  example: { queue: 'netsuite', attempts: 2 },
  says: 'Job 123 deleted',
  refusals: ['JOB_NOT_FOUND'],
  async carryOut(call) {
    const { params, services } = call
    const ref = refOf(params.id)
    const { rows } = await services.admin.jobs({ refs: [ref] }, { limit: 1 })
    const job = rows[0]
    const { changed } = job === undefined ? { changed: 0 } : await services.admin.cancel([ref])
    services.board.changed()
    if (job === undefined || changed === 0) throw notThere('Job', params.id, await whatBecame(call, ref))
    const { queue, attempts } = job
    return {
      data: { queue, attempts },
      message: `Job ${params.id} deleted`,
      touched: { refs: [ref], count: 1, what: { queue } },
    }
  },
})

/** What is known of a job that is not there, in a sentence. */
export async function whatBecame(
  { services }: Call<unknown, unknown, unknown>,
  ref: number | string,
): Promise<string | undefined> {
  const { state, reasons } = await services.admin.why(ref)
  if (state === 'failed' || reasons.some(({ code }) => code === 'ended')) return reasons[0]?.text
  return undefined
}
