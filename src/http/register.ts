import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { etagOf, isKnown } from './etag.ts'
import { type Counter, type Limits, spend } from './limits.ts'
import type { Answer, Route } from './route.ts'
import type { Services } from './services.ts'
import { addressReader, bodyReader } from './validation.ts'

export interface RegisterOptions {
  services: Services
  limits: Limits
  counter: Counter
}

/** Puts one route of the contract into Fastify: reading, carrying out, answering. Who may was settled by then. */
export function register(instance: FastifyInstance, route: Route, options: RegisterOptions): void {
  const { method, patient = false, role } = route
  const handler = handlerOf(route, options)
  const url = route.path.replace(/\{(\w+)\}/g, ':$1')
  for (const path of patient ? [url, `${url}/`] : [url]) {
    instance.route({ method, url: path, config: { role, operation: route.operation }, handler })
  }
}

function handlerOf(route: Route, { services, limits, counter }: RegisterOptions) {
  const { patient = false } = route
  const params = route.params && addressReader(route.params, false)
  const query = addressReader(route.query ?? ({ type: 'object', properties: {} } as never), patient)
  const body = route.body && bodyReader(route.body, route.bodyOptional ?? false)
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const caller = request.faenaCaller
    const who = caller?.subject ?? request.ip
    reply.headers(spend(counter, `${route.cost} ${who}`, limits[route.cost]))
    const answer = await route.carryOut({
      params: params?.(request.params) ?? {},
      query: query(request.query),
      body: body?.(request.body) ?? {},
      caller: caller!,
      services,
      request,
      reply,
    })
    return sendAnswer(route, request, reply, answer)
  }
}

function sendAnswer(route: Route, request: FastifyRequest, reply: FastifyReply, answer: Answer<unknown>): unknown {
  const { data, message, status = 200, headers } = answer
  if (headers !== undefined) reply.headers(headers)
  reply.header('cache-control', 'no-store')
  if (route.method === 'GET') {
    const etag = etagOf(data)
    reply.header('etag', etag).header('cache-control', 'private, no-cache')
    if (isKnown(request.headers['if-none-match'], etag)) return reply.code(304).send()
  }
  return reply
    .code(status)
    .header('content-type', 'application/json; charset=utf-8')
    .send({ success: true, ...(message !== undefined && { message }), data })
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The smallest role that may; `public` needs none. A route without one stops the start. */
    role?: import('../core/config.ts').Role | 'public'
    operation?: string
  }
}
