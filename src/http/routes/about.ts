import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Static, Type } from 'typebox'
import { ownFile } from '../../core/own-file.ts'
import { text } from '../contract/shapes.ts'
import { route, STREAMED } from '../route.ts'

export const getOpenapi = route({
  method: 'GET',
  path: '/openapi.json',
  operation: 'getOpenapi',
  role: 'public',
  group: 'About',
  summary: 'This description of the API: OpenAPI 3.1',
  data: Type.Unsafe<Static<ReturnType<typeof Type.Object>>>({ type: 'object', description: 'OpenAPI 3.1' }),
  stream: 'application/json',
  example: { openapi: '3.1.0' } as never,
  async carryOut({ reply, services }) {
    reply
      .header('content-type', 'application/json; charset=utf-8')
      .header('cache-control', 'no-cache')
      .send(services.openapi())
    return STREAMED
  },
})

const PAGE = ownFile('http/reference/page.html')
let page: string | undefined

export const getReference = route({
  method: 'GET',
  path: '/reference',
  operation: 'getReference',
  role: 'public',
  group: 'About',
  summary: 'This description as a page to read, and to try requests from',
  description: 'It loads nothing from elsewhere, and holds no secret: a token that is typed in stays in the page.',
  data: Type.Unsafe<string>({ type: 'string', description: 'HTML' }),
  stream: 'text/html',
  example: '<!doctype html>',
  async carryOut({ reply }) {
    page ??= readFileSync(PAGE, 'utf8')
    const nonce = randomBytes(16).toString('base64')
    const own = `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; connect-src 'self'`
    reply
      .header('content-type', 'text/html; charset=utf-8')
      .header('cache-control', 'no-cache')
      .header('content-security-policy', `${own}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`)
      .send(page.replaceAll('"NONCE"', `"${nonce}"`))
    return STREAMED
  },
})

export const getSettings = route({
  method: 'GET',
  path: '/settings',
  operation: 'getSettings',
  role: 'admin',
  group: 'About',
  summary: 'What the server is configured with, and where each setting comes from',
  description: 'Secrets and passwords are masked. Empty where an application of its own serves the API.',
  data: Type.Object({
    version: text('Of Faena'),
    settings: Type.Array(
      Type.Object({
        name: text('Of the setting'),
        shown: text('Its value, as people read it'),
        source: text('A variable, faena.config.ts, or default'),
      }),
    ),
  }),
  example: { version: '0.1.0', settings: [{ name: 'timezone', shown: 'America/Lima', source: 'FAENA_TIMEZONE' }] },
  carryOut: async ({ services: { about } }) => ({ data: about }),
})
