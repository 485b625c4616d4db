import { JOB_PREFIX, maxAttemptsOf, tryReadPayload } from '../../core/payload.ts'
import type { ReservedJob, ReserveRequest } from '../../store.ts'
import { raw, type Sql, sql } from '../sql/sql.ts'
import type { SqlRow } from './client.ts'
import { type Context, nowSecond } from './context.ts'
import type { Floor } from './floors.ts'
import { DUE_INDEX } from './shape.ts'
import { valueList } from './text.ts'

/** One priority of one queue: the jobs in it stand in order of due time and id. */
export interface Level {
  queue: string
  priority: number | null
}

/** Payloads up to this size come with the look; larger ones are fetched once it is known that they are taken. */
const SMALL_PAYLOAD = 8_192

/** The columns of a job about to be reserved. A row without a name is read in full: its payload tells whose it is. */
export const JOB_COLUMNS =
  raw(`id, queue, attempts, max_attempts, name, priority, available_at, created_at, length(payload) as bytes,
  case when name is null or length(payload) <= ${SMALL_PAYLOAD} then payload end as payload`)

/** Due jobs of one level that we may run, in order, from faena_jobs_due, locked; what others have locked is passed over. */
export function dueJobs(
  context: Context,
  level: Level,
  names: readonly string[],
  floor: Floor | null,
  limit: number,
): Sql {
  return sql`
    select ${JOB_COLUMNS} from ${context.names.jobs} force index (${raw(DUE_INDEX)})
     where ${inLevel(level)} and ${isDue(context, floor)} and reserved_at is null and ${runnable(names)}
     order by available_at, id limit ${limit} for update skip locked`
}

/**
 * Due by now; with a floor, and behind it. The bound on the second is written so that the range has an upper end even where
 * the floor lies in this very second: with an empty range, the server would give up the order of the index.
 */
function isDue(context: Context, floor: Floor | null): Sql {
  const now = nowSecond(context)
  if (!floor) return sql`available_at <= ${now}`
  return sql`((available_at = ${floor.availableAt} and id > ${floor.id})
      or (available_at > ${floor.availableAt} and available_at <= ${now} + 1))
     and available_at + 0 <= ${now}`
}

/** Whether a job of this level is due, and when the next one will be. Locks nothing. */
export function outlook(
  context: Context,
  level: Level,
  names: readonly string[],
  floor: Floor | null = null,
): { due: Sql; next: Sql } {
  const from = sql`from ${context.names.jobs} force index (${raw(DUE_INDEX)}) where ${inLevel(level)} and reserved_at is null`
  return {
    due: sql`exists(select 1 ${from} and ${isDue(context, floor)} and ${runnable(names)})`,
    next: sql`(select available_at ${from} and available_at > ${nowSecond(context)} order by available_at limit 1)`,
  }
}

function inLevel({ queue, priority }: Level): Sql {
  return sql`queue = ${queue} and ${priority === null ? raw('priority is null') : sql`priority = ${priority}`}`
}

/**
 * Jobs by our names, and rows without a name that may be ours or nobody's. Which of these are, `runnableJob` decides from
 * the payload: no JSON function of the server's sees a text that somebody else wrote.
 */
export function runnable(names: readonly string[]): Sql {
  return sql`(name in (${valueList(names)}) or (name is null and
    (payload like '%"job":"faena@%' or payload not like '%"job":"%')))`
}

/** The row as a job to run; undefined for another runtime's, or of a name that was not asked for. */
function runnableJob(row: SqlRow, names: ReadonlySet<string>, mostAttempts: number): Candidate | undefined {
  const payload = row.payload as string | null
  let maxAttempts = row.max_attempts as number | null
  if (row.name === null) {
    const read = tryReadPayload(payload ?? '')
    if (read && !(read.job.startsWith(JOB_PREFIX) && read.name !== null && names.has(read.name))) return undefined
    maxAttempts ??= maxAttemptsOf(read)
  }
  return {
    bytes: Number(row.bytes),
    job: {
      id: Number(row.id),
      queue: String(row.queue),
      payload: payload ?? '',
      attempts: Math.min(Number(row.attempts) + 1, mostAttempts),
      maxAttempts,
      name: row.name as string | null,
      priority: Number(row.priority ?? 0),
      availableAt: Number(row.available_at) * 1_000,
      createdAt: Number(row.created_at) * 1_000,
      crashes: 0,
    },
    complete: payload !== null,
  }
}

export interface Candidate {
  job: ReservedJob
  bytes: number
  /** Whether its payload is here. */
  complete: boolean
}

/** What is taken, under the request's limits. */
export class Taking {
  readonly taken: Candidate[] = []
  readonly #request: ReserveRequest
  readonly #names: ReadonlySet<string>
  readonly #mostAttempts: number
  /** Looks of one reservation may overlap. */
  readonly #ids = new Set<number>()
  #bytes = 0
  #singles = 0
  /** Nothing more is taken: a job that has to stay keeps what is behind it. */
  full: boolean

  constructor(request: ReserveRequest, mostAttempts: number) {
    this.#request = request
    this.#mostAttempts = mostAttempts
    this.#names = new Set(request.names)
    this.full = request.limit < 1
  }

  get wanted(): number {
    return this.#request.limit - this.taken.length
  }

  /** Takes rows in their order until a limit is met. Answers the last row that needs no further look, taken or not ours. */
  add(rows: readonly SqlRow[]): SqlRow | undefined {
    let passed: SqlRow | undefined
    for (const row of rows) {
      if (this.full) break
      const candidate = this.#ids.has(Number(row.id)) ? undefined : runnableJob(row, this.#names, this.#mostAttempts)
      if (candidate && !this.#fits(candidate)) {
        this.full = true
        break
      }
      if (candidate) this.#take(candidate)
      passed = row
    }
    return passed
  }

  #fits({ bytes, job }: Candidate): boolean {
    if (this.taken.length > 0 && this.#bytes + bytes > this.#request.maxBytes) return false
    return !this.#isSingle(job) || this.#singles < this.#request.singleTryLimit
  }

  #take(candidate: Candidate): void {
    this.taken.push(candidate)
    this.#ids.add(candidate.job.id)
    this.#bytes += candidate.bytes
    if (this.#isSingle(candidate.job)) this.#singles++
    this.full = this.taken.length >= this.#request.limit
  }

  #isSingle({ maxAttempts }: ReservedJob): boolean {
    return (maxAttempts ?? this.#request.defaultTries) === 1
  }
}
