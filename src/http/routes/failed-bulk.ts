import { type Static, Type } from 'typebox'
import type { BulkOptions } from '../../client/bulk.ts'
import { momentForm, momentOf } from '../contract/parameters.ts'
import { queueWord, whole } from '../contract/shapes.ts'
import { ApiError } from '../errors.ts'
import { type Call, route } from '../route.ts'

/** Which failed jobs a bulk action means; none of the keys: all. */
export const selection = Type.Object({
  queue: Type.Optional(queueWord),
  job_class: Type.Optional(Type.String({ minLength: 1, maxLength: 500, description: 'Name or class of the job' })),
  error: Type.Optional(
    Type.String({ minLength: 1, maxLength: 500, description: 'Text in the exception, whatever its case' }),
  ),
  ids: Type.Optional(
    Type.Array(Type.Unsafe<number | string>({ type: ['integer', 'string'], description: 'Row id or uuid' }), {
      minItems: 1,
      maxItems: 1_000,
    }),
  ),
  failed_before: Type.Optional(momentForm),
  rate_per_second: Type.Optional(
    Type.Number({ exclusiveMinimum: 0, maximum: 100_000, description: 'At most so many jobs per second' }),
  ),
})

type Selection = Static<typeof selection>

const bulkExample: Selection = { queue: 'netsuite', error: 'server has gone away' }

export const retryAllFailed = route({
  method: 'POST',
  path: '/retry-all-failed',
  operation: 'retryAllFailedJobs',
  role: 'operator',
  group: 'The eight',
  summary: 'Bring all failed jobs back, or those that match',
  description:
    'All that had failed when it began, however many, in batches; a job that fails again meanwhile is not retried twice. ' +
    'Jobs whose unique key a live job holds stay failed.',
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
  async carryOut(call) {
    const { filter, options } = selected(call)
    const { changed, skipped } = await call.services.admin.retry(
      Object.keys(filter).length === 0 ? 'all' : filter,
      options,
    )
    call.services.board.changed()
    return {
      data: { retried_count: changed, skipped_count: skipped },
      message: `Retried ${changed} failed jobs`,
      touched: { count: changed, what: { filter: call.body } },
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
  async carryOut(call) {
    const { filter, options } = selected(call)
    const { changed } = await call.services.admin.removeFailed(
      Object.keys(filter).length === 0 ? 'all' : filter,
      options,
    )
    call.services.board.changed()
    return {
      data: { deleted_count: changed },
      message: `Cleared ${changed} failed jobs`,
      touched: { count: changed, what: { filter: call.body } },
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
  const { queue, job_class: name, error, ids: refs, failed_before, rate_per_second } = body
  const failedBefore =
    failed_before === undefined ? undefined : momentOf(failed_before, 'failed_before', services.clock)
  const given = { queue, name, error, refs, failedBefore }
  const filter = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const options: BulkOptions = rate_per_second === undefined ? {} : { ratePerSecond: rate_per_second }
  return { filter, options }
}
