import type { FastifyReply, FastifyRequest } from 'fastify'
import { API_CODES } from './codes.ts'
import type { ApiError } from './errors.ts'

/** The body of a refusal: our keys, and beside them those of RFC 9457. */
export function failureBody(error: ApiError, instance: string, requestId: string): Record<string, unknown> {
  const { code, message, detail, issues } = error
  const [status, title] = API_CODES[code]
  return {
    success: false,
    message,
    code,
    status,
    type: `urn:faena:problem:${code.toLowerCase().replaceAll('_', '-')}`,
    title,
    ...(detail !== undefined && { detail }),
    instance,
    requestId,
    ...(issues.length > 0 && { errors: issues.slice(0, MOST_ISSUES) }),
  }
}

const MOST_ISSUES = 20

/** Answers with a refusal, whatever was decided about the answer before. */
export function sendFailure(request: FastifyRequest, reply: FastifyReply, error: ApiError): FastifyReply {
  const asProblem = /\bapplication\/problem\+json\b/i.test(request.headers.accept ?? '')
  for (const [name, value] of Object.entries(error.headers)) reply.header(name, value)
  return (
    reply
      .code(error.status)
      .header('cache-control', 'no-store')
      // Refusals that come before any route have passed no hook that would set these.
      .header('x-content-type-options', 'nosniff')
      .header('x-request-id', request.id)
      .header('content-type', `application/${asProblem ? 'problem+json' : 'json'}; charset=utf-8`)
      .serializer(JSON.stringify)
      .send(failureBody(error, pathOf(request.url), request.id))
  )
}

export function pathOf(url: string): string {
  const end = url.search(/[?#;]/)
  return (end === -1 ? url : url.slice(0, end)).slice(0, 1_024)
}
