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
import { networkOf } from './network.ts'

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

/** Wrong tokens from one network in a minute, after which further wrong ones are told to wait. */
const MOST_WRONG = 60

export function guardFrom(
  options: AuthOptions,
  sessions: Sessions,
  accounts: Pick<Admin['accounts'], 'isRevoked'>,
): Guard {
  const { issuer, audience, roleClaim = 'role', defaultRole = 'viewer' } = options
  const rules = { keys: keysFrom(options), issuer, audience, roleClaim, now: Date.now }
  const wrong = new Counter()
  const counted = (refusal: ApiError, { ip }: FastifyRequest): ApiError => {
    const { count, resetMs } = wrong.add(networkOf(ip))
    if (count <= MOST_WRONG) return refusal
    const seconds = Math.max(1, Math.ceil(resetMs / 1_000))
    return new ApiError('RATE_LIMITED', 'Too many wrong tokens from this address', {
      headers: { 'retry-after': String(seconds) },
    })
  }
  /** Undefined where no token came. */
  const ofToken = async (request: FastifyRequest): Promise<Caller | undefined> => {
    const bearer = bearerOf(request)
    if (bearer === undefined) return undefined
    const token = await readToken(bearer, rules)
    if (token.id !== null && (await accounts.isRevoked(token.id)))
      throw new ApiError('TOKEN_REVOKED', 'The token was revoked')
    return callerOf(token, roleClaim, defaultRole)
  }
  return {
    async admit(request, smallest) {
      // Whoever is right passes, whatever others of his address did: behind a proxy or one router it is the address of many.
      const bearer = await ofToken(request).catch((error) => {
        throw error instanceof ApiError && error.status === 401 ? counted(error, request) : error
      })
      // Sessions are not counted: one that has ended is told to log in, and none is found by guessing.
      const caller = bearer ?? (await sessions.caller(request))
      if (caller === undefined) throw nothingGiven()
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
