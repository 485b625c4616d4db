import { Readable } from 'node:stream'
import { Type } from 'typebox'
import { isoText } from '../contract/operations.ts'
import { momentForm, momentOf } from '../contract/parameters.ts'
import { failedQuery, failedSearchOf } from '../contract/search.ts'
import { nullable, text, whole, words } from '../contract/shapes.ts'
import { route, STREAMED } from '../route.ts'

const { queue, job_class, error, from, to } = failedQuery

export const failedGroups = route({
  method: 'GET',
  path: '/failed/groups',
  operation: 'listFailedGroups',
  role: 'viewer',
  group: 'Failed jobs',
  summary: 'Failed jobs by what they have in common, most first',
  description: 'POST /retry-all-failed with the fingerprint as error retries one group.',
  query: Type.Object({
    ...{ queue, job_class, error, from, to },
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 200, description: 'How many groups at most; default 20' }),
    ),
  }),
  data: Type.Object({
    groups: Type.Array(
      Type.Object({
        fingerprint: text('What the group is called by'),
        name: nullable(text('Class or name of its jobs')),
        headline: text('Headline of one of its exceptions'),
        count: whole('How many failed jobs', 1),
        first_at: text('ISO 8601'),
        last_at: text('ISO 8601'),
        sample: text('Uuid of one of them'),
      }),
    ),
    count: whole('Groups in this answer', 0),
  }),
  example: {
    groups: [
      {
        fingerprint: '5d6b8a4c0e9f7a12',
        name: 'App\\Jobs\\NetsuiteSyncJob',
        headline: 'NetSuite sync failed: exception - MySQL server has gone away',
        count: 41,
        first_at: '2025-11-07T17:40:00.000Z',
        last_at: '2025-11-07T17:45:59.000Z',
        sample: '018f6b1e-7c1a-7d2e-9f10-2b6d8f7a1c33',
      },
    ],
    count: 1,
  },
  async carryOut({ query, services }) {
    const { fields: _fields, q: _q, ...search } = failedSearchOf(query, services)
    const found = await services.admin.failedGroups(search, query.limit ?? 20)
    const groups = found.map(({ firstAt, lastAt, ...group }) => ({
      ...group,
      first_at: isoText(firstAt),
      last_at: isoText(lastAt),
    }))
    return { data: { groups, count: groups.length } }
  },
})

export const failedHistogram = route({
  method: 'GET',
  path: '/failed/histogram',
  operation: 'getFailedHistogram',
  role: 'viewer',
  group: 'Failed jobs',
  summary: 'How many jobs failed, step by step of time',
  description: 'By default the last day in steps of an hour; at most 2000 steps.',
  query: Type.Object({
    from: Type.Optional(momentForm),
    to: Type.Optional(momentForm),
    step: Type.Optional(Type.Integer({ minimum: 60, maximum: 31_536_000, description: 'Seconds, whole minutes' })),
  }),
  data: Type.Object({
    step_seconds: whole('Of one step', 60),
    steps: Type.Array(Type.Object({ at: text('ISO 8601, where the step begins'), count: whole('Failed jobs', 0) })),
  }),
  example: { step_seconds: 3600, steps: [{ at: '2025-11-07T17:00:00.000Z', count: 41 }] },
  async carryOut({ query, services: { admin, clock } }) {
    const stepMs = (query.step ?? 3_600) * 1_000
    const window = {
      stepMs,
      ...(query.from !== undefined && { from: momentOf(query.from, 'from', clock) }),
      ...(query.to !== undefined && { to: momentOf(query.to, 'to', clock) }),
    }
    const steps = (await admin.failedHistogram(window)).map(({ at, count }) => ({ at: isoText(at), count }))
    return { data: { step_seconds: stepMs / 1_000, steps } }
  },
})

const { limit: _limit, cursor: _cursor, order: _order, ...exportQuery } = failedQuery

export const exportFailed = route({
  method: 'GET',
  path: '/failed/export',
  operation: 'exportFailedJobs',
  role: 'viewer',
  group: 'Failed jobs',
  summary: 'All failed jobs that fit, as a file; secrets masked',
  searchable: true,
  cost: 'bulk',
  query: Type.Object({
    format: Type.Optional(
      words(['jsonl', 'csv'], 'JSON lines with payload and exception (default), or CSV of what lists show'),
    ),
    ...exportQuery,
  }),
  data: Type.Unsafe<string>({ type: 'string', description: 'The file' }),
  stream: 'application/x-ndjson',
  example: '{"id":45,"queue":"netsuite"}\n',
  async carryOut({ query, services, reply, gone }) {
    const format = query.format ?? 'jsonl'
    const search = failedSearchOf(query, services)
    // What is wrong with the search is said before the first byte.
    await services.admin.failedRows(search, { limit: 1 })
    const pieces = services.admin.exportFailed(search, format, { signal: gone })
    reply
      .header('content-type', format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson; charset=utf-8')
      .header('content-disposition', `attachment; filename="failed-jobs.${format}"`)
      .header('cache-control', 'no-store')
      .send(Readable.from(pieces))
    return STREAMED
  },
})
