import type { TObject, TSchema } from 'typebox'
import { BASE_PATH } from './base-path.ts'
import { API_CODES, type ApiCode } from './codes.ts'
import { failureSchema, success } from './contract/envelope.ts'
import type { Group, Route } from './route.ts'

export interface OpenapiOptions {
  routes: readonly Route[]
  /** Where the plugin is mounted. */
  prefix?: string
  /** Names of surfaced fields. */
  fields?: readonly string[]
  version: string
}

type Json = Record<string, unknown>

const GROUPS: Readonly<Record<Group, string>> = {
  'The eight': 'The routes that older clients hold: they forgive unknown parameters, empty ones and a trailing slash.',
  Jobs: 'One pending or reserved job: see it, dispatch it, alter it, ask why it does not run.',
  'Failed jobs': 'One failed job, groups of them by what they have in common, and files of them.',
  Queues: 'What waits in each queue, and letting a queue rest.',
  Workers: 'Live workers, and words to them.',
  Schedules: 'What is dispatched again and again.',
  Alerts: 'What people are told of, and saying that one knows, or wants to hear no more of it for a while.',
  History: 'What was run, what it came to over time, what happens now, who did what.',
  Operations: 'Bulk actions that outlive their request.',
  Access: 'Who asks, and sessions of the panel.',
  About: 'The description itself.',
}

/** The description of the API, from the very schemas that requests are checked with. */
export function openapiDocument({ routes, prefix = '', fields = [], version }: OpenapiOptions): Json {
  const paths: Record<string, Json> = {}
  for (const route of routes) {
    const path = `${BASE_PATH}${route.path}`
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route, fields) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Faena management API',
      version,
      description:
        'What a backoffice sees and does of the queues: what waits, runs and failed; retry, delete, pause. ' +
        'The first eight routes are those that older clients hold: they forgive unknown parameters.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: prefix === '' ? '/' : prefix, description: 'Where it is mounted' }],
    tags: [...new Set(routes.map(({ group }) => group))].map((name) => ({ name, description: GROUPS[name] })),
    paths,
    components: {
      schemas: { Failure: failureSchema },
      responses: refusalsByStatus(routes),
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'faena token makes one' },
        session: { type: 'apiKey', in: 'cookie', name: 'faena_session', description: 'POST /login begins one' },
      },
    },
    security: [{ token: [] }, { session: [] }],
  }
}

function operationOf(route: Route, fields: readonly string[]): Json {
  const { operation, group, summary, description, role } = route
  return {
    operationId: operation,
    tags: [group],
    summary,
    description: [description, role === 'public' ? 'Needs no token.' : `Needs the role ${role}.`]
      .filter(Boolean)
      .join(' '),
    'x-role': role,
    ...(role === 'public' && { security: [] }),
    ...parametersOf(route, fields),
    ...bodyOf(route),
    responses: { ...successesOf(route), ...refusalsOf(route) },
  }
}

function parametersOf(route: Route, fields: readonly string[]): Json {
  const list = [...parameters(route.params, 'path'), ...parameters(route.query, 'query')]
  if (route.searchable) {
    for (const name of fields) {
      list.push({
        name,
        in: 'query',
        required: false,
        description: 'Surfaced field; numbers and texts match alike',
        schema: { type: 'string' },
      })
    }
  }
  if (route.method === 'POST' && route.role !== 'public') {
    const description = 'Carried out once, however often it comes within a day'
    list.push({
      name: 'Idempotency-Key',
      in: 'header',
      required: false,
      description,
      schema: { type: 'string', minLength: 1, maxLength: 255 },
    })
  }
  if (route.later !== undefined) {
    const description = 'respond-async: answer 202 with an operation that goes on beside'
    list.push({ name: 'Prefer', in: 'header', required: false, description, schema: { type: 'string' } })
  }
  return list.length === 0 ? {} : { parameters: list }
}

