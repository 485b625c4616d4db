import { type Static, Type } from 'typebox'
import type { Narrowing } from '../../client/narrowed.ts'
import type { OperationRun, OperationView } from '../../client/operations.ts'
import { jobRef } from '../../client/refs.ts'
import { operationExample, operationRow, operationSchema } from '../contract/operations.ts'
import { momentForm, momentOf } from '../contract/parameters.ts'
import { queueWord, whole } from '../contract/shapes.ts'
import { pathOf } from '../envelope.ts'
import { ApiError } from '../errors.ts'
import { type Call, route } from '../route.ts'

/** Longer values of surfaced fields are found by their beginning alone: more jobs might be meant than were seen. */
const LONGEST_FIELD = 180

/** Which failed jobs a bulk action means; none of the keys: all. What lists are narrowed by means the same rows here. */
export const selection = Type.Object({
  queue: Type.Optional(queueWord),
  job_class: Type.Optional(
    Type.String({ minLength: 1, maxLength: 500, description: 'Class or name of the job, in full' }),
  ),
  error: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 500,
      description: 'A fingerprint, or text in the exception, whatever its case',
    }),
  ),
  ids: Type.Optional(
    Type.Array(Type.Unsafe<number | string>({ type: ['integer', 'string'], description: 'Row id or uuid' }), {
      minItems: 1,
      maxItems: 1_000,
    }),
  ),
  q: Type.Optional(
    Type.String({ minLength: 1, maxLength: 500, description: 'Text anywhere in the payload or the exception' }),
  ),
  fields: Type.Optional(
    Type.Record(Type.String(), Type.String({ minLength: 1, maxLength: LONGEST_FIELD }), {
      minProperties: 1,
      maxProperties: 1,
      description: 'One surfaced field and its value; not beside ids',
      examples: [{ order_id: '803193' }],
    }),
  ),
  failed_after: Type.Optional(momentForm),
  failed_before: Type.Optional(momentForm),
  rate_per_second: Type.Optional(
    Type.Number({ exclusiveMinimum: 0, maximum: 100_000, description: 'At most so many jobs per second' }),
  ),
})

type Selection = Static<typeof selection>

const bulkExample: Selection = { queue: 'netsuite', error: 'server has gone away' }

const later = {
  data: Type.Object({ operation: operationSchema }),
  example: { operation: operationExample },
  says: 'Operation 7 has begun',
}

export const retryAllFailed = route({
  method: 'POST',
  path: '/retry-all-failed',
  operation: 'retryAllFailedJobs',
  role: 'operator',
  group: 'The eight',
  summary: 'Bring all failed jobs back, or those that match',
  description:
    'All that had failed when it began, however many, in batches; a job that fails again meanwhile is not retried twice. ' +
    'Jobs whose unique key a live job holds stay failed. It is an operation either way, which is carried on should the ' +
    'server end meanwhile; with Prefer: respond-async the answer is 202 and that operation, at once.',
  patient: true,
  cost: 'bulk',
  body: selection,
  bodyOptional: true,
  bodyExample: bulkExample,
  data: Type.Object({
    retried_count: whole('Jobs that wait again', 0),
    skipped_count: whole('Jobs left as they were: another live job holds their unique key', 0),
  }),
  example: { retried_count: 5, skipped_count: 0 },
  says: 'Retried 5 failed jobs',
  later,
  audited: { action: 'failed.retry-all' },
  async carryOut(call) {
    const { narrowing, ratePerSecond } = selected(call)
    const { admin } = call.services
    const options = { subject: call.caller.subject, ratePerSecond }
    if (wantsLater(call)) return begun(call, await admin.startOperation('retry', narrowing, options))
    const { id, changed, skipped } = ended(await admin.runOperation('retry', narrowing, options))
    return {
      data: { retried_count: changed, skipped_count: skipped },
      message: `Retried ${changed} failed jobs`,
      audit: { narrowing: call.body, count: changed, operation: id },
    }
  },
})

