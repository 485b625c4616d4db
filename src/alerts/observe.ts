import { createHash } from 'node:crypto'
import type { AlertSource } from '../client/alerts.ts'
import type { AlertSettings } from '../core/alert-settings.ts'
import type { Masker } from '../core/mask.ts'
import type { AlertDetail, AlertRule } from '../core/notice.ts'
import { ALERT_QUEUE, alertJob } from './job.ts'
import { firstState, type WatchState } from './state.ts'

/** Something that is wrong now. */
export interface Observation {
  key: string
  rule: AlertRule
  subject: string
  detail: AlertDetail
  /** Failures that were not counted before; of other rules, 0. */
  fresh: number
}

export interface Look {
  state: WatchState
  observations: Observation[]
  kept: Kept
}

/** What need not be read with each look, as it was at its time. */
export interface Kept {
  waits: Waits
  slow: Slow
}

interface Waits {
  at: number
  observations: Observation[]
  unserved: WatchState['unserved']
}

interface Slow {
  at: number
  observations: Observation[]
  runs: WatchState['runs']
}

export interface Observing {
  source: AlertSource
  settings: AlertSettings
  masker: Masker
}

/** A failed job may be seen so much later than one of a larger id, where it was written by a transaction that took its time. */
const LATECOMERS_MS = 60_000
/** Kinds of failures that one look tells apart. */
const MOST_KINDS = 1_000
const LONGEST_HEADLINE = 300
/** Attempts are counted by the minute, and schedules run by it. */
const SLOW_MS = 60_000
/** How old it may be what is known of waits, whose limits are minutes: half of the shortest limit, and at most so much. */
const WAITS_MS = 30_000

/** Looks at everything that is watched for; what was `kept` need not be read again. Writes nothing but labels of failed jobs. */
export async function look(
  observing: Observing,
  { now, lastFailed }: { now: number; lastFailed: number },
  before: WatchState | undefined,
  kept?: Kept,
): Promise<Look> {
  const { source, settings } = observing
  const state = before ?? firstState(lastFailed, now)
  const still = <Part extends { at: number }>(part: Part | undefined, ms: number) =>
    part !== undefined && now >= part.at && now < part.at + ms ? part : undefined
  const [failures, waits, slow] = await Promise.all([
    settings.failed === null ? undefined : failedJobs(observing, state, lastFailed, now),
    still(kept?.waits, Math.min(WAITS_MS, shortestLimit(settings) / 2)) ?? waiting(source, settings, state, now),
    still(kept?.slow, SLOW_MS) ?? slowly(source, settings, state, now),
  ])
  return {
    observations: [...(failures?.observations ?? []), ...waits.observations, ...slow.observations],
    state: { ...state, ...failures?.state, unserved: waits.unserved, runs: slow.runs },
    kept: { waits, slow },
  }
}

async function slowly(source: AlertSource, settings: AlertSettings, state: WatchState, now: number): Promise<Slow> {
  const [rates, { observations, runs }] = await Promise.all([
    failureRates(source, settings, now),
    missedRuns(source, settings, state, now),
  ])
  return { at: now, observations: [...rates, ...observations], runs }
}

/**
 * Counts failed jobs above a bound that lags behind by a minute, less what was counted there before: so those that come to
 * be seen late are counted too, and each once. Where failed jobs were retried or deleted meanwhile, and failed again, a new
 * one shows by its id.
 */
async function failedJobs({ source, settings, masker }: Observing, state: WatchState, last: number, now: number) {
  const from = withinIds(state, last)
  // As it was at the last look: nothing to read, and nothing to write.
  if (last === from.above && from.mark === from.above) return { observations: [], state: from }
  await source.catchUp()
  const kinds = await source.failures(from.above, from.mark, MOST_KINDS)
  const isOld = now - from.markedAt >= LATECOMERS_MS
  const counted: WatchState['counted'] = {}
  const observations: Observation[] = []
  for (const { fingerprint, name, queue, headline, count, later, lastId } of kinds) {
    const [known, knownId] = from.counted[fingerprint] ?? [0, 0]
    const fresh = Math.max(count - known, lastId > knownId ? 1 : 0)
    const kept = isOld ? later : count
    if (kept > 0) counted[fingerprint] = [kept, lastId]
    const subject = name ?? 'corrupt'
    if (fresh === 0 || subject === alertJob.name || settings.failed?.jobs.get(subject) === null) continue
    const detail = { headline: masker.text(headline).slice(0, LONGEST_HEADLINE), queue, failedId: lastId }
    observations.push({ key: `failed:${fingerprint}`, rule: 'failed', subject, detail, fresh })
  }
  const bounds = isOld
    ? { above: from.mark, mark: last, markedAt: now }
    : { above: from.above, mark: from.mark, markedAt: from.markedAt }
  return { observations, state: { ...bounds, counted } }
}

/**
 * Where the newest failed jobs were brought back or deleted, or the table was emptied and its ids begin anew, bounds come
 * down with them: of what lies below, nothing is new, and whatever fails next lies above.
 */
function withinIds(state: WatchState, last: number): WatchState {
  if (last >= state.mark) return state
  const above = Math.min(state.above, last)
  return { ...state, above, mark: last, counted: above === last ? {} : state.counted }
}

