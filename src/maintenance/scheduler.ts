import { FaenaError, isFaenaError } from '../core/errors.ts'
import type { AnyJob } from '../core/job.ts'
import { withSchedule } from '../core/payload.ts'
import { derivedUuid } from '../core/uuid.ts'
import type { NewJob, Schedule, Store } from '../store.ts'
import { Loop, Troubles } from './loop.ts'
import { dueTicks } from './ticks.ts'

/** Makes a job as a store takes it; `data` is the input as JSON text. The client's `newJob`, with the limits of its queue. */
export type BuildJob = (job: AnyJob, input: unknown, data: string, options: { uuid: string; queue: string }) => NewJob

export interface SchedulerOptions {
  store: Store
  /** Definitions of the jobs that schedules may name. A schedule of any other job is left to processes that know it. */
  jobs: readonly AnyJob[]
  build: BuildJob
  onFired?: (fired: Fired) => void
  /** Told of each job that it stored. */
  onStored?: (job: NewJob) => void
  /** A store that cannot be reached, a schedule that cannot fire. The scheduler goes on; the same trouble is told once. */
  onError?: (error: unknown) => void
  /** Longest time between two looks at the schedules, by which a change takes effect. */
  everyMs?: number
  random?: () => number
  /** Ms that only ever grow. */
  clock?: () => number
}

/** A run that came due and was dealt with by this process. */
export interface Fired {
  key: string
  /** Unix ms for which the run was due; null where a whole standstill was passed over. */
  tick: number | null
  /** The job; null if none was stored. */
  uuid: string | null
  /** Why none was: the last one is still there, it was missed, or it had been stored before. */
  instead: 'overlap' | 'missed' | 'stored' | null
  /** Earlier runs were missed and are not made up. */
  dropped: boolean
}

const EVERY_MS = 10_000
/** How long the store's clock is gone by before it is asked again: a steady clock loses a few ms in that time. */
const CLOCK_KEPT_MS = 60_000
/** Spreads schedulers that wake for the same run, so that most find it fired already. */
const SPREAD_MS = 50
/** Sleep after the store failed for the first time, doubled each time up to `everyMs`. */
const RETRY_MS = 500
/** What trouble with the store is told under; no schedule has an empty key. */
const STORE = ''

/**
 * Fires schedules that are due. Any number of processes may run one: `store.fire` is a compare-and-set on the schedule's
 * next run, so each run is stored by exactly one of them, in the same step in which the next run is set. Nothing is kept
 * here that a crash could lose. Sleeps until the next run is due or `everyMs` are over; a look costs one statement.
 *
 * The job's uuid is derived from the schedule's key and the run's time: should a run come round twice (a clock set back, a
 * schedule deleted and made anew, a backup restored), the second finds the first's job or failed job stored and makes
 * none, and a handler that passes its uuid on as an idempotency key has its effect once in any case.
 */
export class Scheduler {
  readonly #options: SchedulerOptions
  readonly #jobs: ReadonlyMap<string, AnyJob>
  readonly #clock: () => number
  readonly #random: () => number
  readonly #everyMs: number
  readonly #loop = new Loop(() => this.#guardedLook())
  readonly #troubles: Troubles
  #storeClock: { now: number; read: number } | undefined
  #failures = 0

  constructor(options: SchedulerOptions) {
    this.#options = options
    this.#jobs = new Map(options.jobs.map((job) => [job.name, job]))
    this.#clock = options.clock ?? (() => performance.now())
    this.#random = options.random ?? Math.random
    this.#everyMs = options.everyMs ?? EVERY_MS
    this.#troubles = new Troubles(options.onError)
  }

  start(): void {
    this.#loop.start()
  }

  /** Resolves when the look under way is over. What it had not fired yet is left to others, or to the next start. */
  stop(): Promise<void> {
    return this.#loop.stop()
  }

