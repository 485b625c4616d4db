import { ApiRefusal, apiClient, dataOf, type Failure, type paths } from '../../../src/api/index.ts'
import { readExact } from '../json/exact.ts'
import { facts } from '../mount.ts'

/** The management API of the server that this page came from; the session's cookie goes along by itself. */
export const api = apiClient({
  baseUrl: `${location.origin}${facts.base}`,
  credentials: 'same-origin',
  fetch: async (request) => {
    const answer = await fetch(new Request(request, { signal: AbortSignal.any([request.signal, timeout()]) }))
    answer.json = async () => readExact(await answer.text())
    return answer
  },
})

const TIMEOUT_MS = 20_000

function timeout(): AbortSignal {
  return AbortSignal.timeout(TIMEOUT_MS)
}

/** What went wrong, whoever said so: the API, or the network on the way to it. */
export interface Problem {
  /** Of the API, or NETWORK (no answer), TIMEOUT, UNEXPECTED (an answer that is none of the API's). */
  code: Failure['code'] | 'NETWORK' | 'TIMEOUT' | 'UNEXPECTED'
  status: number
  /** English, from the API; shown beside the translated code where it says more. */
  message: string
  detail?: string
  requestId?: string
  errors?: Failure['errors']
}

export function problemOf(error: unknown): Problem {
  if (error instanceof ApiRefusal) {
    const { code, status, message, detail, requestId, errors } = error.failure
    return { code, status, message, detail, requestId, errors }
  }
  const name = error instanceof Error ? error.name : ''
  const message = error instanceof Error ? error.message : String(error)
  if (name === 'TimeoutError') return { code: 'TIMEOUT', status: 0, message }
  return { code: error instanceof TypeError ? 'NETWORK' : 'UNEXPECTED', status: 0, message }
}

/** Whether asking again soon may help. */
export function isPassing({ code }: Problem): boolean {
  return code === 'NETWORK' || code === 'TIMEOUT' || code === 'STORE_UNAVAILABLE' || code === 'RATE_LIMITED'
}

/** `data` of an answer; throws what `problemOf` reads. */
export async function ask<Data>(
  answer: Promise<{ data?: { data: Data }; error?: unknown; response: Response }>,
): Promise<Data> {
  return dataOf(await answer)
}

/** What a GET of this path answers. */
type Answer<Path extends keyof paths, Method extends 'get' | 'post'> = paths[Path] extends {
  [key in Method]: { responses: { 200: { content: { 'application/json': { data: infer Data } } } } }
}
  ? Data
  : never

type Get<Path extends string> = `/api/v1/queue${Path}` extends keyof paths
  ? Answer<`/api/v1/queue${Path}`, 'get'>
  : never

export type Status = Get<'/status'>
export type JobRow = Get<'/jobs'>['jobs'][number]
export type FailedRow = Get<'/failed'>['failed_jobs'][number]
export type JobDetail = Get<'/jobs/{id}'>
export type FailedDetail = Get<'/failed/{id}'>
export type RunRow = JobDetail['runs'][number]
export type FailedGroup = Get<'/failed/groups'>['groups'][number]
export type QueueRow = Get<'/queues'>['queues'][number]
export type WorkerRow = Get<'/workers'>['workers'][number]
export type ScheduleRow = Get<'/schedules'>['schedules'][number]
export type Metrics = Get<'/metrics'>
export type MetricPoint = Metrics['points'][number]
export type AuditEntry = Get<'/audit'>['entries'][number]
export type Operation = Get<'/operations'>['operations'][number]
export type Alert = Get<'/alerts'>['alerts'][number]
export type Me = Get<'/me'>
export type Role = Me['role']
