import { isFaenaError } from '../core/errors.ts'
import { SUSPECT } from '../core/failure.ts'
import type { Reservation, ReservedJob } from '../store.ts'
import { Alarm } from './alarm.ts'
import { jittered, retryDelay, steadyNow, syncWallTime } from './clock.ts'
import { written } from './ending.ts'
import { JobRun } from './job-run.ts'
import type { Settings } from './options.ts'
import type { Pace } from './pace.ts'
import type { Settler } from './settler.ts'

/** What the loop sees of its worker, and tells it. */
export interface LoopHost {
  /** Of the current lease, or null. */
  readonly settler: Settler | null
  /** These jobs are held from now on. */
  took(runs: readonly JobRun[]): void
  /** Neither quiet nor stopping. */
  readonly mayReserve: boolean
  readonly running: number
  /** Jobs begun and ended since the start. */
  readonly begun: number
  readonly ended: number
  /** Nothing runs, waits, or is still to be written. */
  readonly isEmpty: boolean
  /** Ends the worker if one of Laravel's reasons holds. */
  endIfDue(empty: boolean): boolean
  /** There are jobs to start, or room to take more. */
  pump(): void
  idle(): void
  lost(settler: Settler): void
  exchange(): Promise<void>
  failed(error: unknown, failures: number, retryMs: number): void
}

const MOST_BYTES = 4 * 1024 * 1024
/** Jobs taken ahead go back when no job has begun for so long. */
const STALL_MS = 200
/** Longest a wake-up waits where wake-ups keep finding nothing: they were for other queues, or others were faster. */
const LONGEST_HINT_GAP = 25

/**
 * The one reserve loop: when to look for jobs, and how many to take. It looks whenever there is room until a look finds
 * less than asked for; then it rests until a wake-up, the next job's due time, or the longest gap between two looks.
 */
export class ReserveLoop {
  /** A job that crashed workers before: it runs once nothing else is held, and nothing is taken beside it. */
  suspect: JobRun | null = null
  readonly #settings: Settings
  readonly #pace: Pace
  readonly #host: LoopHost
  readonly #alarm: Alarm
  #waiting: JobRun[] = []
  #head = 0
  #bytes = 0
  #reserving = false
  #resting = false
  /** Look for more once no more than so many wait: twice what ended while the store was last asked, so that slots don't
   *  run dry in the time it takes to answer, and a store that answers at once is asked seldom. */
  #reorder = 0
  #failures = 0
  /** A wake-up came while the store was asked: its job may have been stored too late for the answer. */
  #hinted = false
  /** Single-try jobs may be left that had no slot: look again when one is free, without waiting. */
  #whenFree = false
  /** `stopWhenEmpty` saw that nothing more is due: look a last time when what is held has ended. */
  #whenEmpty = false
  #empties = 0
  #emptyAt = 0
  #toldIdle = false
  /** A reservation's answer was lost: jobs may be reserved that nobody here knows of. */
  #doubt = false
  #stallTimer: NodeJS.Timeout | undefined
  #closed = false
  #idleWaiters: (() => void)[] = []

  constructor(settings: Settings, pace: Pace, host: LoopHost) {
    this.#settings = settings
    this.#pace = pace
    this.#host = host
    this.#alarm = new Alarm(() => this.wake())
  }

  /** Reserved, and not begun. */
  get waiting(): number {
    return this.#waiting.length - this.#head
  }

  /** What was taken and has not begun. */
  get held(): readonly JobRun[] {
    const waiting = this.#waiting.slice(this.#head)
    return this.suspect === null ? waiting : [...waiting, this.suspect]
  }

