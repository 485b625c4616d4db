import { Type } from 'typebox'
import { isFaenaError } from '../../core/errors.ts'
import { operationExample, operationRow, operationSchema } from '../contract/operations.ts'
import { limitOf, limitParameter } from '../contract/parameters.ts'
import { nullable, text, whole, words } from '../contract/shapes.ts'
import { ApiError } from '../errors.ts'
import { route } from '../route.ts'

const STATES = ['pending', 'running', 'done', 'cancelled', 'failed'] as const

export const listOperations = route({
  method: 'GET',
  path: '/operations',
  operation: 'listOperations',
  role: 'viewer',
  group: 'Operations',
  summary: 'Bulk actions that outlive their request, newest first',
  query: Type.Object({
    state: Type.Optional(words(STATES, 'How far they are')),
    cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'next_cursor of the page before' })),
    limit: limitParameter,
  }),
  data: Type.Object({
    operations: Type.Array(operationSchema),
    count: whole('Operations in this answer', 0),
    next_cursor: nullable(text('Where the next page begins; null on the last')),
  }),
  example: { operations: [operationExample], count: 1, next_cursor: null },
  async carryOut({ query: { state, cursor, limit }, services: { admin } }) {
    const { rows, next } = await admin.operations({ state }, { limit: limitOf(limit), cursor })
    return { data: { operations: rows.map((row) => operationRow(row, admin)), count: rows.length, next_cursor: next } }
  },
})

const params = Type.Object({ id: Type.String({ description: 'Id of an operation', examples: ['7'] }) })

export const showOperation = route({
  method: 'GET',
  path: '/operations/{id}',
  operation: 'getOperation',
  role: 'viewer',
  group: 'Operations',
  summary: 'How far a bulk action is',
  params,
  data: operationSchema,
  example: operationExample,
  refusals: ['NOT_FOUND'],
  async carryOut({ params: { id }, services: { admin } }) {
    return { data: operationRow(await admin.operation(operationId(id)), admin) }
  },
})

export const cancelOperation = route({
  method: 'DELETE',
  path: '/operations/{id}',
  operation: 'cancelOperation',
  role: 'operator',
  group: 'Operations',
  summary: 'End a bulk action; what is done stays done',
  params,
  data: operationSchema,
  example: { ...operationExample, state: 'cancelled' as const },
  says: 'Operation 7 is cancelled',
  refusals: ['NOT_FOUND', 'CONFLICT'],
  audited: { action: 'operation.cancel', target: ({ id }) => `operation:${id}` },
  async carryOut({ params: { id }, services: { admin } }) {
    const given = operationId(id)
    const operation = await admin.cancelOperation(given).catch((error) => {
      throw isFaenaError(error, 'BAD_ARGUMENT') ? new ApiError('CONFLICT', error.message) : error
    })
    return { data: operationRow(operation, admin), message: `Operation ${id} is cancelled` }
  },
})

function operationId(id: string): number {
  if (/^[1-9]\d{0,14}$/.test(id)) return Number(id)
  throw new ApiError('BAD_ARGUMENT', 'id is no id of an operation', {
    issues: [{ path: 'id', message: 'allowed: a whole number from 1' }],
  })
}