export const clearFailed = route({
  method: 'POST',
  path: '/clear-failed',
  operation: 'clearFailedJobs',
  role: 'admin',
  group: 'The eight',
  summary: 'Delete all failed jobs for good, or those that match',
  patient: true,
  cost: 'bulk',
  body: selection,
  bodyOptional: true,
  bodyExample: bulkExample,
  data: Type.Object({ deleted_count: whole('Jobs that were deleted', 0) }),
  example: { deleted_count: 5 },
  says: 'Cleared 5 failed jobs',
  later: { ...later, example: { operation: { ...operationExample, kind: 'forget' as const } } },
  audited: { action: 'failed.clear' },
  async carryOut(call) {
    const { narrowing, ratePerSecond } = selected(call)
    const { admin } = call.services
    const options = { subject: call.caller.subject, ratePerSecond }
    if (wantsLater(call)) return begun(call, await admin.startOperation('forget', narrowing, options))
    const { id, changed } = ended(await admin.runOperation('forget', narrowing, options))
    return {
      data: { deleted_count: changed },
      message: `Cleared ${changed} failed jobs`,
      audit: { narrowing: call.body, count: changed, operation: id },
    }
  },
})

/** A selection in the address would be passed over, and everything would be meant: refused. */
function selected({ body, services, request }: Call<unknown, unknown, Selection>) {
  const misplaced = Object.keys(request.query as object).find((name) => Object.hasOwn(selection.properties, name))
  if (misplaced !== undefined) {
    throw new ApiError(
      'BAD_ARGUMENT',
      `${misplaced} belongs into the body, as JSON: in the address it would have no effect`,
      {
        issues: [{ path: misplaced, message: 'belongs into the body' }],
      },
    )
  }
  const { queue, job_class: jobClass, error, ids, q, fields, rate_per_second: ratePerSecond } = body
  const unknown = Object.keys(fields ?? {}).find((name) => !services.fields.includes(name))
  if (unknown !== undefined) {
    const there = services.fields.length === 0 ? 'none, until FAENA_SURFACE names some' : services.fields.join(', ')
    const message = `is no surfaced field; there are ${there}`
    throw new ApiError('BAD_ARGUMENT', `fields.${unknown} ${message}`.slice(0, 500), {
      issues: [{ path: `fields.${unknown}`.slice(0, 100), message }],
    })
  }
  const instant = (name: 'failed_after' | 'failed_before') =>
    body[name] === undefined ? undefined : momentOf(body[name], name, services.clock)
  const narrowing: Narrowing = {
    ...{ queue, jobClass, error, q, fields, from: instant('failed_after'), to: instant('failed_before') },
    ids: ids?.map((id, at) => jobRef(id, `ids[${at}]`)),
  }
  return { narrowing, ratePerSecond }
}

/** RFC 7240: the caller would rather have a 202 and look how far it is. */
function wantsLater({ request }: Call<unknown, unknown, Selection>): boolean {
  return /(^|,)\s*respond-async\s*(,|;|$)/i.test(String(request.headers.prefer ?? ''))
}

/** Whoever asks once more asks for what has failed since as well: the operation does the rest without him. */
function ended(run: OperationRun): OperationRun {
  if (run.ended) return run
  throw new ApiError('STORE_UNAVAILABLE', 'The store could not be reached or did not answer in time', {
    detail: `${run.changed} jobs are done; operation ${run.id} goes on with the rest by itself: GET /operations/${run.id}`,
    headers: { 'retry-after': '2' },
  })
}

function begun({ request, body, services }: Call<unknown, unknown, Selection>, operation: OperationView) {
  const location = `${pathOf(request.url).replace(/[^/]+\/*$/, '')}operations/${operation.id}`
  return {
    data: { operation: operationRow(operation, services.admin) },
    message: `Operation ${operation.id} has begun`,
    status: 202,
    headers: { location, 'preference-applied': 'respond-async' },
    audit: { narrowing: body, operation: operation.id },
  }
}
