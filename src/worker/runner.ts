import type { Outcome } from '../core/outcome.ts'
import { retryDelay, steadyNow } from './clock.ts'
import { written } from './ending.ts'
import type { JobRun } from './job-run.ts'
import type { Settings } from './options.ts'
import { Pace } from './pace.ts'
import type { Reporter } from './reporter.ts'
import type { ReserveLoop } from './reserve-loop.ts'
import { execute, prepare, type RunSettings, timedOutAttempt, undoneAttempt } from './run.ts'
import { RunningJobs } from './running.ts'
import { type Slots, trustMargin } from './slots.ts'

export interface RunnerHooks {
  /** Whether jobs may be begun now. */
  mayBegin(): boolean
  /** A handler goes on after its timeout and the grace, and nothing can end it but the end of its process. */
  stuck(run: JobRun): void
  /** The store could not be told that a suspect begins; it is told again. */
  failed(error: unknown, failures: number, retryMs: number): void
}

/** The event loop is given a turn after so many ms of jobs that never wait. */
const LONGEST_TURN_MS = 8
/** How soon the lease is looked at again where it may be over. */
const RECHECK_MS = 20

/**
 * Begins reserved jobs while slots are free, and takes their ends. A job that ends begins the next one in the same turn
 * of the event loop, up to a limit, so that short jobs cost no timer and no wait, and sockets are never starved.
 */
export class Runner {
  readonly running: RunningJobs
  readonly pace = new Pace()
  /** Jobs begun and ended since the start. */
  begun = 0
  ended = 0
  readonly #settings: Settings
  readonly #runSettings: RunSettings
  readonly #slots: Slots
  readonly #reporter: Reporter
  readonly #hooks: RunnerHooks
  #loop: ReserveLoop | undefined
  #pumping = false
  #yielding = false
  /** When the first job of this turn of the event loop was begun; null before that. */
  #turnAt: number | null = null
  readonly #marginMs: number
  #rechecking = false
  /** The store is told that this one begins. */
  #noting: JobRun | null = null

  constructor(settings: Settings, runSettings: RunSettings, slots: Slots, reporter: Reporter, hooks: RunnerHooks) {
    this.#settings = settings
    this.#runSettings = runSettings
    this.#slots = slots
    this.#marginMs = trustMargin(settings.leaseMs)
    this.#reporter = reporter
    this.#hooks = hooks
    this.running = new RunningJobs(slots, settings.graceMs, {
      timedOut: (run) => reporter.timedOut(run),
      outlasted: (run) => this.#outlasted(run),
    })
  }

  /** The loop that jobs come from. */
  feed(loop: ReserveLoop): void {
    this.#loop = loop
  }

