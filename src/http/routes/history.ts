import { Type } from 'typebox'
import { HISTOGRAM_BOUNDS_MS } from '../../core/histogram.ts'
import { isoText, isoTextOrNull } from '../contract/operations.ts'
import { limitOf, limitParameter, momentForm, momentOf } from '../contract/parameters.ts'
import { anything, nullable, queueWord, text, whole, words } from '../contract/shapes.ts'
import { route } from '../route.ts'

const OUTCOMES = ['completed', 'retry', 'failed', 'released', 'cancelled', 'running', 'crashed'] as const

const cursor = Type.Optional(
  Type.String({ minLength: 1, maxLength: 200, description: 'next_cursor of the page before' }),
)
const nextCursor = nullable(text('Where the next page begins; null on the last'))

export const listRuns = route({
  method: 'GET',
  path: '/runs',
  operation: 'listRuns',
  role: 'viewer',
  group: 'History',
  summary: 'Recent attempts, newest first',
  description: 'A sample where there are more than the configuration keeps.',
  query: Type.Object({
    uuid: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'Of a job' })),
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 255, description: 'Name of a job' })),
    queue: Type.Optional(queueWord),
    outcome: Type.Optional(words(OUTCOMES, 'How the attempt ended')),
    cursor,
    limit: limitParameter,
  }),
  data: Type.Object({
    runs: Type.Array(
      Type.Object({
        uuid: text('Of the job'),
        name: text('Of the job'),
        queue: queueWord,
        attempt: whole('Number of the attempt', 1),
        worker: whole('Id of the worker'),
        outcome: words(OUTCOMES, 'How it ended'),
        started_at: text('ISO 8601'),
        ended_at: nullable(text('ISO 8601')),
        duration_ms: nullable(Type.Number()),
        headline: nullable(text('Of its error')),
        progress: nullable(Type.Number({ description: '0 to 100' })),
        note: nullable(text('What the handler said of its progress')),
        log: Type.Array(Type.String()),
        result: anything('What the handler answered, where it is kept'),
      }),
    ),
    count: whole('Runs in this answer', 0),
    next_cursor: nextCursor,
  }),
  example: {
    runs: [
      {
        uuid: '018f6b1e-7c1a-7d2e-9f10-2b6d8f7a1c33',
        name: 'orders.sync',
        queue: 'netsuite',
        attempt: 1,
        worker: 12,
        outcome: 'completed' as const,
        started_at: '2025-11-07T19:29:58.000Z',
        ended_at: '2025-11-07T19:29:59.250Z',
        duration_ms: 1250,
        headline: null,
        progress: 100,
        note: null,
        log: ['synced order 803196'],
        result: null,
      },
    ],
    count: 1,
    next_cursor: null,
  },
  async carryOut({ query, services: { admin } }) {
    const { cursor: from, limit, ...filter } = query
    const { rows, next } = await admin.runs(filter, { limit: limitOf(limit), cursor: from })
    const { masker } = admin
    const safe = (value: string | null) => (value === null ? null : masker.text(value))
    const runs = rows.map((run) => ({
      uuid: run.uuid,
      name: run.name,
      queue: run.queue,
      attempt: run.attempt,
      worker: run.worker,
      outcome: run.outcome,
      started_at: isoText(run.startedAt),
      ended_at: isoTextOrNull(run.endedAt),
      duration_ms: run.endedAt === null ? null : run.endedAt - run.startedAt,
      headline: safe(run.headline),
      progress: run.progress,
      note: safe(run.note),
      log: run.log.map(masker.text),
      result: run.result === null ? null : masker.value(JSON.parse(run.result)),
    }))
    return { data: { runs, count: runs.length, next_cursor: next } }
  },
})

const DAY_MS = 86_400_000