  /** The next job to begin. */
  next(): JobRun | undefined {
    const run = this.#waiting[this.#head]
    if (run === undefined) return undefined
    this.#bytes -= run.job.payload.length
    if (++this.#head === this.#waiting.length) this.#empty()
    return run
  }

  /** Takes more jobs if there is room, nothing forbids it, and there may be some. Whether the store is asked for them. */
  look(): boolean {
    const { settler, mayReserve, running } = this.#host
    if (this.#reserving || !mayReserve || settler === null || settler.full || this.suspect !== null) return false
    const ahead = this.#ahead()
    if (this.waiting > Math.min(ahead / 2, this.#reorder)) return false
    const { concurrency, maxJobs } = this.#settings
    const free = Math.max(0, concurrency - running - this.waiting)
    if (this.#resting && !(this.#whenFree && free > 0) && !(this.#whenEmpty && this.#host.isEmpty)) return false
    if (this.#host.endIfDue(false)) return false
    if (this.#doubt) {
      if (this.#host.isEmpty) void this.#resolveDoubt()
      return false
    }
    let limit = concurrency - running + ahead - this.waiting
    if (maxJobs > 0) limit = Math.min(limit, maxJobs - this.#host.begun - this.waiting)
    if (limit > 0) void this.#reserve(settler, limit, free)
    return limit > 0
  }

  /** Jobs may be due. A hint: it may be wrong, and is bounded in what it costs. */
  hint(): void {
    if (this.#reserving) this.#hinted = true
    if (!this.#resting || this.#failures > 0 || this.#closed) return
    const gap = this.#emptyAt + Math.min(this.#empties, LONGEST_HINT_GAP) - steadyNow()
    if (gap > 0) this.#alarm.within(gap)
    else this.wake()
  }

  /** Looks anew, whatever the last look found. */
  wake(): void {
    this.#resting = false
    this.#host.pump()
  }

  /** A job of ours comes back in so long. */
  dueIn(ms: number): void {
    if (this.#resting && this.#failures === 0 && !this.#closed) this.#alarm.within(ms)
  }

  /** Gives back what was taken and not begun. */
  giveBack(): void {
    const runs = this.#waiting.slice(this.#head)
    if (this.suspect !== null && this.suspect.startedAt === 0) {
      runs.push(this.suspect)
      this.suspect = null
    }
    this.#empty()
    for (const run of runs) this.#release(run)
  }

  /** The suspect cannot begin: it is not this worker's any more. */
  refuseSuspect(): void {
    if (this.suspect !== null) this.#release(this.suspect)
  }

  /** The lease they were taken under is gone: whoever comes next gives them back. */
  forget(): void {
    this.#empty()
    this.suspect = null
    this.#resting = false
    this.#doubt = false
  }

  /** Looks no more. */
  close(): void {
    this.#closed = true
    this.#alarm.clear()
    clearTimeout(this.#stallTimer)
  }

  /** Resolves once no reservation is under way. */
  async settled(): Promise<void> {
    if (this.#reserving) await new Promise<void>((resolve) => this.#idleWaiters.push(resolve))
  }

  #ahead(): number {
    const { restMs, once, concurrency } = this.#settings
    return restMs > 0 || once ? 0 : this.#pace.ahead(concurrency)
  }

  async #reserve(settler: Settler, limit: number, free: number): Promise<void> {
    const { store, queues, names, defaults } = this.#settings
    this.#reserving = true
    this.#hinted = false
    this.#alarm.clear()
    const wasEmpty = this.#host.isEmpty
    const maxBytes = Math.max(1, MOST_BYTES - this.#bytes)
    const endedBefore = this.#host.ended
    const heldBefore = this.#host.running + this.waiting
    let answer: Reservation | undefined
    try {
      answer = await store.reserve({
        worker: settler.worker,
        queues,
        names,
        limit,
        maxBytes,
        singleTryLimit: free,
        defaultTries: defaults.tries,
      })
    } catch (error) {
      this.#failed(error)
    }
    this.#reserving = false
    if (answer !== undefined) {
      const ended = this.#host.ended - endedBefore
      this.#reorder = ended < heldBefore ? 2 * ended : Number.POSITIVE_INFINITY
      if (ended >= heldBefore) this.#pace.ranDry(heldBefore)
      this.#failures = 0
      this.#take(settler, answer, limit, free, maxBytes, wasEmpty)
    }
    for (const resolve of this.#idleWaiters.splice(0)) resolve()
  }

  #failed(error: unknown): void {
    if (isFaenaError(error) && error.inDoubt) this.#doubt = true
    const retryMs = retryDelay(++this.#failures)
    this.#rest(retryMs)
    this.#host.failed(error, this.#failures, retryMs)
  }

  #take(
    settler: Settler,
    { jobs, nextDueMs, lost }: Reservation,
    limit: number,
    free: number,
    maxBytes: number,
    wasEmpty: boolean,
  ): void {
    if (lost) this.#host.lost(settler)
    // The lease is lost, now or while the store was asked; what it gave goes back with that lease. Whoever began the next one
    // meanwhile found us asking, so it is for us to go on.
    if (this.#host.settler !== settler) {
      this.wake()
      return
    }
    syncWallTime()
    const { bytes, singles } = this.#admit(jobs, settler)
    const allGiven = jobs.length < limit && bytes < maxBytes && !this.#hinted
    this.#whenFree = singles >= free && jobs.length < limit
    if (jobs.length > 0) {
      this.#empties = 0
      this.#toldIdle = false
    }
    if (allGiven) this.#restUntilDue(jobs.length, nextDueMs, wasEmpty)
    else this.#resting = false
    this.#host.pump()
    if (this.waiting > 0) this.#watchStall()
  }

  /** Jobs with one try begin first: they may not wait, since their worker's death would fail them. */
  #admit(jobs: readonly ReservedJob[], settler: Settler): { bytes: number; singles: number } {
    let bytes = 0
    let singles = 0
    const runs = jobs.map((job) => new JobRun(job, settler))
    this.#host.took(runs)
    this.#waiting = this.#waiting.slice(this.#head).filter((run) => !run.displaced)
    this.#head = 0
    this.#bytes = this.#waiting.reduce((sum, { job }) => sum + job.payload.length, 0)
    for (const run of runs) {
      const { job } = run
      bytes += job.payload.length
      if (job.crashes === SUSPECT) {
        if (this.suspect === null) this.suspect = run
        else this.#release(run)
      } else if ((job.maxAttempts ?? this.#settings.defaults.tries) === 1) {
        this.#waiting.splice(singles++, 0, run)
        this.#bytes += job.payload.length
      } else {
        this.#waiting.push(run)
        this.#bytes += job.payload.length
      }
    }
    if (this.suspect !== null) {
      const runs = this.#waiting
      this.#empty()
      for (const run of runs) this.#release(run)
    }
    return { bytes, singles }
  }

  #restUntilDue(given: number, nextDueMs: number | null, wasEmpty: boolean): void {
    const { sleepMs, once, stopWhenEmpty } = this.#settings
    const now = steadyNow()
    let gap = jittered(sleepMs)
    // Due at once and yet not given: others hold it, or it is too much for now. Look again soon, then less often; or when a
    // slot comes free, where that is what it waits for.
    const soon = this.#whenFree ? sleepMs : Math.min(2 ** Math.min(this.#empties, 10), sleepMs)
    const soonest = given === 0 ? soon : 0
    if (nextDueMs !== null) gap = Math.min(gap, Math.max(nextDueMs, soonest))
    this.#rest(gap)
    this.#whenEmpty = stopWhenEmpty
    if (given > 0) return
    this.#empties++
    this.#emptyAt = now
    // `once` sleeps once where there is no job, then looks a last time.
    if (once ? this.#empties > 1 : stopWhenEmpty && wasEmpty) this.#host.endIfDue(true)
    if (this.#host.running === 0 && !this.#toldIdle) {
      this.#toldIdle = true
      this.#host.idle()
    }
  }

  #rest(ms: number): void {
    this.#resting = true
    if (!this.#closed) this.#alarm.within(ms)
  }

  async #resolveDoubt(): Promise<void> {
    this.#doubt = false
    await this.#host.exchange()
  }

  /** Jobs taken ahead of slots that don't come free would be held back from idle workers: they go back. */
  #watchStall(): void {
    if (this.#stallTimer !== undefined || this.#closed) return
    const { begun } = this.#host
    this.#stallTimer = setTimeout(() => {
      this.#stallTimer = undefined
      if (this.waiting === 0) return
      if (this.#host.begun !== begun) return this.#watchStall()
      this.#pace.stalled()
      this.giveBack()
    }, STALL_MS)
  }

  #release(run: JobRun): void {
    run.outcome = { kind: 'released', delayMs: 0 }
    run.written = written(run, run.outcome, [])
    run.settler?.add(run)
  }

  #empty(): void {
    this.#waiting = []
    this.#head = 0
    this.#bytes = 0
  }
}
