import { readFileSync } from 'node:fs'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { apiDocument } from '../../scripts/openapi.ts'
import { API_CODES } from '../../src/http/codes.ts'
import { ROUTES } from '../../src/http/routes.ts'
import { memoryApi } from './support.ts'

/** The description of the API: what it is made from, what it must hold, and that the committed one is this one. */

interface Operation {
  operationId: string
  summary: string
  description: string
  tags: string[]
  'x-role': string
  parameters?: { name: string; in: string; description?: string }[]
  requestBody?: { content: Record<string, { schema: object; example?: unknown }> }
  responses: Record<string, Answer>
}

interface Answer {
  $ref?: string
  content?: Record<string, { schema: object; example?: unknown }>
}

const document = apiDocument() as {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: object; responses: Record<string, Answer> }
}
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    ...operation,
    path,
    method,
    called: `${method.toUpperCase()} ${path}`,
  })),
)

test('the committed description is the one the code makes; npm run openapi writes it', () => {
  expect(JSON.parse(readFileSync(new URL('../../docs/reference/openapi.json', import.meta.url), 'utf8'))).toEqual(
    document,
  )
})

test('a linter with its recommended rules has nothing to say of it', async () => {
  const config = await createConfig({ extends: ['recommended'] })
  const source = JSON.stringify(document)
  const problems = await lintFromString({ source, absoluteRef: 'openapi.json', config })
  expect(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual([])
})

test('it is valid OpenAPI 3.1', async () => {
  const result = await new Validator().validate(structuredClone(document))
  expect(result.errors ?? []).toEqual([])
  expect(result.valid).toBe(true)
})

test('it lists every route once, each with a name of its own', () => {
  expect(operations.map(({ called }) => called).sort()).toEqual(
    ROUTES.map(({ method, path }) => `${method} /api/v1/queue${path}`).sort(),
  )
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length)
})

describe.each(operations.map((operation) => [operation.called, operation] as const))('%s', (_called, operation) => {
  test('says what it is for, who may, and what each parameter means', () => {
    expect(operation.summary).toMatch(/^[A-Z].{8,}[^.]$/)
    expect(operation.description).toMatch(/Needs (no token|the role (viewer|operator|admin))\.$/)
    expect(operation.tags).toHaveLength(1)
    for (const { description, name } of operation.parameters ?? []) expect(description, name).toBeTruthy()
  })

  test('its examples fit its schemas', () => {
    const answers = Object.values(operation.responses).map(resolved)
    const contents = [operation.requestBody, ...answers].flatMap((part) => Object.values(part?.content ?? {}))
    const shown = contents.filter(({ example }) => example !== undefined)
    expect(shown.length).toBeGreaterThan(0)
    for (const { schema, example } of shown) {
      const ajv = new Ajv2020({ strict: false })
      ajv.addSchema(document, 'document')
      const check = ajv.compile(absolute(schema))
      expect(check(example) ? [] : check.errors).toEqual([])
    }
  })

  test('every path parameter is described, and refusals for no token and a small role are listed', () => {
    const named = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    expect((operation.parameters ?? []).filter((one) => one.in === 'path').map(({ name }) => name)).toEqual(named)
    const statuses = Object.keys(operation.responses)
    if (operation['x-role'] !== 'public')
      expect(statuses).toEqual(expect.arrayContaining(['401', '403', '429', '500', '503']))
  })
})

test('a server gives its own description to anybody, with its surfaced fields', async () => {
  await using api = await memoryApi({ surface: 'order_id' })
  const answer = await api.as(null)('GET', 'openapi.json')
  expect(answer.statusCode).toBe(200)
  const names = answer.json().paths['/api/v1/queue/failed'].get.parameters.map(({ name }: { name: string }) => name)
  expect(names).toContain('order_id')
})

test('the reference lists every code with its status and meaning, and no other', () => {
  const page = readFileSync(new URL('../../docs/reference/http-api.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| (\d+) \| ([^|]+?) \|/gm)].map(([, code, status, meaning]) => [
    code,
    [Number(status), meaning],
  ])
  expect(Object.fromEntries(rows)).toEqual(API_CODES)
})

test('the reference lists every route with the role it needs', () => {
  const page = readFileSync(new URL('../../docs/reference/http-api.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| `(GET|POST|PATCH|DELETE) (\/\S+)` \| (\w+) \|/gm)].map(
    ([, method, path, role]) => `${method} ${path} ${role}`,
  )
  expect(rows).toEqual(ROUTES.map(({ method, path, role }) => `${method} ${path} ${role}`))
})

function resolved(answer: Answer): Answer {
  const { responses } = document.components
  return answer.$ref === undefined ? answer : responses[answer.$ref.split('/').at(-1)!]!
}

/** References of the document, as they are called from outside of it. */
function absolute(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"document#/components/'))
}
