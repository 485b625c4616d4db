import type { FastifyRequest } from 'fastify'
import { ApiError } from '../errors.ts'
import { refused } from './token.ts'

/** The token of the Authorization header; undefined where there is no such header. Two headers are one too many. */
export function bearerOf(request: FastifyRequest): string | undefined {
  const { rawHeaders } = request.raw
  let count = 0
  for (let at = 0; at < rawHeaders.length; at += 2) if (rawHeaders[at]?.toLowerCase() === 'authorization') count += 1
  const { authorization } = request.headers
  if (authorization === undefined) return undefined
  if (count > 1) throw refused('There are several Authorization headers')
  const [, token] = /^bearer +([\w-]+\.[\w-]+\.[\w-]*)$/i.exec(authorization) ?? []
  if (token === undefined) throw refused('The Authorization header is not Bearer and a signed token')
  return token
}

export function nothingGiven(): ApiError {
  return new ApiError('UNAUTHENTICATED', 'A token is needed: Authorization: Bearer token', {
    headers: { 'www-authenticate': 'Bearer realm="faena"' },
  })
}
