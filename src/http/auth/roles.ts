import { ROLES, type Role } from '../../core/config.ts'

/** Each role may do what those before it may. */
export function mayAct(role: Role, smallest: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(smallest)
}

export function isRole(value: unknown): value is Role {
  return ROLES.includes(value as Role)
}
