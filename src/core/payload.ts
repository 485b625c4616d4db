import { laravelBackoff, readLaravelBackoff, readStoredBackoff, type StoredBackoff } from './backoff.ts'
import { FaenaError } from './errors.ts'
import type { AnyJob } from './job.ts'
import { withFirst, withValue } from './json-text.ts'
import type { TraceContext } from './telemetry.ts'

/** `"job"` of a payload that a Faena handler runs: this prefix, then the job's name. */
export const JOB_PREFIX = 'faena@'

/** What stands under our one key in the payload: all that must survive a release by Laravel, which keeps only the payload. */
export interface FaenaPart {
  /** Version of the input, for `upcast`. */
  v?: number
  /** Unix ms of the dispatch, by the producer's clock; only for wait metrics. */
  at?: number
  priority?: number
  tags?: readonly string[]
  unique?: { key: string; until: 'ended' | 'processing' | 'window' }
  /** Backoffs Laravel's string cannot say. */
  backoff?: StoredBackoff
  /** Where the timeout is no whole number of seconds. */
  timeoutMs?: number
  keepResultMs?: number
  /** What carries the dispatch's trace on, where there is one. */
  trace?: TraceContext
  /** The schedule that made the job, and the tick (unix ms) it was made for, which lies earlier where a run was missed. */
  schedule?: { key: string; at: number }
  [key: string]: unknown
}

/** A payload as read from a row: whoever wrote it, and whatever is missing in it. */
export interface ReadPayload {
  uuid: string | null
  /** What people call it: `displayName`, else the command's class, else `job`. */
  displayName: string
  /** As it stands there: `displayName`, else the command's class, else `job`. */
  jobClass: string
  job: string
  /** The name a Faena handler is found by, or `null` if another runtime runs this job. */
  name: string | null
  data: unknown
  maxTries: number | null
  maxExceptions: number | null
  failOnTimeout: boolean
  timeoutMs: number | null
  backoff: StoredBackoff | null
  /** Unix ms. */
  retryUntil: number | null
  faena: FaenaPart
}

export interface PayloadOptions {
  uuid: string
  now: number
  delayMs: number
  /** The input as JSON text. */
  data: string
  tags?: readonly string[]
  priority?: number
  unique?: FaenaPart['unique']
  tries?: number | null
  timeoutMs?: number | null
  trace?: TraceContext
}

/**
 * The payload of one job as JSON text, with Laravel's keys in Laravel's order (uuid first: stores find a job by where its
 * uuid stands). Keys that would be null or false are left out: Laravel's readers take that for the same, and a quarter of
 * an ordinary payload is saved on its way through every log. Put together from text, since the input was already turned into JSON to be checked, and since this runs
 * once per dispatch.
 */
export function writePayload(job: AnyJob, options: PayloadOptions): string {
  return framed(payloadFrame(job, options), options.uuid, options.data)
}

/** A payload but for its uuid and its input: the same for all jobs that are dispatched at once with the same options. */
export interface PayloadFrame {
  /** From the uuid's closing quote to the input. */
  head: string
  /** From the input to the end. */
  tail: string
}

export function payloadFrame(job: AnyJob, options: Omit<PayloadOptions, 'uuid' | 'data'>): PayloadFrame {
  const { now, delayMs, tries = job.tries, timeoutMs = job.timeoutMs } = options
  const isDefault = tries === job.tries && timeoutMs === job.timeoutMs
  let head = isDefault ? defaultHead(job) : headText(job, tries, timeoutMs)
  if (job.retryForMs !== null) head += `,"retryUntil":${Math.ceil((now + job.retryForMs) / 1_000)},"data":`
  const times = delayMs > 0 ? timesText(now, delayMs) : timesNow(now)
  return { head, tail: `${times}${faenaText(job, options, timeoutMs)}}}` }
}

export function framed({ head, tail }: PayloadFrame, uuid: string, data: string): string {
  return `{"uuid":"${uuid}${head}${data}${tail}`
}

const heads = new WeakMap<AnyJob, string>()