  /** Begins what can be begun, then lets the loop look for more. Called whenever a slot or a job came. */
  pump(): void {
    const loop = this.#loop
    if (loop === undefined || this.#pumping || this.#yielding || !this.#hooks.mayBegin()) return
    this.#pumping = true
    try {
      if (loop.suspect !== null) this.#beginSuspect(loop.suspect)
      else this.#beginWaiting(loop)
    } finally {
      this.#pumping = false
    }
    if (this.#yielding) return
    // Clients of databases send at the end of a turn: jobs that never wait would put the question off until none is left.
    if (loop.look() && loop.waiting > 0) this.#yieldTurn()
  }

  #beginWaiting(loop: ReserveLoop): void {
    while (loop.waiting > 0 && !this.running.isFull) {
      const now = steadyNow()
      if (this.#turnAt !== null && now - this.#turnAt > LONGEST_TURN_MS) {
        this.#yieldTurn()
        return
      }
      if (this.#doubtsLease(now)) return
      if (this.#turnAt === null) this.#beginTurn(now)
      const run = loop.next()
      if (run === undefined) return
      this.#begin(run, now)
    }
  }

  /**
   * Nothing else may be held by this worker, in the store either, or a crash could not be put down to this job; and the store
   * must know that it begins, or it could not be told from one that was only held.
   */
  #beginSuspect(suspect: JobRun): void {
    if (suspect.startedAt !== 0 || suspect.outcome !== null || this.#noting !== null) return
    if (this.running.count > 0 || suspect.settler?.busy || this.#doubtsLease(steadyNow())) return
    this.#noting = suspect
    void this.#noteSuspect(suspect)
  }

  async #noteSuspect(suspect: JobRun): Promise<void> {
    const { job, settler } = suspect
    let noted = false
    for (let failures = 1; this.#isNext(suspect); failures++) {
      try {
        noted = settler !== null && (await this.#settings.store.begin(settler.worker, job))
        break
      } catch (error) {
        const retryMs = retryDelay(failures)
        this.#hooks.failed(error, failures, retryMs)
        await new Promise((resolve) => setTimeout(resolve, retryMs))
      }
    }
    this.#noting = null
    // Meanwhile the worker may have been told to stop, or lost its lease: then the job has gone back.
    if (this.#isNext(suspect)) {
      if (!noted) this.#loop?.refuseSuspect()
      else if (this.#slots.holds(steadyNow(), this.#marginMs)) this.#begin(suspect, steadyNow())
    }
    this.pump()
  }

  #isNext(suspect: JobRun): boolean {
    return this.#loop?.suspect === suspect && suspect.outcome === null && this.#hooks.mayBegin()
  }

  /**
   * Whether the lease may be over without our having heard of it: this process or its machine may have stood still. Then
   * nothing begins until a heartbeat was answered; what was taken may be running elsewhere.
   */
  #doubtsLease(now: number): boolean {
    if (this.#slots.holds(now, this.#marginMs)) return false
    if (!this.#rechecking) {
      this.#rechecking = true
      setTimeout(() => {
        this.#rechecking = false
        this.pump()
      }, RECHECK_MS)
    }
    return true
  }

  #beginTurn(now: number): void {
    this.#turnAt = now
    setImmediate(() => {
      this.#turnAt = null
    })
  }

  #yieldTurn(): void {
    this.#yielding = true
    setImmediate(() => {
      this.#yielding = false
      this.#turnAt = null
      this.pump()
    })
  }

  #begin(run: JobRun, now: number): void {
    this.begun++
    run.startedAt = now
    const refusal = prepare(run, this.#runSettings)
    if (refusal !== null) {
      this.#ended(run, refusal)
      return
    }
    this.running.add(run, run.policy?.timeoutMs ?? 0)
    this.#reporter.started(run)
    this.#slots.enter(run.slot)
    const outcome = execute(run, this.#runSettings)
    this.#slots.leave()
    if (outcome instanceof Promise) void this.#endedLater(run, outcome)
    else this.#ended(run, outcome)
  }

  async #endedLater(run: JobRun, outcome: Promise<Outcome>): Promise<void> {
    this.#ended(run, await outcome)
    this.pump()
  }

  #ended(run: JobRun, outcome: Outcome): void {
    if (run.abandoned) return
    this.ended++
    run.endedAt = steadyNow()
    run.outcome = outcome
    this.pace.took(run.runMs)
    if (run.slot >= 0) this.#leaveSlot(run)
    run.written = written(run, outcome, this.#settings.surface)
    run.settler?.add(run)
  }

  /** Its handler returned, but the transaction that was to complete it was rolled back. */
  undone(run: JobRun): void {
    run.outcome = undoneAttempt(run)
    run.written = written(run, run.outcome, this.#settings.surface)
  }

  #leaveSlot(run: JobRun): void {
    const { restMs } = this.#settings
    if (restMs === 0 || !this.#hooks.mayBegin()) {
      this.running.remove(run)
      return
    }
    this.running.rest(run)
    setTimeout(() => {
      this.running.remove(run)
      this.pump()
    }, restMs)
  }

  #outlasted(run: JobRun): void {
    if (run.kill !== null) {
      run.kill()
      return
    }
    this.#ended(run, timedOutAttempt(run))
    run.abandoned = true
    this.#reporter.stuck(run)
    this.#hooks.stuck(run)
  }
}
