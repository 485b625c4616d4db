import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { apiDocument } from '../../scripts/openapi.ts'
import { alertChannels } from '../../src/alerts/channels.ts'
import { ROLES, type Role } from '../../src/core/config.ts'
import { defineJob } from '../../src/core/job.ts'
import { ROUTES } from '../../src/http/routes.ts'
import { alertsOf, TOLD } from '../alerts/support.ts'
import { newJob } from '../support/jobs.ts'
import { type Api, type Caller, eachApi, memoryApi } from './support.ts'

/**
 * Thousands of requests made from the description of the API, fit and unfit, with every role. Whatever comes: no 5xx, a
 * status that the description lists, an answer that fits its schema, and in every refusal the envelope.
 */
const RUNS = Number(process.env.FAENA_FUZZ_RUNS ?? 1_500)
/** To have the same requests again. */
const SEED = process.env.FAENA_FUZZ_SEED

interface Schema {
  type?: string | string[]
  enum?: unknown[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  examples?: unknown[]
  minimum?: number
}

interface Operation {
  path: string
  method: string
  'x-role': string
  parameters?: { name: string; in: string; required: boolean; schema: Schema }[]
  requestBody?: { content: { 'application/json': { schema: Schema; example?: unknown } } }
  responses: Record<string, { $ref?: string; content?: Record<string, { schema: object }> }>
}

const document = apiDocument() as { paths: Record<string, Record<string, Operation>> }
const operations: Operation[] = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ ...operation, path, method: method.toUpperCase() })),
)

const ajv = new Ajv2020({ strict: false })
ajv.addSchema(document, 'document')
const checkFailure = ajv.compile({ $ref: 'document#/components/schemas/Failure' })
const compiled = new Map<string, ReturnType<typeof ajv.compile>>()

function misfits(operation: Operation, status: number, body: unknown): unknown {
  const key = `${operation.method} ${operation.path} ${status}`
  let check = compiled.get(key)
  if (check === undefined) {
    const listed = operation.responses[status]
    const schema =
      listed?.$ref !== undefined
        ? { $ref: 'document#/components/schemas/Failure' }
        : listed?.content?.['application/json']?.schema
    check = ajv.compile(JSON.parse(JSON.stringify(schema ?? {}).replaceAll('"#/', '"document#/')))
    compiled.set(key, check)
  }
  return check(body) ? undefined : check.errors
}

/** Whatever route it is of, and of none. */
function misfitsFailure(body: unknown): unknown {
  return checkFailure(body) ? undefined : checkFailure.errors
}

/** What has broken servers and pages before. */
const NASTY = [
  '',
  ' ',
  '0',
  '-1',
  '1e3',
  '0x10',
  'NaN',
  'null',
  'true',
  '9007199254740993',
  '99999999999999999999999',
  '1;drop table jobs',
  "' or '1'='1",
  '%',
  '_',
  '\\',
  '"',
  "'",
  '`',
  '$(id)',
  '../../etc/passwd',
  '..%2f..',
  '%00',
  'a/b',
  'a;b',
  '//',
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '{{7*7}}',
  '__proto__',
  'constructor',
  'toString',
  'ñandú',
  '漢字',
  '🐘',
  '\u202e',
  'a\u0000b',
  '\ud800',
  'a\udc00b',
  'a\r\nSet-Cookie: x=1',
  'x'.repeat(300),
  '2025-11-07 17:45:59',
  '2025-02-31 00:00:00',
  '018f6b1e-7c1a-7d2e-9f10-2b6d8f7a1c33',
  '9999-12-31 23:59:59',
  '0001-01-01 00:00:00',
  '1969-12-31',
  '2025-11-07T17:45:59+14:00',
  '4294967296',
  '253402300800',
  '999999999999',
  'aWQ6NQ',
  '00000000-0000-0000-0000-000000000000',
]

/** Letters that a database refuses, or alters, or that escape from what is around them: each text of them is a trial. */
const LETTERS = [
  '\u0000',
  '\ud800',
  '\udc00',
  '\u001f',
  '\u2400',
  '\ufffd',
  '"',
  "'",
  '\\',
  '%',
  '{',
  '🐘',
  'é',
  ' ',
  'a',
]

const awkward = fc.string({ unit: fc.constantFrom(...LETTERS), minLength: 1, maxLength: 12 })
/** Where columns and dates end. */
const EDGES = [0, -1, 0.5, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 253_402_300_799, 253_402_300_800, 999_999_999_999, 2 ** 53]

const edge = fc.constantFrom(...EDGES)
const nasty = fc.oneof(fc.constantFrom(...NASTY), awkward, fc.string({ maxLength: 40 }))
const json = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.dictionary(nasty, fc.oneof(nasty, fc.array(nasty, { maxLength: 3 })), { maxKeys: 4 }),
)

