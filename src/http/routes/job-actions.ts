import { type Static, type TSchema, Type } from 'typebox'
import type { Admin } from '../../client/admin.ts'
import type { RepairDone } from '../../client/repairs.ts'
import { FaenaError } from '../../core/errors.ts'
import { idParams, momentForm, momentOf, notThere, refOf } from '../contract/parameters.ts'
import { anything, queueWord, text, whole, words } from '../contract/shapes.ts'
import { ApiError } from '../errors.ts'
import { route } from '../route.ts'

export const whyJob = route({
  method: 'GET',
  path: '/jobs/{id}/why',
  operation: 'explainJob',
  role: 'viewer',
  group: 'Jobs',
  summary: 'Why a job does not run, or where it is',
  params: idParams('A job'),
  data: Type.Object({
    state: words(['due', 'delayed', 'reserved', 'failed', 'gone'], 'Where it is'),
    reasons: Type.Array(Type.Object({ code: text('Stable'), text: text('In a sentence') })),
  }),
  example: { state: 'due', reasons: [{ code: 'paused', text: 'Queue netsuite has been paused for 5m.' }] },
  async carryOut({ params, services }) {
    const { admin } = services
    const { state, reasons } = await admin.why(refOf(params.id))
    // An exception is quoted there, and what somebody gave as a reason to pause.
    return { data: { state, reasons: reasons.map(({ code, text }) => ({ code, text: admin.masker.text(text) })) } }
  },
})

const when = {
  delay_seconds: Type.Optional(
    Type.Number({ minimum: 0, maximum: 315_576_000, description: 'Not before so many seconds from now' }),
  ),
  available_at: Type.Optional(momentForm),
}
const priority = Type.Optional(
  Type.Integer({ minimum: -32_768, maximum: 32_767, description: 'Smaller runs first; 0 is normal' }),
)

export const dispatchJob = route({
  method: 'POST',
  path: '/jobs',
  operation: 'dispatchJob',
  role: 'operator',
  group: 'Jobs',
  summary: 'Dispatch a job by its name',
  description: "The input is checked against the schema of the job's definition.",
  body: Type.Object({
    name: Type.String({
      minLength: 1,
      maxLength: 255,
      description: 'As its definition has it',
      examples: ['orders.sync'],
    }),
    input: Type.Optional(anything('The input; default {}')),
    queue: Type.Optional(queueWord),
    ...when,
    priority,
    unique: Type.Optional(
      Type.String({ minLength: 1, maxLength: 255, description: 'Skip if a live job of this name holds the key' }),
    ),
    tags: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { maxItems: 20 })),
  }),
  bodyExample: { name: 'orders.sync', input: { order_id: 803196 }, delay_seconds: 60 },
  data: Type.Object({
    outcome: words(
      ['dispatched', 'skipped', 'replaced', 'pushedBack'],
      'What became of it; all but the first: a live job holds its unique key',
    ),
    uuid: text('Of the job that waits now'),
    id: Type.Unsafe<number | null>({ type: ['integer', 'null'] }),
  }),
  example: { outcome: 'dispatched', uuid: '018f6b1e-7c1a-7d2e-9f10-2b6d8f7a1c33', id: 124 },
  says: 'Dispatched orders.sync',
  refusals: ['UNKNOWN_JOB', 'INVALID_INPUT', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED'],
  audited: { action: 'job.dispatch' },
  async carryOut({ body, services }) {
    const { queue, jobs, clock, admin } = services
    if (queue === undefined) throw new ApiError('UNSUPPORTED', 'This server was given no queue to dispatch with')
    const definition = jobs.find(({ name }) => name === body.name)
    if (definition === undefined) {
      const names = jobs.map(({ name }) => name).sort()
      throw new ApiError(
        'UNKNOWN_JOB',
        `No job has this name here; ${names.length === 0 ? 'no definition is known' : `there are ${names.join(', ')}`}`,
      )
    }
    const { unique, tags } = body
    const options = { queue: body.queue, unique, tags, priority: body.priority, ...whenOf(body, clock) }
    const pushed = await queue.dispatch(definition, body.input ?? {}, options)
    const { outcome, uuid, id } = pushed
    admin.touched()
    return {
      data: { outcome, uuid, id },
      message: MESSAGES[outcome](body.name),
      audit: { name: body.name, uuid, outcome },
    }
  },
})

const MESSAGES = {
  dispatched: (name: string) => `Dispatched ${name}`,
  skipped: (name: string) => `Skipped ${name}: a live job holds its unique key`,
  replaced: (name: string) => `Gave the waiting ${name} that holds the unique key this input`,
  pushedBack: (name: string) => `Pushed back the waiting ${name} that holds the unique key`,
}

const changedJob = Type.Object({ changed: whole('Jobs that were changed', 0) })

export const runJobNow = route({
  method: 'POST',
  path: '/jobs/{id}/run-now',
  operation: 'runJobNow',
  role: 'operator',
  group: 'Jobs',
  summary: 'Make a delayed job due',
  params: idParams('A job'),
  data: changedJob,
  example: { changed: 1 },
  says: 'Job 123 is due now',
  refusals: ['JOB_NOT_FOUND', 'CONFLICT'],
  audited: { action: 'job.run-now', target: ({ id }) => `job:${id}` },
  async carryOut({ params, services: { admin } }) {
    const ref = refOf(params.id)
    const done = admin.runNow([ref]).then((repair) => one(repair, params.id, admin))
    return { data: await notThere('Job', params.id, admin, done), message: `Job ${params.id} is due now` }
  },
})

export const changeJob = route({
  method: 'PATCH',
  path: '/jobs/{id}',
  operation: 'changeJob',
  role: 'operator',
  group: 'Jobs',
  summary: 'Alter a pending job: when it is due, its priority, its queue',
  params: idParams('A job'),
  body: Type.Object({ ...when, priority, queue: Type.Optional(queueWord) }, { minProperties: 1 }),
  bodyExample: { priority: -10 },
  data: changedJob,
  example: { changed: 1 },
  says: 'Job 123 changed',
  refusals: ['JOB_NOT_FOUND', 'CONFLICT'],
  audited: { action: 'job.change', target: ({ id }) => `job:${id}` },
  async carryOut({ params, body, services: { admin, clock } }) {
    const ref = refOf(params.id)
    const change = { ...whenOf(body, clock), priority: body.priority, queue: body.queue }
    const done = admin.change([ref], change).then((repair) => one(repair, params.id, admin))
    return { data: await notThere('Job', params.id, admin, done), message: `Job ${params.id} changed`, audit: body }
  },
})

/** Throws NOT_FOUND, or CONFLICT for a job that runs already. */
function one({ changed, skipped, missing }: RepairDone, id: string, admin: Admin): { changed: number } {
  admin.touched()
  if (missing.length > 0 || changed + skipped === 0) throw new FaenaError('NOT_FOUND', `Job ${id} not found`)
  if (changed === 0) throw new ApiError('CONFLICT', `Job ${id} was not changed: a worker has it already`)
  return { changed }
}

type When = Static<TSchema> & { delay_seconds?: number; available_at?: number | string }

function whenOf({ delay_seconds, available_at }: When, clock: Parameters<typeof momentOf>[2]) {
  return {
    ...(delay_seconds !== undefined && { delay: Math.round(delay_seconds * 1_000) }),
    ...(available_at !== undefined && { availableAt: new Date(momentOf(available_at, 'available_at', clock)) }),
  }
}
