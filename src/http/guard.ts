import type { FastifyRequest } from 'fastify'
import type { Admin } from '../client/admin.ts'
import type { Role } from '../core/config.ts'
import { bearerOf, nothingGiven } from './auth/bearer.ts'
import { type Caller, callerOf, checkRole } from './auth/caller.ts'
import { type KeyOptions, keysFrom } from './auth/keys.ts'
import type { Sessions } from './auth/sessions.ts'
import { readToken } from './auth/token.ts'
import { ApiError } from './errors.ts'
import { Counter } from './limits.ts'

export interface AuthOptions extends KeyOptions {
  /** Must be what tokens carry as `iss`; left out, it is not looked at. */
  issuer?: string
  /** Must be among what tokens carry as `aud`; left out, it is not looked at. */
  audience?: string
  /** Under which key a token names its role; default `role`. */
  roleClaim?: string
  /** Role of tokens that name none; default viewer. */
  defaultRole?: Role
}

/** Answers who asks, or throws what the caller is told. */
export interface Guard {
  /** `smallest` is the role the route needs. */
  admit(request: FastifyRequest, smallest: Role): Promise<Caller>
}

/** Wrong tokens from one address in a minute, after which it waits. */
const MOST_WRONG = 60

export function guardFrom(
  options: AuthOptions,
  sessions: Sessions,
  accounts: Pick<Admin['accounts'], 'isRevoked'>,
): Guard {
  const { issuer, audience, roleClaim = 'role', defaultRole = 'viewer' } = options
  const rules = { keys: keysFrom(options), issuer, audience, roleClaim, now: Date.now }
  const wrong = new Counter()
  const identify = async (request: FastifyRequest): Promise<Caller> => {
    const bearer = bearerOf(request)
    if (bearer === undefined) {
      const caller = await sessions.caller(request)
      if (caller === undefined) throw nothingGiven()
      return caller
    }
    const token = await readToken(bearer, rules)
    if (token.id !== null && (await accounts.isRevoked(token.id)))
      throw new ApiError('TOKEN_REVOKED', 'The token was revoked')
    return callerOf(token, roleClaim, defaultRole)
  }
  return {
    async admit(request, smallest) {
      if (wrong.count(request.ip) >= MOST_WRONG) {
        throw new ApiError('RATE_LIMITED', 'Too many requests without a valid token', {
          headers: { 'retry-after': '60' },
        })
      }
      let caller: Caller
      try {
        caller = await identify(request)
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) wrong.add(request.ip)
        throw error
      }
      request.faenaCaller = caller
      checkRole(caller, smallest)
      return caller
    },
  }
}

declare module 'fastify' {
  interface FastifyRequest {
    faenaCaller: Caller | null
  }
}