function fitting(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type
  const number = fc.oneof({ weight: 4, arbitrary: fc.integer({ min: schema.minimum ?? -5, max: 300 }) }, edge)
  if (schema.examples !== undefined && Array.isArray(schema.type))
    return fc.oneof(fc.constantFrom(...schema.examples), nasty, number)
  if (schema.examples !== undefined) return fc.oneof(fc.constantFrom(...schema.examples), nasty)
  if (type === 'integer' || type === 'number') return number
  if (type === 'boolean') return fc.boolean()
  if (type === 'array') return fc.array(fitting(schema.items ?? {}), { minLength: 1, maxLength: 4 })
  if (type === 'object') return objectOf(schema)
  if (type === 'string') return fc.oneof(nasty, fc.constantFrom('default', '1', '2', '3'))
  return json
}

function objectOf({ properties = {}, required = [] }: Schema): fc.Arbitrary<unknown> {
  const keys = Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, fitting(schema)]))
  return fewOf(keys, required)
}

/** Of what may be left out, two at most: with more, one that is refused would nearly always be among them. */
function fewOf(keys: Record<string, fc.Arbitrary<unknown>>, required: string[] = []) {
  const optional = Object.keys(keys).filter((name) => !required.includes(name))
  return fc
    .subarray(optional, { maxLength: Math.min(2, optional.length) })
    .chain((some) => fc.record(Object.fromEntries([...required, ...some].map((name) => [name, keys[name]!]))))
}

/** Most are fit, so that requests get beyond the first check. */
function requests(operation: Operation) {
  const { parameters = [], requestBody } = operation
  const of = (place: string) => parameters.filter((one) => one.in === place)
  const params = fc.record(
    Object.fromEntries(
      of('path').map(({ name, schema }) => [
        name,
        fc.oneof(
          { weight: 3, arbitrary: fc.constantFrom('1', '2', '3', 'default', 'nightly') },
          { weight: 2, arbitrary: fitting(schema) },
        ),
      ]),
    ),
  )
  const query = fewOf(
    Object.fromEntries(
      of('query').map(({ name, schema }) => [
        name,
        fc.oneof({ weight: 3, arbitrary: fitting(schema) }, { weight: 1, arbitrary: nasty }),
      ]),
    ),
  )
  const schema = requestBody?.content['application/json'].schema
  const body =
    schema === undefined
      ? fc.constant(undefined)
      : fc.oneof({ weight: 4, arbitrary: objectOf(schema) }, { weight: 1, arbitrary: json })
  const raw = fc.oneof(
    { weight: 12, arbitrary: fc.constant(undefined) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '{',
        '[]',
        '""',
        'null',
        '{"__proto__":{"role":"admin"}}',
        '{"constructor":{"prototype":{}}}',
        `${'['.repeat(1_000)}${']'.repeat(1_000)}`,
        '\ufeff{}',
      ),
    },
  )
  return fc.record({
    operation: fc.constant(operation),
    role: fc.constantFrom(null, ...ROLES, 'admin', 'admin'),
    params,
    query,
    body,
    raw,
    more: fc.boolean(),
    headers: fc.record(
      {
        accept: fc.constantFrom('application/problem+json', '*/*', 'text/html'),
        prefer: fc.constantFrom('respond-async', 'wait=5', ';'),
        'idempotency-key': fc.constantFrom('one', 'two', 'three', ' ', 'x'.repeat(256)),
        'if-none-match': fc.constantFrom('*', '"x"', 'W/'),
        'last-event-id': fc.constantFrom('1', 'x-1', '-', '%'),
      },
      { requiredKeys: [] },
    ),
  })
}

type Request =
  fc.Arbitrary<unknown> extends fc.Arbitrary<infer _>
    ? ReturnType<typeof requests> extends fc.Arbitrary<infer Made>
      ? Made
      : never
    : never

/** An empty part and dots are other addresses, not values of this one. */
function segment(text: string): string {
  return /^\.{0,2}$/.test(text) ? 'x' : encodeURIComponent(text.toWellFormed())
}

async function send(api: Api, { operation, role, params, query, body, raw, more, headers }: Request) {
  const caller: Caller = api.as(role)
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name) =>
    segment(String((params as Record<string, unknown>)[name])),
  )
  const search = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
  )
  if (more) search.append('unheard_of', '1')
  const withBody = operation.method !== 'GET' && (raw !== undefined || body !== undefined)
  const answer = await caller(operation.method as 'GET', `${path}?${search}`, {
    headers: { ...headers, ...(withBody && { 'content-type': 'application/json' }) },
    ...(withBody && { payload: raw ?? JSON.stringify(body) }),
    payloadAsStream: operation.path.endsWith('/events'),
  })
  if (!operation.path.endsWith('/events')) return answer
  if (answer.statusCode !== 200) return { ...answer, ...(await readStream(answer)) }
  // A stream that is let in has no end: whoever listens goes away.
  answer.raw.res.destroy()
  return { ...answer, body: '', json: () => undefined }
}

