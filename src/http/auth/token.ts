import { errors, type JWTHeaderParameters, type JWTPayload, jwtVerify } from 'jose'
import { ApiError } from '../errors.ts'
import type { Keys } from './keys.ts'

/** What a valid token says. Times in unix seconds, as tokens have them. */
export interface Token {
  subject: string
  /** The value under the configured key, whatever it is. */
  role: unknown
  id: string | null
  issuedAt: number | null
  expiresAt: number
}

export interface TokenRules {
  keys: Keys
  issuer?: string
  audience?: string
  /** Under which key a token names its role. */
  roleClaim: string
  /** Unix ms. */
  now: () => number
}

const LONGEST_TOKEN = 8_192
/** Clocks of two machines differ a little: a token made a moment ago elsewhere is not from the future. */
const TOLERATED_S = 5

/** Throws UNAUTHENTICATED or TOKEN_EXPIRED; why a signature does not fit is not told. */
export async function readToken(token: string, rules: TokenRules): Promise<Token> {
  if (token.length > LONGEST_TOKEN) throw refused('The token is longer than 8 KB')
  const { keys, issuer, audience, now, roleClaim } = rules
  const options = {
    algorithms: [...keys.algorithms],
    currentDate: new Date(now()),
    clockTolerance: TOLERATED_S,
    ...(issuer !== undefined && { issuer }),
    ...(audience !== undefined && { audience }),
  }
  let payload: JWTPayload
  let header: JWTHeaderParameters
  try {
    const verified =
      typeof keys.key === 'function'
        ? await jwtVerify(token, keys.key, options)
        : await jwtVerify(token, keys.key, options)
    payload = verified.payload
    header = verified.protectedHeader
  } catch (error) {
    throw ofJose(error, keys.named)
  }
  if (!keys.named && header.kid !== undefined && header.kid !== keys.keyId)
    throw refused('The token names a key that is not known here')
  if (typeof payload.exp !== 'number') throw refused('The token has no exp: it would never end')
  if (payload.exp * 1_000 <= now()) throw expired()
  return {
    subject: subjectOf(payload),
    role: Object.hasOwn(payload, roleClaim) ? payload[roleClaim] : undefined,
    id: typeof payload.jti === 'string' ? payload.jti : null,
    issuedAt: typeof payload.iat === 'number' ? payload.iat : null,
    expiresAt: payload.exp,
  }
}

/** PHP libraries also write numbers. Control characters would reach the log and the audit. */
function subjectOf({ sub }: { sub?: unknown }): string {
  if (sub === undefined || sub === null) return '(no sub)'
  return String(sub)
    .replace(/\p{Cc}/gu, '?')
    .slice(0, 255)
}

function ofJose(error: unknown, fetched: boolean): ApiError {
  if (error instanceof errors.JWTExpired) return expired()
  if (error instanceof errors.JWTInvalid && /"exp"/.test(error.message))
    return refused('The exp of the token is not a number')
  if (error instanceof errors.JWTClaimValidationFailed) {
    const what =
      error.claim === 'nbf'
        ? 'The token is not valid yet'
        : `The ${error.claim} of the token is not what is expected here`
    return refused(what)
  }
  if (fetched && isUnreachable(error)) {
    return new ApiError('KEYS_UNAVAILABLE', 'The key set that tokens are checked with could not be fetched', {
      headers: { 'retry-after': '5' },
      cause: error,
    })
  }
  return refused('The token is not valid')
}

/** jose's word for a key set that answered something else than a key set, or not at all. */
function isUnreachable(error: unknown): boolean {
  if (!(error instanceof errors.JOSEError)) return true
  return ['ERR_JOSE_GENERIC', 'ERR_JWKS_INVALID', 'ERR_JWKS_TIMEOUT'].includes(error.code)
}

export function refused(text: string): ApiError {
  return new ApiError('UNAUTHENTICATED', text, {
    headers: { 'www-authenticate': `Bearer realm="faena", error="invalid_token", error_description="${text}"` },
  })
}

function expired(): ApiError {
  return new ApiError('TOKEN_EXPIRED', 'The token has expired', {
    headers: {
      'www-authenticate': 'Bearer realm="faena", error="invalid_token", error_description="The token has expired"',
    },
  })
}