function parameters(schema: TObject | undefined, where: 'path' | 'query'): Json[] {
  if (schema === undefined) return []
  const required = (schema.required ?? []) as readonly string[]
  return Object.entries(schema.properties as Record<string, TSchema>).map(([name, property]) => {
    const { description, ...rest } = property as Json
    return { name, in: where, required: where === 'path' || required.includes(name), description, schema: rest }
  })
}

function bodyOf({ body, bodyOptional = false, bodyExample }: Route): Json {
  if (body === undefined) return {}
  const schema = { ...body, additionalProperties: false }
  return {
    requestBody: {
      required: !bodyOptional,
      content: { 'application/json': { schema, ...(bodyExample !== undefined && { example: bodyExample }) } },
    },
  }
}

function successesOf(route: Route): Json {
  const { says, example, stream, later } = route
  if (stream !== undefined) {
    return { 200: { description: route.summary, content: { [stream]: { schema: route.data, example } } } }
  }
  const content = (data: TSchema, value: unknown, message: string | undefined) => ({
    'application/json': {
      schema: success(data, message !== undefined),
      example: { success: true, ...(message !== undefined && { message }), data: value },
    },
  })
  return {
    200: { description: says ?? route.summary, content: content(route.data, example, says) },
    ...(route.method === 'GET' && { 304: { description: 'The same as If-None-Match names' } }),
    ...(later !== undefined && {
      202: {
        description: 'With Prefer: respond-async; it goes on beside, and Location is its operation',
        content: content(later.data, later.example, later.says),
      },
    }),
  }
}

/** What any route may answer, beside its own refusals. */
function refusalsOf(route: Route): Json {
  return Object.fromEntries(
    refusalStatuses(route).map((status) => [String(status), { $ref: `#/components/responses/Refusal${status}` }]),
  )
}

function refusalStatuses({ method, role, params, body, refusals = [], patient, query }: Route): number[] {
  const common: ApiCode[] = ['RATE_LIMITED', 'INTERNAL', 'STORE_UNAVAILABLE']
  if (role !== 'public') common.push('UNAUTHENTICATED', 'FORBIDDEN')
  if (params !== undefined || body !== undefined || query !== undefined || !patient || method !== 'GET')
    common.push('BAD_ARGUMENT')
  if (params !== undefined) common.push('URI_TOO_LONG')
  if (method === 'POST') common.push('IDEMPOTENCY_KEY_IN_USE', 'IDEMPOTENCY_KEY_REUSED')
  if (method !== 'GET') common.push('PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE')
  const statuses = new Set([...common, ...refusals].map((code) => API_CODES[code][0]))
  return [...statuses].sort((one, other) => one - other)
}

/** Those that routes give; what is refused before any route (a head too large, say) is in the reference's list of codes. */
function refusalsByStatus(routes: readonly Route[]): Json {
  const byStatus = Map.groupBy(Object.keys(API_CODES) as ApiCode[], (code) => API_CODES[code][0])
  const given = new Set(routes.flatMap(refusalStatuses))
  return Object.fromEntries(
    [...byStatus]
      .filter(([status]) => given.has(status))
      .map(([status, codes]) => [`Refusal${status}`, refusal(status, codes)]),
  )
}

function refusal(status: number, codes: readonly ApiCode[]): Json {
  const [code] = codes as [ApiCode]
  const schema = { $ref: '#/components/schemas/Failure' }
  const title = API_CODES[code][1]
  const example = {
    success: false,
    message: title.replace(/\.$/, ''),
    code,
    status,
    type: `urn:faena:problem:${code.toLowerCase().replaceAll('_', '-')}`,
    title,
    instance: `${BASE_PATH}/status`,
    requestId: '0b8f0a5e-3d1c-4c43-9d0a-0e8a3f1a7c11',
  }
  const content = { 'application/json': { schema, example }, 'application/problem+json': { schema } }
  return { description: codes.map((one) => `${one}: ${API_CODES[one][1]}`).join(' '), content }
}