async function readStream(answer: Awaited<ReturnType<Caller>>) {
  const body = Buffer.concat(await answer.stream().toArray()).toString('utf8')
  return { body, json: () => JSON.parse(body) }
}

eachApi('whatever is asked', (open) => {
  test('the answer is one that the description lists, and nothing breaks', { timeout: 240_000 }, async () => {
    const jobs = [
      defineJob({ name: 'echo', input: z.object({ text: z.string() }) }),
      // Named as in the description's examples, so that many dispatches are carried out.
      defineJob({ name: 'orders.sync', input: z.unknown() }),
    ]
    await using api = await open({ jobs, channels: alertChannels(alertsOf(TOLD)) })
    await api.store.register({
      ...{ name: 'default', host: 'here', pid: 1, version: '1', queues: ['default'], concurrency: 1 },
      leaseMs: 600_000,
    })
    await api.store.saveSchedule({
      ...{ key: 'nightly', job: 'orders.sync', queue: 'default', input: '{}', timing: { everyMs: 3_600_000 } },
      ...{ missed: 'once', overlap: 'allow', origin: 'api', nextAt: Date.now() + 3_600_000 },
    })
    for (let at = 0; at < 3; at++) {
      await api.job({ queue: 'default', input: { order_id: at, text: '<b>' } })
      const job = newJob({ input: { order_id: at } })
      api.raw.insertFailed({ uuid: job.uuid, payload: job.payload })
    }
    api.raw.insertJob({ payload: 'not json <script>' })
    await fc.assert(
      fc.asyncProperty(fc.oneof(...operations.map(requests)), async (request) => {
        const answer = await send(api, request)
        const { operation } = request
        const called = `${operation.method} ${operation.path} → ${answer.statusCode} ${answer.body.slice(0, 500)}`
        expect(answer.statusCode, called).toBeLessThan(500)
        if (answer.statusCode >= 400) expect(misfitsFailure(answer.json()), called).toBeUndefined()
        // A path that names nothing (an empty part) is no route of the contract.
        if (answer.statusCode === 404 && answer.json().code === 'ROUTE_NOT_FOUND') return
        if (answer.statusCode === 405) return
        expect(Object.keys(operation.responses), called).toContain(String(answer.statusCode))
        expect(answer.headers['x-content-type-options'], called).toBe('nosniff')
        expect(answer.headers['x-request-id'], called).toBeTruthy()
        if (
          /^application\/(problem\+)?json/.test(String(answer.headers['content-type'])) &&
          answer.body !== '' &&
          !operation.path.endsWith('openapi.json')
        ) {
          expect(misfits(operation, answer.statusCode, answer.json()), called).toBeUndefined()
        }
      }),
      { numRuns: RUNS, ...(SEED && { seed: Number(SEED) }) },
    )
    const { rows } = await api.admin.operations({ state: 'failed' })
    expect(rows, 'bulk actions that could not go on').toEqual([])
    expect(({} as Record<string, unknown>).role).toBeUndefined()
  })
})

test('each route admits its smallest role and those above it, and nobody else', async () => {
  await using api = await memoryApi()
  const all = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      ...{ path, method: method.toUpperCase() as 'GET' },
      role: operation['x-role'] as Role | 'public',
    })),
  )
  expect(all).toHaveLength(ROUTES.length)
  for (const { method, path, role } of all) {
    const url = path.replace(/\{\w+\}/g, '1')
    for (const asker of [null, ...ROLES]) {
      const stream = path.endsWith('/events')
      const { statusCode, raw } = await api.as(asker)(method, url, { payloadAsStream: stream })
      // A stream that is let in has no end; what it shows has tests of its own.
      if (stream) raw.res.destroy()
      const called = `${method} ${path} as ${asker}`
      if (role === 'public') expect([401, 403], called).not.toContain(statusCode)
      else if (asker === null) expect(statusCode, called).toBe(401)
      else if (ROLES.indexOf(asker) < ROLES.indexOf(role)) expect(statusCode, called).toBe(403)
      else expect([401, 403], called).not.toContain(statusCode)
    }
  }
})

test.each([
  ['without a role', {}, 'names no role'],
  [
    'with a word that is no role',
    { role: 'Viewer' as Role },
    'names the role Viewer; allowed: viewer, operator, admin, public',
  ],
])('a route %s stops the start', async (_what, config, text) => {
  const { default: Fastify } = await import('fastify')
  const { faenaApi } = await import('../../src/http/plugin.ts')
  const { createAdmin } = await import('../../src/client/admin.ts')
  const { openMemory } = await import('../support/memory-harness.ts')
  const harness = await openMemory()
  const app = Fastify()
  app.addHook('onRoute', (route) => {
    if (route.url === '/api/v1/queue/workers') route.config = config
  })
  app.register(faenaApi, { admin: createAdmin({ store: harness.store }), auth: { secret: 'x'.repeat(32) } })
  await expect(app.ready()).rejects.toThrow(text)
  await app.close()
  await harness.close()
})
