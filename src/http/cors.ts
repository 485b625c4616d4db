import type { FastifyReply, FastifyRequest } from 'fastify'
import { notAllowed } from '../core/errors.ts'

/** Origins compared as a whole; `*` is not among them, since answers differ by who asks. */
export function checkedOrigins(origins: readonly string[]): ReadonlySet<string> {
  for (const origin of origins) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw notAllowed(
        'BAD_CONFIGURATION',
        'FAENA_CORS_ORIGINS',
        origin,
        'origins such as https://backoffice.example.com',
      )
    }
  }
  return new Set(origins)
}

const METHODS = 'GET, POST, PATCH, DELETE'
const HEADERS = 'authorization, content-type, idempotency-key, if-none-match, prefer, x-request-id'
const EXPOSED = 'etag, location, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset, x-request-id'

/** Sets what the browser asks for. True if the request was only a question about another one and is answered by that. */
export function answerOrigin(origins: ReadonlySet<string>, request: FastifyRequest, reply: FastifyReply): boolean {
  if (origins.size === 0) return false
  reply.header('vary', 'origin')
  const { origin } = request.headers
  if (origin === undefined || !origins.has(origin)) return false
  reply.header('access-control-allow-origin', origin).header('access-control-expose-headers', EXPOSED)
  if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return false
  reply
    .header('access-control-allow-methods', METHODS)
    .header('access-control-allow-headers', HEADERS)
    .header('access-control-max-age', '600')
  return true
}
