import { BASE_PATH } from './base-path.ts'
import type { Route } from './route.ts'
import { getOpenapi, getReference, getSettings } from './routes/about.ts'
import { getMe, login, loginByLink, logout } from './routes/access.ts'
import { acknowledgeAlert, listAlerts, muteAlert, testChannel, unmuteAlert } from './routes/alerts.ts'
import { showFailed, showJob } from './routes/details.ts'
import { getEvents } from './routes/events.ts'
import { deleteFailed, listFailed, retryFailed } from './routes/failed.ts'
import { clearFailed, retryAllFailed } from './routes/failed-bulk.ts'
import { exportFailed, failedGroups, failedHistogram } from './routes/failed-insight.ts'
import { getMetrics, listAudit, listRuns } from './routes/history.ts'
import { changeJob, dispatchJob, runJobNow, whyJob } from './routes/job-actions.ts'
import { deleteJob, listJobs } from './routes/jobs.ts'
import { cancelOperation, listOperations, showOperation } from './routes/operations.ts'
import { clearQueue, listQueues, pauseQueue, resumeQueue } from './routes/queues.ts'
import { listSchedules, pauseSchedule, resumeSchedule, runSchedule } from './routes/schedules.ts'
import { statusRoute } from './routes/status.ts'
import { listWorkers, quietWorker, restartWorkers } from './routes/workers.ts'

/** Every route of the contract, in the order the reference has them. */
export const ROUTES: readonly Route[] = [
  ...[statusRoute, listJobs, listFailed, retryFailed, retryAllFailed, deleteJob, deleteFailed, clearFailed],
  ...[showJob, whyJob, dispatchJob, changeJob, runJobNow],
  ...[showFailed, failedGroups, failedHistogram, exportFailed],
  ...[listQueues, pauseQueue, resumeQueue, clearQueue],
  ...[listWorkers, restartWorkers, quietWorker],
  ...[listSchedules, pauseSchedule, resumeSchedule, runSchedule],
  ...[listRuns, getMetrics, getEvents, listAudit],
  ...[listOperations, showOperation, cancelOperation],
  ...[listAlerts, muteAlert, unmuteAlert, acknowledgeAlert, testChannel],
  ...[login, loginByLink, logout, getMe, getOpenapi, getReference, getSettings],
]

/** The methods that the path of this address knows; none if there is no such path. */
export function methodsFor(url: string, prefix: string): string[] {
  const base = `${prefix}${BASE_PATH}`
  const asked = url.split(/[?#]/, 1)[0]!
  const path = asked.replace(/\/$/, '')
  if (!path.startsWith(`${base}/`)) return []
  // The slash at the end is forgiven by the patient ones alone.
  const those = path === asked ? ROUTES : ROUTES.filter(({ patient }) => patient)
  const found = those.filter((route) => patternOf(route).test(path.slice(base.length)))
  return [...new Set(found.map(({ method }) => method))]
}

const patterns = new Map<Route, RegExp>()

function patternOf(route: Route): RegExp {
  let pattern = patterns.get(route)
  if (pattern === undefined) {
    pattern = new RegExp(`^${route.path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`)
    patterns.set(route, pattern)
  }
  return pattern
}
