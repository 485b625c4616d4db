import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Role } from '../../core/config.ts'
import { isRole } from './roles.ts'

/** Whom a code logs in, and as what. */
export interface SignIn {
  subject: string
  role: Role
  /** By which it is known to be used. */
  id: string
  /** Unix ms. */
  expiresAt: number
}

export const SIGN_IN_FOR_MS = 15 * 60_000

/**
 * A code that begins one session of the dashboard. Whoever holds the secret that tokens are signed with makes it, without
 * asking the server. It is no token: its key is another one, and it has two parts, so no route takes it for a bearer token.
 */
export function signInCode(secret: string, { subject, role }: Pick<SignIn, 'subject' | 'role'>, now: number): string {
  const content = { subject, role, id: randomBytes(18).toString('base64url'), expiresAt: now + SIGN_IN_FOR_MS }
  const text = Buffer.from(JSON.stringify(content)).toString('base64url')
  return `${text}.${markOf(secret, text).toString('base64url')}`
}

/** What a code says; undefined for one that was not made with this secret, or has ended. Whether it was used, the store knows. */
export function readSignInCode(secret: string, code: string, now: number): SignIn | undefined {
  const [, text, mark] = /^([\w-]{1,1000})\.([\w-]{43})$/.exec(code) ?? []
  if (text === undefined || mark === undefined) return undefined
  if (!timingSafeEqual(markOf(secret, text), Buffer.from(mark, 'base64url'))) return undefined
  const { subject, role, id, expiresAt } = JSON.parse(Buffer.from(text, 'base64url').toString()) as SignIn
  return isRole(role) && expiresAt > now ? { subject, role, id, expiresAt } : undefined
}

function markOf(secret: string, text: string): Buffer {
  const key = createHmac('sha256', secret).update('faena: codes that begin a session of the dashboard').digest()
  return createHmac('sha256', key).update(text).digest()
}