export const getMetrics = route({
  method: 'GET',
  path: '/metrics',
  operation: 'getMetrics',
  role: 'viewer',
  group: 'History',
  summary: 'What attempts came to, step by step of time',
  description: 'By queue and job. By default the last day in steps of five minutes; at most 2000 steps.',
  query: Type.Object({
    from: Type.Optional(momentForm),
    to: Type.Optional(momentForm),
    step: Type.Optional(Type.Integer({ minimum: 60, maximum: 31_536_000, description: 'Seconds, whole minutes' })),
    queue: Type.Optional(queueWord),
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 255, description: 'Name of a job' })),
  }),
  data: Type.Object({
    step_seconds: whole('Of one step', 60),
    bounds_ms: Type.Array(Type.Number(), {
      description: 'Upper bounds of wait_counts and run_counts; a last count is beyond',
    }),
    points: Type.Array(
      Type.Object({
        at: text('ISO 8601, where the step begins'),
        queue: queueWord,
        name: text('Name of the job'),
        dispatched: whole('Jobs that queues and schedules of Faena stored', 0),
        started: whole('Attempts that began', 0),
        completed: whole('Attempts', 0),
        failed: whole('Attempts after which the job failed for good', 0),
        retried: whole('Attempts that failed and are tried again', 0),
        released: whole('Attempts', 0),
        cancelled: whole('Attempts', 0),
        wait_ms: Type.Number({ description: 'Sum of the times jobs were due before they began' }),
        run_ms: Type.Number({ description: 'Sum of the times attempts ran' }),
        wait_counts: Type.Array(Type.Integer(), {
          description: 'Attempts by how long the job was due, step by step of bounds_ms',
        }),
        run_counts: Type.Array(Type.Integer(), {
          description: 'Attempts by how long they ran, step by step of bounds_ms',
        }),
      }),
    ),
  }),
  example: {
    step_seconds: 300,
    bounds_ms: [...HISTOGRAM_BOUNDS_MS],
    points: [
      {
        at: '2025-11-07T19:25:00.000Z',
        queue: 'netsuite',
        name: 'orders.sync',
        dispatched: 42,
        started: 44,
        completed: 41,
        failed: 1,
        retried: 2,
        released: 0,
        cancelled: 0,
        wait_ms: 1800,
        run_ms: 52_000,
        wait_counts: [20, 20, 4, 0, 0, 0, 0, 0, 0, 0, 0],
        run_counts: [0, 0, 2, 10, 20, 12, 0, 0, 0, 0, 0],
      },
    ],
  },
  async carryOut({ query, services: { admin, clock } }) {
    const { queue, name, step = 300 } = query
    const to = query.to === undefined ? (await admin.board()).at : momentOf(query.to, 'to', clock)
    const from = query.from === undefined ? to - DAY_MS : momentOf(query.from, 'from', clock)
    const points = await admin.series({ from, to, stepMs: step * 1_000, queue, name })
    return {
      data: {
        step_seconds: step,
        bounds_ms: [...HISTOGRAM_BOUNDS_MS],
        points: points.map(({ at, waitMs, runMs, waits, runs, ...point }) => ({
          at: isoText(at),
          ...point,
          wait_ms: waitMs,
          run_ms: runMs,
          wait_counts: [...waits],
          run_counts: [...runs],
        })),
      },
    }
  },
})

export const listAudit = route({
  method: 'GET',
  path: '/audit',
  operation: 'listAudit',
  role: 'admin',
  group: 'History',
  summary: 'Who did what, newest first',
  query: Type.Object({
    subject: Type.Optional(Type.String({ minLength: 1, maxLength: 255, description: 'Who' })),
    action: Type.Optional(
      Type.String({ minLength: 1, maxLength: 100, description: 'What', examples: ['failed.retry'] }),
    ),
    target: Type.Optional(
      Type.String({ minLength: 1, maxLength: 255, description: 'To what', examples: ['failed:45'] }),
    ),
    from: Type.Optional(momentForm),
    to: Type.Optional(momentForm),
    cursor,
    limit: limitParameter,
  }),
  data: Type.Object({
    entries: Type.Array(
      Type.Object({
        id: whole('Of the entry', 1),
        at: text('ISO 8601'),
        subject: text('Who'),
        role: nullable(text('His role then')),
        action: text('What'),
        target: nullable(text('To what')),
        outcome: words(
          ['done', 'refused', 'failed', 'begun'],
          'What came of it; begun: it is under way, or its server ended before it could say',
        ),
        source: nullable(text('From where')),
        request_id: nullable(text('What the log has it under')),
        detail: anything('More of it'),
      }),
    ),
    count: whole('Entries in this answer', 0),
    next_cursor: nextCursor,
  }),
  example: {
    entries: [
      {
        id: 9,
        at: '2025-11-07T19:30:00.000Z',
        subject: 'backoffice',
        role: 'operator',
        action: 'failed.retry',
        target: 'failed:45',
        outcome: 'done' as const,
        source: '10.0.0.7',
        request_id: '0b8f0a5e-3d1c-4c43-9d0a-0e8a3f1a7c11',
        detail: { queue: 'netsuite' },
      },
    ],
    count: 1,
    next_cursor: null,
  },
  async carryOut({ query, services: { admin, clock } }) {
    const { subject, action, target, from, to, cursor: after, limit } = query
    const filter = {
      ...{ subject, action, target },
      from: from === undefined ? undefined : momentOf(from, 'from', clock),
      to: to === undefined ? undefined : momentOf(to, 'to', clock),
    }
    const { rows, next } = await admin.auditLog(filter, { limit: limitOf(limit), cursor: after })
    const entries = rows.map(({ at, requestId, detail, ...entry }) => ({
      ...entry,
      at: isoText(at),
      request_id: requestId,
      detail: detail === null ? null : JSON.parse(detail),
    }))
    return { data: { entries, count: entries.length, next_cursor: next } }
  },
})
