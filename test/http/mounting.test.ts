import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type HttpBindings, serve } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { Body, Controller, Get, type INestApplication, Module, Post } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Admin, createAdmin } from '../../src/client/admin.ts'
import { createHandler, faenaApi, type Handler } from '../../src/http/index.ts'
import type { ServerOptions } from '../../src/http/server.ts'
import { newJob } from '../support/jobs.ts'
import { openMemory } from '../support/memory-harness.ts'
import { SECRET, token } from './support.ts'

/** The API inside applications of other makers, each with routes of its own, as the guide has it. */
interface Given {
  admin: Admin
  handler: Handler
  failedId: number
}

async function given(options: Partial<ServerOptions> = {}): Promise<Given> {
  const harness = await openMemory()
  const admin = createAdmin({ store: harness.store })
  const handler = await createHandler({ mount: '/admin', admin, auth: { secret: SECRET }, ...options })
  const job = newJob()
  const failedId = harness.raw.insertFailed({ uuid: job.uuid, payload: job.payload })
  onTestFinished(async () => {
    await handler.close()
    await harness.close()
  })
  return { admin, handler, failedId }
}

/** Listens, and answers how to ask it. */
async function listening(server: Server) {
  if (!server.listening) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  return async (
    path: string,
    { method = 'GET', body, role }: { method?: string; body?: unknown; role?: string } = {},
  ) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: {
        ...(role !== undefined && { authorization: `Bearer ${token({ sub: 'x', role })}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return { status: answer.status, headers: answer.headers, text: await answer.text() }
  }
}

type Ask = Awaited<ReturnType<typeof listening>>

async function behavesAsEverywhere(ask: Ask, { failedId }: Given) {
  expect((await ask('/own')).text).toBe('of the application')
  const own = await ask('/own', { method: 'POST', body: { a: 1 } })
  expect(own.text).toBe('{"a":1}')
  expect(own.headers.get('content-security-policy')).toBeNull()

  const api = '/admin/api/v1/queue'
  expect((await ask(`${api}/status`)).status).toBe(401)
  const status = await ask(`${api}/status`, { role: 'viewer' })
  expect(JSON.parse(status.text)).toMatchObject({ success: true, data: { failed_jobs_count: 1 } })
  expect(status.headers.get('content-security-policy')).toContain("default-src 'none'")
  // A body, read by the API or by the application before it.
  const refused = await ask(`${api}/clear-failed`, { method: 'POST', role: 'admin', body: { queu: 'x' } })
  expect(JSON.parse(refused.text)).toMatchObject({ code: 'BAD_ARGUMENT', errors: [{ path: 'queu' }] })
  const body = { ids: [failedId] }
  const retried = await ask(`${api}/retry-all-failed`, { method: 'POST', role: 'operator', body })
  expect(JSON.parse(retried.text).data).toEqual({ retried_count: 1, skipped_count: 0 })
  expect((await ask(`${api}/retry-all-failed`, { method: 'POST', role: 'operator' })).status).toBe(200)
  expect(JSON.parse((await ask(`${api}/nowhere`, { role: 'viewer' })).text)).toMatchObject({ code: 'ROUTE_NOT_FOUND' })
  expect((await ask('/administration')).status).toBe(404)
}

/** As the plugin does, and the handler answers all below its mount. */
async function behavesAsHandler(ask: Ask, all: Given) {
  await behavesAsEverywhere(ask, all)
  expect(JSON.parse((await ask('/admin/nowhere', { role: 'viewer' })).text)).toMatchObject({ code: 'ROUTE_NOT_FOUND' })
}

describe('beside Express', () => {
  test.each([
    ['before its parsers', 'before'],
    ['behind its parsers', 'behind'],
    ['at a path of its own', 'path'],
  ])('%s', async (_title, place) => {
    const all = await given()
    const app = express()
    if (place === 'before') app.use(all.handler)
    app.use(express.json())
    if (place === 'behind') app.use(all.handler)
    if (place === 'path') app.use('/admin', all.handler)
    app.get('/own', (_request, response) => void response.send('of the application'))
    app.post('/own', (request, response) => void response.json(request.body))
    await behavesAsHandler(await listening(createServer(app)), all)
  })

  test('without a mount it takes the base path alone, and leaves health and metrics to the application', async () => {
    const { handler } = await given({ mount: '' })
    const app = express()
    app.use(handler)
    app.get('/metrics', (_request, response) => void response.send('of the application'))
    const ask = await listening(createServer(app))
    expect((await ask('/api/v1/queue/status', { role: 'viewer' })).status).toBe(200)
    expect((await ask('/metrics')).text).toBe('of the application')
    expect((await ask('/health/live')).status).toBe(404)
  })
})

test('beside Hono on Node', async () => {
  const all = await given()
  const app = new Hono<{ Bindings: HttpBindings }>()
  app.all('/admin/*', ({ env }) => {
    all.handler(env.incoming, env.outgoing)
    return RESPONSE_ALREADY_SENT
  })
  app.get('/own', (context) => context.text('of the application'))
  app.post('/own', async (context) => context.json(await context.req.json()))
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server
  await new Promise<void>((resolve) => (server.listening ? resolve() : server.once('listening', resolve)))
  await behavesAsHandler(await listening(server), all)
})

describe('beside Nest', () => {
  /** An application of Nest's. Its decorators are called as functions, since types that are stripped leave none behind. */
  class Own {
    own() {
      return 'of the application'
    }
    echo(body: unknown) {
      return body
    }
  }
  const method = (name: keyof Own) =>
    [Own.prototype, name, Object.getOwnPropertyDescriptor(Own.prototype, name)!] as const
  Controller()(Own)
  Get('own')(...method('own'))
  Post('own')(...method('echo'))
  Body()(Own.prototype, 'echo', 0)
  class Application {}
  Module({ controllers: [Own] })(Application)
  const quiet = { logger: false, abortOnError: false } as const

  async function started(app: INestApplication) {
    onTestFinished(() => app.close())
    await app.listen(0, '127.0.0.1')
    return listening(app.getHttpServer())
  }

  test('on Express', async () => {
    const all = await given()
    const app = await NestFactory.create(Application, new ExpressAdapter(), quiet)
    app.use(all.handler)
    await behavesAsHandler(await started(app), all)
  })

  test('on Fastify', async () => {
    const all = await given()
    const app = await NestFactory.create<NestFastifyApplication>(Application, new FastifyAdapter(), quiet)
    app
      .getHttpAdapter()
      .getInstance()
      .register(faenaApi, { prefix: '/admin', admin: all.admin, auth: { secret: SECRET } })
    await behavesAsEverywhere(await started(app), all)
  })
})

/** What an application may have set for all its routes. */
const FORGIVING = { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true, caseSensitive: false }

describe('in an application of Fastify', () => {
  test.each([
    ['as it comes', {}],
    ['whose routes forgive slashes and capitals', { routerOptions: FORGIVING }],
    ['that says so in the older way', FORGIVING],
    ['that says so there, and something else in the newer', { ...FORGIVING, routerOptions: { maxParamLength: 256 } }],
  ])('%s, twice, each mount with what is its own', async (_title, options) => {
    const all = [await given(), await given()] as const
    const app = Fastify(options)
    onTestFinished(() => app.close())
    const auth = { secret: SECRET }
    app.register(faenaApi, { prefix: '/admin', admin: all[0].admin, auth })
    app.register(faenaApi, { prefix: '/other', admin: all[1].admin, auth: { secret: `${SECRET} of the other` } })
    app.get('/own', () => 'of the application')
    app.post('/own', ({ body }) => body)
    await app.listen({ host: '127.0.0.1', port: 0 })
    const ask = await listening(app.server)
    for (const path of ['status', 'status/', 'jobs/', 'failed/?queue='])
      expect((await ask(`/admin/api/v1/queue/${path}`, { role: 'viewer' })).status, path).toBe(200)
    expect((await ask('/other/api/v1/queue/status', { role: 'viewer' })).status).toBe(401)
    await behavesAsEverywhere(ask, all[0])
  })

  test('an operation is found where the answer says, however the address was written', async () => {
    const { admin } = await given()
    const app = Fastify({ routerOptions: FORGIVING })
    onTestFinished(() => app.close())
    await app.register(faenaApi, { admin, auth: { secret: SECRET } })
    const headers = { authorization: `Bearer ${token({ sub: 'x', role: 'admin' })}`, prefer: 'respond-async' }
    for (const path of ['clear-failed', 'clear-failed/', '/clear-failed', 'Clear-Failed//']) {
      const begun = await app.inject({ method: 'POST', url: `/api/v1/queue/${path}`, headers })
      expect(begun.statusCode, path).toBe(202)
      const { location } = begun.headers as { location: string }
      expect((await app.inject({ url: location, headers })).statusCode, location).toBe(200)
    }
  })
})

test('events flow through, and end when it is closed', async () => {
  const { handler } = await given()
  const app = express()
  app.use(handler)
  const server = createServer(app)
  await listening(server)
  const { port } = server.address() as AddressInfo
  const answer = await fetch(`http://127.0.0.1:${port}/admin/api/v1/queue/events`, {
    headers: { authorization: `Bearer ${token({ sub: 'x', role: 'viewer' })}` },
  })
  expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  const reader = answer.body!.getReader()
  expect(new TextDecoder().decode((await reader.read()).value)).toContain('retry: 3000')
  const ended = (async () => {
    while (!(await reader.read()).done);
  })()
  await handler.close()
  await ended
})
