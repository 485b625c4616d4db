import { useQuery } from '@tanstack/react-query'
import type { Me, Role } from '../api/client.ts'
import { meQuery } from '../api/queries.ts'

const ROLES: readonly Role[] = ['viewer', 'operator', 'admin']

export function mayAct(role: Role, smallest: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(smallest)
}

/** Who is logged in; only for what stands inside the shell. */
export function useMe(): Me {
  const { data } = useQuery({ ...meQuery, refetchOnMount: false })
  return data ?? { subject: '', role: 'viewer', via: 'session', until: '', fields: [] }
}

/** Whether this person may do what needs this role: what he may not is not offered. The server decides all the same. */
export function useMay(smallest: Role): boolean {
  return mayAct(useMe().role, smallest)
}
