import { type Duration, milliseconds } from '../core/duration.ts'
import { FaenaError } from '../core/errors.ts'
import { priorityNumber, queueName } from '../core/job.ts'
import { tryReadPayload } from '../core/payload.ts'
import type { Chunk, FailedFilter, JobFilter, JobPatch, JobRef, Retention, Store } from '../store.ts'
import { type BulkDone, type BulkOptions, inChunks } from './bulk.ts'
import { dueTime, type When } from './due.ts'
import { checkFailedFilter, refuseEmpty } from './filters.ts'
import { actOnChunk, type FailedAction, labelKeyOf } from './narrowed.ts'
import { jobRefs } from './refs.ts'

/** What became of a bulk action; `missing` lists the refs it was given that are not there. */
export interface RepairDone extends BulkDone {
  missing: JobRef[]
}

export interface JobChange extends When {
  priority?: number
  queue?: string
}

export interface PruneOptions {
  /** Failed jobs older than this are deleted; left out, none. */
  failed?: Duration
  /** How long the history of attempts is kept; default 24 h. Results with `keepResult` stay as long as that says. */
  runs?: Duration
  /** How long metrics are kept; default 14 days. */
  metrics?: Duration
}

/**
 * What brings jobs back, takes them away and alters them. Each acts on what is there when it begins, in chunks, and not on
 * what comes meanwhile: a job that fails again is not retried twice.
 */
export interface Repairs {
  /** Failed jobs back to their queues with attempts 0. A job whose unique key another one holds is skipped. */
  retry(filter: FailedFilter | 'all', options?: BulkOptions): Promise<RepairDone>
  /** Deletes failed jobs for good. */
  forget(refs: readonly JobRef[], options?: BulkOptions): Promise<RepairDone>
  /** Deletes the failed jobs that match for good. */
  removeFailed(filter: FailedFilter | 'all', options?: BulkOptions): Promise<RepairDone>
  /** Deletes all failed jobs, or those of a queue, or those that failed at least `hours` ago. */
  flush(which?: { hours?: number; queue?: string }, options?: BulkOptions): Promise<RepairDone>
  /** Removes the pending, delayed and reserved jobs of one queue. Failed ones stay. */
  clear(queue: string, options?: BulkOptions): Promise<RepairDone>
  /** Removes jobs, also running ones: their workers are told within 2 s and their outcome counts for nothing. */
  cancel(refs: readonly JobRef[], options?: BulkOptions): Promise<RepairDone>
  /** Makes waiting jobs due at once. Running ones are skipped. */
  runNow(refs: readonly JobRef[], options?: BulkOptions): Promise<RepairDone>
  /** Alters waiting jobs. Running ones are skipped. */
  change(refs: readonly JobRef[], change: JobChange, options?: BulkOptions): Promise<RepairDone>
  /** Deletes what is past its time: history, metrics, rows of workers long gone, freed keys; failed jobs only if asked. */
  prune(options?: PruneOptions): Promise<{ failed: number; records: number }>
}

const HOUR_MS = 3_600_000
const AT_ONCE = 500

