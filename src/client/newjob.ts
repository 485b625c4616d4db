import { type Duration, milliseconds } from '../core/duration.ts'
import { FaenaError, notAllowed } from '../core/errors.ts'
import { type AnyJob, priorityNumber, queueName, wholeNumber } from '../core/job.ts'
import { type FaenaPart, framed, type PayloadFrame, payloadFrame } from '../core/payload.ts'
import type { TraceContext } from '../core/telemetry.ts'
import { isUuid, uuidv7 } from '../core/uuid.ts'
import type { NewJob } from '../store.ts'
import { dueTime, type When } from './due.ts'
import { type GivenUnique, uniqueKey } from './unique.ts'

const MOST_TAGS = 50
const LONGEST_TAG = 255

/** What one dispatch may say beside the input; what it leaves out, the definition says. */
export interface JobOptions extends When {
  /** Not before this long from now. */
  delay?: Duration
  /** Not before this instant: a Date or unix ms. Not together with `delay`. */
  availableAt?: Date | number
  /** Smaller runs first; 0 is normal. */
  priority?: number
  queue?: string
  /** Beside those of the definition. */
  tags?: readonly string[]
  /** A key or a whole rule; `null` for none although the definition has one. */
  unique?: GivenUnique
  /** Attempts before the job fails for good; 0 = no limit. */
  tries?: number
  /** Of one attempt; 0 = none. */
  timeout?: Duration
  /** The job's lasting identity, where the application has one: a second dispatch of it is refused as DUPLICATE_UUID. */
  uuid?: string
}

/** The job as a store takes it. `data` is the input as checked JSON text, `maxBytes` what a payload may weigh. */
export function newJob(
  job: AnyJob,
  input: unknown,
  data: string,
  options: JobOptions,
  maxBytes: number,
  trace?: TraceContext,
): NewJob {
  const now = Date.now()
  const uuid = options.uuid === undefined ? uuidv7(now) : givenUuid(options.uuid)
  return jobOf(mouldFor(job, input, options, now, trace), uuid, data, maxBytes)
}

/** Makes the jobs of one list, as `newJob` does, but works out what they have in common once in a millisecond instead of once per job. */
export class JobMaker {
  readonly #job: AnyJob
  readonly #options: JobOptions
  readonly #maxBytes: number
  readonly #trace: TraceContext | undefined
  /** Each job has a uuid that was given, or tags or a key that come from its own input. */
  readonly #apart: boolean
  #mould: Mould | undefined
  #at = 0

  constructor(job: AnyJob, options: JobOptions, maxBytes: number, trace?: TraceContext) {
    this.#job = job
    this.#options = options
    this.#maxBytes = maxBytes
    this.#trace = trace
    this.#apart = options.uuid !== undefined || typeof job.tags === 'function' || typeof job.unique === 'function'
  }

  make(input: unknown, data: string): NewJob {
    if (this.#apart) return newJob(this.#job, input, data, this.#options, this.#maxBytes, this.#trace)
    const now = Date.now()
    if (this.#mould === undefined || this.#at !== now) {
      this.#mould = mouldFor(this.#job, input, this.#options, now, this.#trace)
      this.#at = now
    }
    return jobOf(this.#mould, uuidv7(now), data, this.#maxBytes)
  }
}

/** A job but for its uuid and its input. */
interface Mould extends Omit<NewJob, 'uuid' | 'name' | 'payload'> {
  name: string
  frame: PayloadFrame
}

function mouldFor(job: AnyJob, input: unknown, options: JobOptions, now: number, trace?: TraceContext): Mould {
  const due = dueTime(options, now)
  const unique = uniqueKey(job, input, options.unique)
  const priority = options.priority === undefined ? job.priority : priorityNumber(options.priority)
  const tries = options.tries === undefined ? job.tries : wholeNumber(options.tries, 0, 65_535, 'tries')
  const frame = payloadFrame(job, {
    now,
    delayMs: due.delayMs ?? (due.availableAt === undefined ? 0 : Math.max(0, due.availableAt - now)),
    tags: tagsOf(job, input, options.tags),
    priority,
    unique: unique && uniquePart(unique),
    tries,
    timeoutMs: options.timeout === undefined ? job.timeoutMs : milliseconds(options.timeout, 'timeout'),
    trace,
  })
  return {
    frame,
    queue: options.queue === undefined ? job.queue : queueName(options.queue),
    name: job.name,
    // Where a time limit for retries is set, tries are not looked at: to the store such a job has no last attempt.
    maxAttempts: job.retryForMs === null ? tries : 0,
    priority,
    delayMs: due.delayMs,
    availableAt: due.availableAt,
    unique,
  }
}

function jobOf(mould: Mould, uuid: string, data: string, maxBytes: number): NewJob {
  const { frame, queue, name, maxAttempts, priority, delayMs, availableAt, unique } = mould
  const payload = framed(frame, uuid, data)
  checkSize(payload, name, maxBytes)
  return { uuid, queue, name, payload, maxAttempts, priority, delayMs, availableAt, unique }
}

/** A retry of the failed job takes its key again by this part; a window's key is never taken again. */
function uniquePart({ key, until }: { key: string; until: 'ended' | 'processing' | 'window' }): FaenaPart['unique'] {
  return { key, until }
}

function givenUuid(uuid: unknown): string {
  if (typeof uuid === 'string' && isUuid(uuid)) return uuid.toLowerCase()
  throw notAllowed('BAD_ARGUMENT', 'uuid', uuid, 'a UUID, as in 019b76da-a800-7000-8000-000000000001')
}

function tagsOf(job: AnyJob, input: unknown, given: unknown): readonly string[] {
  const defined: unknown = typeof job.tags === 'function' ? job.tags(input) : job.tags
  const tags =
    given === undefined
      ? defined
      : Array.isArray(given) && Array.isArray(defined)
        ? [...new Set([...defined, ...given])]
        : given
  const fits = (tag: unknown) => typeof tag === 'string' && tag !== '' && tag.length <= LONGEST_TAG
  if (Array.isArray(tags) && tags.length <= MOST_TAGS && tags.every(fits)) return tags
  throw notAllowed(
    'BAD_ARGUMENT',
    `tags of job ${job.name}`,
    tags,
    `at most ${MOST_TAGS} texts of 1 to ${LONGEST_TAG} characters`,
  )
}

function checkSize(payload: string, name: string, maxBytes: number): void {
  // Measuring also makes one flat text of what was put together from pieces: a list of thousands weighs much less so.
  const bytes = Buffer.byteLength(payload)
  if (bytes <= maxBytes) return
  throw new FaenaError(
    'PAYLOAD_TOO_LARGE',
    `The payload of job ${name} has ${bytes} bytes; the limit is ${maxBytes} (maxPayloadBytes). ` +
      'Keep large data elsewhere and dispatch what it is found by.',
  )
}
