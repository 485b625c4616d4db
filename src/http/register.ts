import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { TObject } from 'typebox'
import type { AuditTrail } from './audit.ts'
import { etagOf, isKnown } from './etag.ts'
import { once } from './idempotency.ts'
import { type Counter, type Limits, spend } from './limits.ts'
import type { Answer, Call, Route } from './route.ts'
import type { Services } from './services.ts'
import { addressReader, bodyReader } from './validation.ts'

export interface RegisterOptions {
  services: Services
  limits: Limits
  counter: Counter
  audit: AuditTrail
  /** Aborted when the server closes: streams end. */
  closing: AbortSignal
}

/** Bytes of a body, wherever the API is mounted. */
export const BODY_LIMIT = 64 * 1_024

/** Puts one route of the contract into Fastify: reading, carrying out, answering. Who may was settled by then. */
export function register(instance: FastifyInstance, route: Route, options: RegisterOptions): void {
  const { method, patient = false, role } = route
  const handler = handlerOf(route, options)
  const url = route.path.replace(/\{(\w+)\}/g, ':$1')
  // Where the application forgives it of all its routes, the second would be the first once more.
  for (const path of patient && !forgivesSlashes(instance) ? [url, `${url}/`] : [url]) {
    instance.route({ method, url: path, bodyLimit: BODY_LIMIT, config: { role, contract: route }, handler })
  }
}

function forgivesSlashes({ initialConfig }: FastifyInstance): boolean {
  const { routerOptions, ignoreTrailingSlash } = initialConfig
  // Either says so: where one is left out, Fastify puts false there, also beside a true of the other.
  return routerOptions?.ignoreTrailingSlash || ignoreTrailingSlash || false
}

const NO_KEYS = { type: 'object', properties: {} } as unknown as TObject

function handlerOf(route: Route, { services, limits, counter, audit, closing }: RegisterOptions) {
  const { patient = false, searchable = false } = route
  const params = route.params && addressReader(route.params, false)
  const query = addressReader(route.query ?? NO_KEYS, patient, searchable ? services.fields : [])
  const body = route.body && bodyReader(route.body, route.bodyOptional ?? false)
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const caller = request.faenaCaller
    reply.headers(spend(counter, `${route.cost} ${caller?.subject ?? request.ip}`, limits[route.cost]))
    const call: Call<unknown, unknown, unknown> = {
      params: params?.(request.params) ?? {},
      query: query(request.query),
      body: body?.(request.body) ?? {},
      caller: caller!,
      services,
      request,
      reply,
      gone: goneSignal(reply, closing),
    }
    if (route.stream !== undefined) {
      await route.carryOut(call)
      return reply
    }
    const { answer, replayed } = await once(services.admin, route, request, async () => {
      const carryOut = async () => (await route.carryOut(call)) as Answer<unknown>
      const { telemetry } = services
      const act = () => (telemetry?.request ? telemetry.request(request.headers, carryOut) : carryOut())
      if (route.method !== 'GET' && caller !== null) return audit.around(route, request, act)
      const answer = await act()
      if (answer.audit !== undefined) await audit.done(route, request, answer.audit)
      return answer
    })
    if (replayed) reply.header('idempotency-replayed', 'true')
    return sendAnswer(route, request, reply, answer)
  }
}

function goneSignal({ raw }: FastifyReply, closing: AbortSignal): AbortSignal {
  const gone = new AbortController()
  // He may have left while the store was asked who he is.
  if (raw.destroyed) gone.abort()
  raw.once('close', () => {
    if (!raw.writableFinished) gone.abort()
  })
  return AbortSignal.any([gone.signal, closing])
}

function sendAnswer(route: Route, request: FastifyRequest, reply: FastifyReply, answer: Answer<unknown>): unknown {
  const { data, message, status = 200, headers } = answer
  if (headers !== undefined) reply.headers(headers)
  reply.header('cache-control', 'no-store')
  if (route.method === 'GET') {
    const etag = etagOf(data, route.ticking)
    reply.header('etag', etag)
    // Where time ticks, a browser that asked for a 304 by itself would show a page that knows nothing of it times that stand still.
    if (route.ticking === undefined) reply.header('cache-control', 'private, no-cache')
    if (isKnown(request.headers['if-none-match'], etag)) return reply.code(304).send()
  }
  return reply
    .code(status)
    .header('content-type', 'application/json; charset=utf-8')
    .serializer(JSON.stringify)
    .send({ success: true, ...(message !== undefined && { message }), data })
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The smallest role that may; `public` needs none. A route without one stops the start. */
    role?: import('../core/config.ts').Role | 'public'
    /** The route of the contract that this is. */
    contract?: Route
  }
}