  /** One look at all schedules: fires what is due and answers how many ms to sleep. Rejects only if the store does. */
  async look(): Promise<number> {
    const now = await this.#now()
    let next = Number.POSITIVE_INFINITY
    for (const schedule of await this.#options.store.schedules()) {
      if (this.#loop.stopped) break
      if (schedule.pausedAt !== null || schedule.nextAt === null) continue
      const nextAt = schedule.nextAt > now ? schedule.nextAt : await this.#fireDue(schedule, now)
      if (nextAt !== null) next = Math.min(next, nextAt)
    }
    this.#troubles.over(STORE)
    const untilNext = next - (await this.#now()) + this.#random() * SPREAD_MS
    return Math.max(1, Math.min(untilNext, this.#everyMs * (0.9 + 0.2 * this.#random())))
  }

  async #guardedLook(): Promise<number> {
    try {
      const sleep = await this.look()
      this.#failures = 0
      return sleep
    } catch (error) {
      this.#troubles.tell(STORE, error)
      // The clock of a store that went away may be another one when it is back.
      this.#storeClock = undefined
      const patience = RETRY_MS * 2 ** Math.min(this.#failures++, 10)
      return Math.min(this.#everyMs, patience) * (0.9 + 0.2 * this.#random())
    }
  }

  /** The next run to wake for; null where the regular look is soon enough. */
  async #fireDue(schedule: Schedule, now: number): Promise<number | null> {
    const { key } = schedule
    try {
      const next = await this.#fire(schedule, now)
      this.#troubles.over(key)
      return next
    } catch (error) {
      // One schedule's trouble (a payload too large, an expression nobody can read) is not the others'. The store's is.
      if (isOfStore(error)) throw error
      this.#troubles.tell(key, error)
      return null
    }
  }

  async #fire(schedule: Schedule, now: number): Promise<number | null> {
    const { key } = schedule
    if (!this.#jobs.has(schedule.job)) throw unknownJob(schedule)
    const due = dueTicks(schedule, now)
    if (due === undefined) return schedule.nextAt
    const { ticks, next, dropped } = due
    let seen = schedule.nextAt as number
    let lastUuid = schedule.lastUuid
    if (ticks.length === 0) {
      const moved = await this.#options.store.fire({ key, seen, nextAt: next, job: null })
      if (moved) this.#fired({ key, tick: null, uuid: null, instead: 'missed', dropped })
      return next
    }
    for (const [at, tick] of ticks.entries()) {
      const nextAt = ticks[at + 1] ?? next
      const fired = await this.#fireTick({ ...schedule, lastUuid }, { seen, tick, nextAt })
      // Somebody else was first, and goes on from where this stood.
      if (fired === undefined) return next
      this.#fired({ key, tick, ...fired, dropped: dropped && at === 0 })
      if (this.#loop.stopped) return nextAt
      lastUuid = fired.uuid ?? lastUuid
      seen = nextAt as number
    }
    return next
  }

  async #fireTick(
    schedule: Schedule,
    { seen, tick, nextAt }: { seen: number; tick: number; nextAt: number | null },
  ): Promise<Pick<Fired, 'uuid' | 'instead'> | undefined> {
    const { store } = this.#options
    const { key } = schedule
    if (await this.#overlaps(schedule)) {
      const moved = await store.fire({ key, seen, nextAt, job: null })
      return moved ? { uuid: null, instead: 'overlap' } : undefined
    }
    const uuid = derivedUuid(tick, key)
    try {
      const job = this.#build(schedule, uuid, tick)
      const won = await store.fire({ key, seen, nextAt, job })
      if (won) this.#options.onStored?.(job)
      return won ? { uuid, instead: null } : undefined
    } catch (error) {
      if (!isFaenaError(error, 'DUPLICATE_UUID')) throw error
      const moved = await store.fire({ key, seen, nextAt, job: null })
      return moved ? { uuid: null, instead: 'stored' } : undefined
    }
  }

  async #overlaps({ overlap, lastUuid }: Schedule): Promise<boolean> {
    if (overlap === 'allow' || lastUuid === null) return false
    return (await this.#options.store.get(lastUuid)) !== undefined
  }

  #build(schedule: Schedule, uuid: string, at: number): NewJob {
    const definition = this.#jobs.get(schedule.job)
    if (definition === undefined) throw unknownJob(schedule)
    const { queue, input, key } = schedule
    const job = this.#options.build(definition, JSON.parse(input), input, { uuid, queue })
    return { ...job, payload: withSchedule(job.payload, { key, at }) }
  }

  /** The store's clock, which schedules are kept in; asked for now and then, and carried on by a clock nobody can set. */
  async #now(): Promise<number> {
    let known = this.#storeClock
    if (known === undefined || this.#clock() - known.read > CLOCK_KEPT_MS) {
      const { now } = await this.#options.store.ping()
      // Read after the answer: its way here makes this clock late, never early.
      known = { now, read: this.#clock() }
      this.#storeClock = known
    }
    return known.now + (this.#clock() - known.read)
  }

  #fired(fired: Fired): void {
    try {
      this.#options.onFired?.(fired)
    } catch (error) {
      this.#troubles.report(error)
    }
  }
}

export function createScheduler(options: SchedulerOptions): Scheduler {
  return new Scheduler(options)
}

function isOfStore(error: unknown): boolean {
  return isFaenaError(error) && ['STORE_UNAVAILABLE', 'STORE_CLOSED', 'READ_TIMED_OUT'].includes(error.code)
}

function unknownJob({ key, job }: Schedule): FaenaError {
  return new FaenaError(
    'UNKNOWN_JOB',
    `Schedule ${key} dispatches the job ${job}, which this process does not know; list it among the jobs of its configuration. ` +
      'Until then its runs are left to processes that do.',
  )
}
