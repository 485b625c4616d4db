import { type Static, Type } from 'typebox'
import { mayAct } from '../auth/roles.ts'
import { idParams, notThere, refOf } from '../contract/parameters.ts'
import { failedRowKeys, jobRowKeys } from '../contract/rows.ts'
import { anything, nullable, open, text, whole, words, yesNo } from '../contract/shapes.ts'
import { ApiError } from '../errors.ts'
import { type Call, route } from '../route.ts'

const runSchema = Type.Object({
  attempt: whole('Number of the attempt', 1),
  outcome: text('How it ended; running while it has not'),
  worker: whole('Id of the worker'),
  started_at_human: text('In FAENA_TIMEZONE'),
  ended_at_human: nullable(text('In FAENA_TIMEZONE')),
  duration_ms: nullable(Type.Number()),
  headline: nullable(text('Headline of its error')),
  progress: nullable(Type.Number({ description: '0 to 100' })),
  note: nullable(text('What the handler said of its progress')),
  log: Type.Array(Type.String(), { description: 'Lines of its log' }),
  result: anything('What the handler answered, where it is kept'),
})

const payloadKeys = {
  payload: anything('The payload; secrets are masked unless it was asked otherwise'),
  payload_kind: words(['json', 'serialized', 'encrypted', 'unreadable', 'corrupt'], 'How the input can be read'),
  masked: yesNo('Secrets are masked'),
  runs: Type.Array(runSchema, { description: 'Attempts that history still holds, newest first' }),
}

const unmaskedQuery = Type.Object({
  unmasked: Type.Optional(Type.Boolean({ description: 'Secrets in plain: needs the role admin, and is audited' })),
})

const payloadExample = {
  payload: {
    displayName: 'App\\Jobs\\NetsuiteSyncJob',
    job: 'App\\Jobs\\NetsuiteSyncJob@handle',
    data: { order_id: 803196 },
  },
  payload_kind: 'json' as const,
  masked: true,
  runs: [],
}

export const showJob = route({
  method: 'GET',
  path: '/jobs/{id}',
  operation: 'getJob',
  role: 'viewer',
  group: 'Jobs',
  summary: 'Everything known of one pending or reserved job',
  ticking: ['age_seconds'],
  params: idParams('A job'),
  query: unmaskedQuery,
  data: open(
    Type.Object({
      ...jobRowKeys,
      ...payloadKeys,
      reserved_by: nullable(whole('Id of the worker that has it')),
      max_exceptions: nullable(whole('Thrown errors before it fails for good')),
      timeout_ms: nullable(whole('Of one attempt')),
      retry_until_human: nullable(text('After this it is not tried again, in FAENA_TIMEZONE')),
      unique_key: nullable(text('The key that no other job may hold meanwhile')),
    }),
  ),
  example: {
    id: 123,
    queue: 'netsuite',
    attempts: 0,
    max_attempts: 3,
    job_class: 'App\\Jobs\\NetsuiteSyncJob',
    created_at_human: '2025-11-07 17:42:56',
    available_at_human: '2025-11-07 17:42:56',
    reserved_at_human: null,
    age_seconds: 245,
    uuid: null,
    name: null,
    status: 'due',
    priority: 0,
    tags: [],
    ...payloadExample,
    reserved_by: null,
    max_exceptions: null,
    timeout_ms: null,
    retry_until_human: null,
    unique_key: null,
  },
  refusals: ['JOB_NOT_FOUND'],
  audited: { action: 'job.reveal', target: ({ id }) => `job:${id}` },
  async carryOut(call) {
    const { params, services } = call
    const unmasked = revealed(call)
    const { admin } = services
    const data = await notThere('Job', params.id, admin, admin.jobDetail(refOf(params.id), { unmasked }))
    return { data: data as never, ...(unmasked && { audit: {} }) }
  },
})

export const showFailed = route({
  method: 'GET',
  path: '/failed/{id}',
  operation: 'getFailedJob',
  role: 'viewer',
  group: 'Failed jobs',
  summary: 'Everything known of one failed job, with its exception in full',
  params: idParams('A failed job'),
  query: unmaskedQuery,
  data: open(
    Type.Object({
      ...failedRowKeys,
      ...payloadKeys,
      connection: text('Where it failed'),
      headline: text('First line of the exception that was thrown'),
      exception: text('In full'),
    }),
  ),
  example: {
    id: 45,
    queue: 'netsuite',
    job_class: 'App\\Jobs\\NetsuiteSyncJob',
    exception_short: 'NetSuite sync failed: exception - MySQL server has gone away...',
    failed_at: '2025-11-07 17:45:59',
    uuid: '018f6b1e-7c1a-7d2e-9f10-2b6d8f7a1c33',
    name: null,
    fingerprint: null,
    tags: [],
    ...payloadExample,
    connection: 'database',
    headline: 'NetSuite sync failed: exception - MySQL server has gone away',
    exception: 'NetSuite sync failed: exception - MySQL server has gone away\nStack trace:\n#0 {main}',
  },
  refusals: ['FAILED_JOB_NOT_FOUND'],
  audited: { action: 'failed.reveal', target: ({ id }) => `failed:${id}` },
  async carryOut(call) {
    const { params, services } = call
    const unmasked = revealed(call)
    const { admin } = services
    const data = await notThere('Failed job', params.id, admin, admin.failedDetail(refOf(params.id), { unmasked }))
    return { data: data as never, ...(unmasked && { audit: {} }) }
  },
})

/** Whether secrets are asked for in plain. Throws FORBIDDEN for whom they are not meant. */
function revealed({ query, caller }: Call<unknown, Static<typeof unmaskedQuery>, unknown>): boolean {
  if (query.unmasked !== true) return false
  if (mayAct(caller.role, 'admin')) return true
  throw new ApiError('FORBIDDEN', 'Secrets in plain need the role admin')
}