export function repairs(store: Store): Repairs {
  const failedBulk = async (which: FailedFilter, action: FailedAction, options: BulkOptions = {}) => {
    const filter = checkFailedFilter(which)
    const { failed: upTo } = await store.bounds()
    const total = await store.countFailed(filter)
    const missing = filter.refs === undefined ? [] : await missingFailed(store, filter.refs)
    const narrowing = { filter, key: labelKeyOf(filter) }
    const step = (chunk: Chunk) => actOnChunk(store, action, narrowing, chunk)
    return { ...(await inChunks(step, { ...options, upTo, total })), missing }
  }
  const jobsBulk = async (given: readonly JobRef[], patch: JobPatch | 'remove', options: BulkOptions = {}) => {
    const filter: JobFilter = { refs: jobRefs(given) }
    const { job: upTo } = await store.bounds()
    const missing = await missingJobs(store, filter.refs!)
    const bulk = { ...options, upTo, total: given.length - missing.length }
    const done = await inChunks(
      (chunk) => (patch === 'remove' ? store.remove(filter, chunk) : store.change(filter, patch, chunk)),
      bulk,
    )
    return { ...done, missing }
  }
  return {
    async retry(filter, options) {
      if (filter !== 'all') refuseEmpty(checkFailedFilter(filter), "'all'")
      return failedBulk(filter === 'all' ? {} : filter, 'retry', options)
    },
    async removeFailed(filter, options) {
      if (filter !== 'all') refuseEmpty(checkFailedFilter(filter), "'all'")
      return failedBulk(filter === 'all' ? {} : filter, 'forget', options)
    },
    forget: async (refs, options) => failedBulk({ refs }, 'forget', options),
    async flush({ hours, queue } = {}, options) {
      const failedBefore = hours === undefined ? undefined : (await hoursAgo(store, hours)) + 1
      return failedBulk({ failedBefore, queue }, 'forget', options)
    },
    async clear(queue, options) {
      const filter = { queue: queueName(queue) }
      const { job: upTo } = await store.bounds()
      const counts = (await store.counts()).find((one) => one.queue === queue)
      const total = counts === undefined ? 0 : counts.due + counts.delayed + counts.reserved
      return { ...(await inChunks((chunk) => store.remove(filter, chunk), { ...options, upTo, total })), missing: [] }
    },
    cancel: async (refs, options) => jobsBulk(refs, 'remove', options),
    runNow: async (refs, options) => jobsBulk(refs, { delayMs: 0 }, options),
    change: async (refs, change, options) => jobsBulk(refs, patchOf(change), options),
    prune: (options) => prune(store, options),
  }
}

function patchOf(change: JobChange): JobPatch {
  const { priority, queue } = change
  const patch: JobPatch = {
    ...dueTime(change, Date.now()),
    ...(priority !== undefined && { priority: priorityNumber(priority) }),
    ...(queue !== undefined && { queue: queueName(queue) }),
  }
  if (Object.keys(patch).length > 0) return patch
  throw new FaenaError('BAD_ARGUMENT', 'Nothing to change; allowed: delay or availableAt, priority, queue')
}

async function prune(store: Store, options: PruneOptions = {}): Promise<{ failed: number; records: number }> {
  const keep: Retention = {
    runsMs: milliseconds(options.runs ?? '24h', 'runs'),
    metricsMs: milliseconds(options.metrics ?? '14d', 'metrics'),
  }
  let failed = 0
  if (options.failed !== undefined) {
    const failedBefore = (await store.ping()).now - milliseconds(options.failed, 'failed')
    const { failed: upTo } = await store.bounds()
    failed = (await inChunks((chunk) => store.removeFailed({ failedBefore }, chunk), { upTo, total: null })).changed
  }
  let records = 0
  for (let more = AT_ONCE; more === AT_ONCE; records += more) more = await store.prune(keep, AT_ONCE)
  return { failed, records }
}

async function hoursAgo(store: Store, hours: number): Promise<number> {
  if (!(hours >= 0 && hours <= 87_600)) throw new FaenaError('BAD_ARGUMENT', `hours is ${hours}; allowed: 0 to 87600`)
  return (await store.ping()).now - hours * HOUR_MS
}

async function missingJobs(store: Store, refs: readonly JobRef[]): Promise<JobRef[]> {
  return missing(refs, async (some) => {
    const { rows } = await store.list({ refs: some }, { limit: AT_ONCE * 2 })
    return rows.flatMap(({ id, payload }) => [id, tryReadPayload(payload)?.uuid ?? id])
  })
}

async function missingFailed(store: Store, refs: readonly JobRef[]): Promise<JobRef[]> {
  return missing(refs, async (some) => {
    const { rows } = await store.listFailed({ refs: some }, { limit: AT_ONCE * 2 })
    return rows.flatMap(({ id, uuid }) => [id, uuid])
  })
}

async function missing(refs: readonly JobRef[], found: (some: JobRef[]) => Promise<JobRef[]>): Promise<JobRef[]> {
  const absent: JobRef[] = []
  for (let at = 0; at < refs.length; at += AT_ONCE) {
    const some = refs.slice(at, at + AT_ONCE)
    const known = new Set(await found(some))
    absent.push(...some.filter((ref) => !known.has(ref)))
  }
  return absent
}
