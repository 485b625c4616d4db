import { BASE_PATH } from './base-path.ts'
import type { Route } from './route.ts'
import { deleteFailed, listFailed, retryFailed } from './routes/failed.ts'
import { clearFailed, retryAllFailed } from './routes/failed-bulk.ts'
import { deleteJob, listJobs } from './routes/jobs.ts'
import { statusRoute } from './routes/status.ts'

/** Every route of the contract, in the order the reference has them. */
export const ROUTES: readonly Route[] = [
  statusRoute,
  listJobs,
  listFailed,
  retryFailed,
  retryAllFailed,
  deleteJob,
  deleteFailed,
  clearFailed,
]

/** The methods that the path of this address knows; none if there is no such path. */
export function methodsFor(url: string, prefix: string): string[] {
  const base = `${prefix}${BASE_PATH}`
  const path = url.split(/[?#]/, 1)[0]!.replace(/\/$/, '')
  if (!path.startsWith(`${base}/`)) return []
  const found = ROUTES.filter((route) => patternOf(route).test(path.slice(base.length)))
  return [...new Set(found.map(({ method }) => method))]
}

const patterns = new Map<Route, RegExp>()

function patternOf(route: Route): RegExp {
  let pattern = patterns.get(route)
  if (pattern === undefined) {
    pattern = new RegExp(`^${route.path.replace(/\{\w+\}/g, '[^/]+')}$`)
    patterns.set(route, pattern)
  }
  return pattern
}
