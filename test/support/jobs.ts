import { randomUUID } from 'node:crypto'
import { failureOf } from '../../src/core/failure.ts'
import type { Failure, NewJob, ReservedJob, UniqueKey } from '../../src/store.ts'

export const FETCH = 'cases.fetch'
export const SYNC = 'orders.sync'

export interface JobWish extends Partial<Omit<NewJob, 'unique'>> {
  input?: unknown
  unique?: Partial<UniqueKey> & { key: string }
  tags?: readonly string[]
  /** Written into the payload, in unix seconds. */
  retryUntil?: number
}

/** A job as the client pushes it: a payload that begins with its uuid, and columns that repeat what it says. */
export function newJob(wish: JobWish = {}): NewJob {
  const { input = { caseId: 1 }, unique: wished, tags, retryUntil = null, ...columns } = wish
  const uuid = columns.uuid ?? randomUUID()
  const name = columns.name === undefined ? FETCH : columns.name
  const maxAttempts = columns.maxAttempts === undefined ? 3 : columns.maxAttempts
  const priority = columns.priority ?? 0
  const unique: UniqueKey | undefined = wished && { until: 'ended', onTaken: 'skip', ...wished }
  const faena = {
    v: 1,
    ...(priority === 0 ? {} : { priority }),
    ...(tags && { tags }),
    ...(unique && { unique: { key: unique.key, until: unique.until } }),
  }
  const payload = JSON.stringify({
    uuid,
    displayName: name ?? 'App\\Jobs\\SyncOrder',
    job: name === null ? 'Illuminate\\Queue\\CallQueuedHandler@call' : `faena@${name}`,
    maxTries: maxAttempts,
    retryUntil,
    data: input,
    createdAt: 1_767_614_400,
    faena,
  })
  return { uuid, queue: 'default', name, payload, maxAttempts, priority, ...columns, ...(unique && { unique }) }
}

export function newJobs(count: number, wish: (at: number) => JobWish = () => ({})): NewJob[] {
  return Array.from({ length: count }, (_, at) => newJob(wish(at)))
}

export function uuidOf(row: { payload: string }): string {
  return (JSON.parse(row.payload) as { uuid: string }).uuid
}

export function inputOf(row: { payload: string }): unknown {
  return (JSON.parse(row.payload) as { data: unknown }).data
}

export function failure(job: Pick<ReservedJob, 'payload' | 'name'>, text = 'MySQL server has gone away'): Failure {
  const error = new Error(text)
  error.stack = ''
  return failureOf(job, error)
}