/** Queues whose jobs wait for too long, and those of them, or of the configured ones, that no worker takes. */
async function waiting(source: AlertSource, settings: AlertSettings, state: WatchState, now: number): Promise<Waits> {
  const { waiting: wait, workers: serve } = settings
  const observations: Observation[] = []
  const unserved: WatchState['unserved'] = {}
  const least = shortestLimit(settings)
  if (least === Number.POSITIVE_INFINITY) return { at: now, observations, unserved }
  // One index look-up says whether anything waits for that long; only then is it worth to look which.
  const oldest = await source.oldestDue()
  const overdue =
    oldest === undefined || oldest.ageMs <= least
      ? []
      : (await source.overdue(least)).filter(({ queue }) => queue !== ALERT_QUEUE)
  for (const { queue, count, ageMs } of overdue) {
    const limitMs = wait === null ? null : wait.queues.has(queue) ? wait.queues.get(queue)! : wait.limitMs
    if (limitMs === null || ageMs <= limitMs) continue
    const detail = { jobs: count, ageMs: Math.round(ageMs), limitMs }
    observations.push({ key: keyOf('waiting', queue), rule: 'waiting', subject: queue, detail, fresh: 0 })
  }
  if (serve === null || (overdue.length === 0 && serve.queues.length === 0)) return { at: now, observations, unserved }
  const served = new Set(
    (await source.workers()).filter(({ state }) => state === 'running').flatMap(({ queues }) => queues),
  )
  const alone = (queue: string, detail: AlertDetail) =>
    observations.push({ key: keyOf('workers', queue), rule: 'workers', subject: queue, detail, fresh: 0 })
  const late = overdue.filter(({ queue, ageMs }) => ageMs > serve.afterMs && !served.has(queue))
  for (const { queue, count, ageMs } of late) {
    alone(queue, { jobs: count, ageMs: Math.round(ageMs), limitMs: serve.afterMs })
  }
  for (const queue of serve.queues.filter((name) => !served.has(name))) {
    const since = state.unserved[queue] ?? now
    unserved[queue] = since
    const told = late.some((one) => one.queue === queue)
    if (!told && now - since > serve.afterMs) alone(queue, { jobs: 0, ageMs: now - since, limitMs: serve.afterMs })
  }
  return { at: now, observations, unserved }
}

/** Of what may wait; without a bound where nothing is watched for that waits. */
function shortestLimit({ waiting: wait, workers: serve }: AlertSettings): number {
  const limits = [wait?.limitMs, ...(wait?.queues.values() ?? []), serve?.afterMs]
  return Math.min(Number.POSITIVE_INFINITY, ...limits.filter((ms) => typeof ms === 'number'))
}

async function failureRates(source: AlertSource, { rate }: AlertSettings, now: number): Promise<Observation[]> {
  if (rate === null) return []
  const queues = new Map<string, { failures: number; attempts: number }>()
  for (const row of await source.metrics({ from: now - rate.overMs, to: now + 60_000 })) {
    if (row.name === alertJob.name) continue
    const sum = queues.get(row.queue) ?? { failures: 0, attempts: 0 }
    sum.failures += row.failed + row.retried
    sum.attempts += row.completed + row.failed + row.retried
    queues.set(row.queue, sum)
  }
  return [...queues].flatMap(([queue, { failures, attempts }]) => {
    const above = rate.queues.has(queue) ? rate.queues.get(queue)! : rate.above
    const share = failures / attempts
    if (above === null || attempts < rate.attempts || share <= above) return []
    const detail = { failures, attempts, share: Math.round(share * 1_000) / 1_000, overMs: rate.overMs }
    return [{ key: keyOf('rate', queue), rule: 'rate' as const, subject: queue, detail, fresh: 0 }]
  })
}

/** Runs that are due and that nobody fires, and those that were passed over since the last look. */
async function missedRuns(source: AlertSource, { schedules: rule }: AlertSettings, state: WatchState, now: number) {
  const runs: WatchState['runs'] = {}
  const observations: Observation[] = []
  if (rule === null) return { observations, runs }
  for (const { key, nextAt, lastAt, pausedAt } of await source.schedules()) {
    if (nextAt === null || pausedAt !== null) continue
    runs[key] = nextAt
    const expected = state.runs[key]
    const passedOver =
      expected !== undefined && expected !== nextAt && expected < now - rule.lateMs && (lastAt ?? 0) < expected
    if (!passedOver && nextAt >= now - rule.lateMs) continue
    const dueAt = new Date(passedOver ? expected : nextAt).toISOString()
    const detail = { dueAt, limitMs: rule.lateMs, ...(passedOver && { passedOver }) }
    observations.push({ key: keyOf('schedule', key), rule: 'schedule', subject: key, detail, fresh: 0 })
  }
  return { observations, runs }
}

/** Readable where the subject is short and plain, and always at most 64 characters. */
function keyOf(rule: AlertRule, subject: string): string {
  const plain = `${rule}:${subject}`
  if (plain.length <= 64 && /^[\w.:/-]+$/.test(plain)) return plain
  return `${rule}:${createHash('sha256').update(subject).digest('hex').slice(0, 32)}`
}