/** What follows the uuid, up to the input, is the same for every job of a definition that is dispatched as defined. */
function defaultHead(job: AnyJob): string {
  const known = heads.get(job)
  if (known !== undefined) return known
  const head = headText(job, job.tries, job.timeoutMs)
  heads.set(job, head)
  return head
}

/** Up to the input; where there is a `retryUntil`, that comes before it. */
function headText(job: AnyJob, tries: number | null, timeoutMs: number | null): string {
  const name = JSON.stringify(job.name)
  const backoff = laravelBackoff(job.backoff ?? undefined)
  let text = `","displayName":${name},"job":"${JOB_PREFIX}${name.slice(1)},"maxTries":${tries}`
  if (job.maxExceptions !== null) text += `,"maxExceptions":${job.maxExceptions}`
  if (job.failOnTimeout) text += ',"failOnTimeout":true'
  if (backoff !== null) text += `,"backoff":${JSON.stringify(backoff)}`
  if (timeoutMs !== null) text += `,"timeout":${Math.ceil(timeoutMs / 1_000)}`
  return job.retryForMs === null ? `${text},"data":` : text
}

/** The text of the last millisecond, which a list of thousands has in common. */
let times = { now: -1, text: '' }

function timesNow(now: number): string {
  if (times.now !== now) times = { now, text: timesText(now, 0) }
  return times.text
}

/** Ends inside our own key, a `FaenaPart`, whose first is the time of the dispatch. */
function timesText(now: number, delayMs: number): string {
  const delay = delayMs > 0 ? `,"delay":${Math.ceil(delayMs / 1_000)}` : ''
  return `,"createdAt":${Math.floor(now / 1_000)}${delay},"faena":{"at":${now}`
}

/** What follows in our own key. */
function faenaText(job: AnyJob, options: Omit<PayloadOptions, 'uuid' | 'data'>, timeoutMs: number | null): string {
  const { tags, unique, priority = job.priority } = options
  let text = ''
  if (job.version !== 1) text += `,"v":${job.version}`
  if (priority !== 0) text += `,"priority":${priority}`
  if (tags !== undefined && tags.length > 0) text += `,"tags":${JSON.stringify(tags)}`
  if (unique) text += `,"unique":${JSON.stringify(unique)}`
  if (job.backoff && !wholeSeconds(job.backoff)) text += `,"backoff":${JSON.stringify(job.backoff)}`
  if (timeoutMs !== null && timeoutMs % 1_000 !== 0) text += `,"timeoutMs":${timeoutMs}`
  if (job.keepResultMs !== null) text += `,"keepResultMs":${job.keepResultMs}`
  if (options.trace !== undefined) text += `,"trace":${JSON.stringify(options.trace)}`
  return text
}

/** A payload of `writePayload` with a note of the schedule that made it. Its last part is ours and is never empty. */
export function withSchedule(text: string, schedule: { key: string; at: number }): string {
  return `${text.slice(0, -2)},"schedule":${JSON.stringify(schedule)}}}`
}

/** Reads any payload. Throws CORRUPT_PAYLOAD if it is not a JSON object with a `job`; every other oddity is read around. */
export function readPayload(text: string): ReadPayload {
  const raw = parse(text)
  const job = raw.job
  if (typeof job !== 'string' || job === '') {
    throw new FaenaError('CORRUPT_PAYLOAD', `The payload has no job: ${excerpt(text)}`)
  }
  const faena = readFaena(raw.faena)
  const data = raw.data
  const command = isObject(data) && typeof data.commandName === 'string' ? data.commandName : undefined
  const name = job.startsWith(JOB_PREFIX) ? job.slice(JOB_PREFIX.length) : null
  const shown = typeof raw.displayName === 'string' && raw.displayName !== '' ? raw.displayName : undefined
  const timeout = count(raw.timeout)
  const retryUntil = count(raw.retryUntil)
  return {
    uuid: typeof raw.uuid === 'string' && raw.uuid !== '' ? raw.uuid : null,
    displayName: shown ?? command ?? name ?? job,
    jobClass: shown ?? command ?? job,
    job,
    name,
    data,
    maxTries: count(raw.maxTries),
    maxExceptions: count(raw.maxExceptions),
    failOnTimeout: raw.failOnTimeout === true,
    timeoutMs: count(faena.timeoutMs) ?? (timeout === null ? null : timeout * 1_000),
    backoff: readStoredBackoff(faena.backoff) ?? readLaravelBackoff(raw.backoff) ?? null,
    retryUntil: retryUntil === null ? null : retryUntil * 1_000,
    faena,
  }
}

