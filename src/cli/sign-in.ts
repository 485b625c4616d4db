import type { Role } from '../core/config.ts'
import { signInCode } from '../http/auth/sign-in.ts'

/**
 * A link that logs in once. The code stands behind the #: browsers keep that part to themselves, so no log of a server or
 * proxy ever has it.
 */
export function signInLink(dashboard: string, secret: string, who: { subject: string; role: Role }): string {
  return `${dashboard}/#code=${signInCode(secret, who, Date.now())}`
}
