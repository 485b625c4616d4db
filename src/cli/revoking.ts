import { decodeJwt, type JWTPayload } from 'jose'
import { FaenaError } from '../core/errors.ts'
import type { Session } from './session.ts'
import { safe } from './style.ts'
import { terminalUser } from './terminal-user.ts'

/** Kept for good: a jti alone does not say when its token ends by itself. 9999-12-31, the last day that is written anywhere. */
const FOR_GOOD = Date.UTC(9999, 11, 31)
const LONGEST = 8_192

/** Lets a token count no more, given itself or its `jti`. Its signature is not looked at: whoever may write to the store may. */
export async function revokeToken({ admin, output, clock }: Session, given: string): Promise<void> {
  const { jti, expiresAt } = meant(bare(given))
  await admin.accounts.revoke(jti, expiresAt)
  await admin.record({
    ...{ subject: terminalUser(), role: null, action: 'token.revoke', target: null },
    ...{ outcome: 'done', source: 'cli', requestId: null, detail: JSON.stringify({ jti }) },
  })
  const until = expiresAt === FOR_GOOD ? null : expiresAt
  output.document({ revoked: jti, expires_at: until === null ? null : new Date(until).toISOString() })
  const end = until === null ? '' : `; it would have ended at ${clock.text(until)}`
  output.info(`The token [${safe(jti)}] counts no more, within five seconds on every server${end}.`)
}

/** Without what is copied along: quotes, and the word before a token in a header. */
function bare(given: string): string {
  return given.replace(/^[\s"'`]+|[\s"'`]+$/g, '').replace(/^bearer\s+["'`]*/i, '')
}

/** Throws BAD_ARGUMENT, never with the token: it may be one that counts. */
function meant(given: string): { jti: string; expiresAt: number } {
  if (given === '') throw new FaenaError('BAD_ARGUMENT', '--revoke is empty; allowed: a token, or its jti')
  if (given.length > LONGEST)
    throw new FaenaError('BAD_ARGUMENT', '--revoke is longer than 8 KB, which no token may be')
  const payload = payloadOf(given)
  if (payload === undefined) return { jti: given, expiresAt: FOR_GOOD }
  const { jti, exp } = payload
  if (typeof jti !== 'string' || jti === '') {
    throw new FaenaError(
      'BAD_ARGUMENT',
      'The token of --revoke has no jti by which it could be revoked: it counts until it ends, or until FAENA_JWT_SECRET is another',
    )
  }
  // Nobody has checked it: it may be any number.
  const expiresAt = typeof exp === 'number' ? Math.max(0, Math.min(Math.ceil(exp * 1_000), FOR_GOOD)) : FOR_GOOD
  return { jti, expiresAt }
}

/** Undefined for what is a jti by the look of it. What begins as tokens do and is none was cut when it was copied. */
function payloadOf(given: string): JWTPayload | undefined {
  if (!given.startsWith('eyJ')) {
    if (!/eyJ[\w-]+\./.test(given)) return undefined
    throw new FaenaError('BAD_ARGUMENT', '--revoke has a token with more around it; give the token alone, or its jti')
  }
  try {
    return decodeJwt(given)
  } catch (cause) {
    throw new FaenaError('BAD_ARGUMENT', '--revoke is neither a whole token nor a jti; copy all of it', { cause })
  }
}