/**
 * What stands in the `max_attempts` column for this payload: 0 (no last attempt) where a time limit for retries is set,
 * since tries are not looked at then (as in Laravel); null where the worker's own option decides.
 */
export function maxAttemptsOf(payload: ReadPayload | undefined): number | null {
  if (payload === undefined) return null
  return payload.retryUntil === null ? payload.maxTries : 0
}

/** As `readPayload`, but answers `undefined` for a corrupt payload. */
export function tryReadPayload(text: string): ReadPayload | undefined {
  try {
    return readPayload(text)
  } catch {
    return undefined
  }
}

/** The uuid in a payload, also in one that is corrupt otherwise; null where there is none. */
export function uuidOf(text: string): string | null {
  const uuid = tryParse(text)?.uuid
  return typeof uuid === 'string' && uuid !== '' ? uuid : null
}

/**
 * The payload with this uuid put first, for a row that had none and must now have a lasting identity. A text that is no
 * JSON object is left as it is: what somebody wrote there is not lost, and stays what it is.
 */
export function withUuid(text: string, uuid: string): string {
  const raw = tryParse(text)
  if (raw === undefined || uuidOf(text) !== null) return text
  return withFirst(text, 'uuid', JSON.stringify(uuid))
}

/**
 * The payload as it goes back to `jobs` on a retry: byte for byte the same, except that a `retryUntil` that has passed is
 * moved as far ahead of `now` as it once was ahead of the dispatch (else the job would fail again at once), and that an
 * `attempts` key (Redis and Horizon write one) starts at 0.
 */
export function retriedPayload(text: string, now: number): string {
  const raw = tryParse(text)
  if (raw === undefined) return text
  const until = count(raw.retryUntil)
  const expired = until !== null && until * 1_000 <= now
  let kept = text
  if (expired) {
    const created = count(raw.createdAt) ?? until
    kept = withValue(kept, 'retryUntil', String(Math.ceil(now / 1_000) + Math.max(until - created, 60)))
  }
  return raw.attempts === undefined ? kept : withValue(kept, 'attempts', '0')
}

/** The beginning of a payload, for a message. */
export function excerpt(text: string): string {
  return text.length > 80 ? `${JSON.stringify(text.slice(0, 80))}…` : JSON.stringify(text)
}

/** Whoever wrote the row: tags are texts, and a unique key is one or none. */
function readFaena(raw: unknown): FaenaPart {
  if (!isObject(raw)) return {}
  const { tags, unique } = raw
  if (tags === undefined && unique === undefined) return raw
  return {
    ...raw,
    tags: Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : undefined,
    unique: isUnique(unique) ? unique : undefined,
  }
}

function isUnique(value: unknown): value is FaenaPart['unique'] {
  return isObject(value) && typeof value.key === 'string' && UNTIL.has(value.until)
}

const UNTIL = new Set<unknown>(['ended', 'processing', 'window'])

function wholeSeconds(backoff: StoredBackoff): boolean {
  return Array.isArray(backoff) && backoff.every((ms) => ms % 1_000 === 0)
}

function parse(text: string): Record<string, unknown> {
  const raw = tryParse(text)
  if (raw === undefined) throw new FaenaError('CORRUPT_PAYLOAD', `The payload is not a JSON object: ${excerpt(text)}`)
  return raw
}

function tryParse(text: string): Record<string, unknown> | undefined {
  try {
    const raw: unknown = JSON.parse(text)
    return isObject(raw) ? raw : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function count(value: unknown): number | null {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) && number >= 0 ? number : null
}
