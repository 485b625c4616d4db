import { ROLES, type Role } from '../../core/config.ts'
import { ApiError } from '../errors.ts'
import { isRole, mayAct } from './roles.ts'
import type { Token } from './token.ts'

/** Who asks. */
export interface Caller {
  subject: string
  role: Role
  /** Where the role comes from: said when it is too small. */
  roleFrom: 'token' | 'default' | 'session'
  /** Unix ms at which this right ends. */
  until: number
  /** The token's `jti`, by which it can be revoked. */
  tokenId: string | null
}

/** Throws FORBIDDEN for a role that does not exist: whoever wrote it meant something that is not known here. */
export function callerOf(token: Token, roleClaim: string, defaultRole: Role): Caller {
  const { subject, expiresAt, id: tokenId } = token
  const until = expiresAt * 1_000
  if (token.role === undefined || token.role === null)
    return { subject, role: defaultRole, roleFrom: 'default', until, tokenId }
  const named = Array.isArray(token.role) ? token.role : [token.role]
  const role = ROLES.findLast((one) => named.includes(one))
  if (!isRole(role)) {
    throw new ApiError('FORBIDDEN', `The token's ${roleClaim} is no role of Faena; allowed: ${ROLES.join(', ')}`, {
      detail: 'FAENA_ROLE_CLAIM says under which key a token names its role.',
    })
  }
  return { subject, role, roleFrom: 'token', until, tokenId }
}

/** Throws FORBIDDEN if the caller's role is too small. */
export function checkRole(caller: Caller, smallest: Role): void {
  if (mayAct(caller.role, smallest)) return
  const detail =
    caller.roleFrom === 'default'
      ? `The token names no role, so FAENA_DEFAULT_ROLE decides: it is ${caller.role}.`
      : `The ${caller.roleFrom} has the role ${caller.role}.`
  throw new ApiError('FORBIDDEN', `This needs the role ${smallest}`, { detail })
}
