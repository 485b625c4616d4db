import type { FaenaError } from '../core/errors.ts'
import { timedOut } from './aborts.ts'
import { LONGEST_TIMER, steadyNow } from './clock.ts'
import type { JobRun } from './job-run.ts'
import type { Slots } from './slots.ts'

export interface RunningHooks {
  /** The attempt's time is over; it was told to abort. */
  timedOut(run: JobRun): void
  /** It was told to abort and the grace is over too; it still runs. */
  outlasted(run: JobRun): void
}

/**
 * The jobs that run, one per slot, and their deadlines. All deadlines share one timer, set to the earliest and moved
 * only forward in importance: a job that ends in time costs it nothing.
 */
export class RunningJobs {
  readonly slots: Slots
  readonly #graceMs: number
  readonly #hooks: RunningHooks
  readonly #runs: (JobRun | null)[]
  readonly #free: number[] = []
  #count = 0
  #timer: NodeJS.Timeout | undefined
  #timerAt = Number.POSITIVE_INFINITY
  #waiters: (() => void)[] = []

  constructor(slots: Slots, graceMs: number, hooks: RunningHooks) {
    this.slots = slots
    this.#graceMs = graceMs
    this.#hooks = hooks
    this.#runs = new Array<JobRun | null>(slots.size).fill(null)
    for (let slot = slots.size - 1; slot >= 0; slot--) this.#free.push(slot)
  }

  get count(): number {
    return this.#count
  }

  get isFull(): boolean {
    return this.#free.length === 0
  }

  /** Puts the run into a free slot. `timeoutMs` 0 = none. */
  add(run: JobRun, timeoutMs: number): void {
    const slot = this.#free.pop()
    if (slot === undefined) throw new RangeError('no free slot')
    run.slot = slot
    run.deadline = timeoutMs > 0 ? run.startedAt + timeoutMs : Number.POSITIVE_INFINITY
    this.#runs[slot] = run
    this.#count++
    this.slots.take(slot, run.job.id, run.job.attempts, run.deadline)
    if (run.deadline < this.#timerAt) this.#arm(run.deadline)
  }

  /** Frees the run's slot. */
  remove(run: JobRun): void {
    this.#runs[run.slot] = null
    this.slots.free(run.slot)
    this.#free.push(run.slot)
    run.slot = -1
    this.#count--
    if (this.#count === 0 && this.#waiters.length > 0) for (const resolve of this.#waiters.splice(0)) resolve()
  }

  all(): JobRun[] {
    return this.#runs.filter((run) => run !== null)
  }

  /** Mostly one; a job whose row is gone and the one that was given its id may be two. */
  find(id: number, attempts: number): JobRun[] {
    return this.all().filter(({ job }) => job.id === id && job.attempts === attempts)
  }

  abortAll(reason: (name: string) => FaenaError): void {
    for (const run of this.all()) run.abort(reason(run.name))
  }

  /** Takes the runs out of what heartbeats tell, since their lease is gone; they keep their slots until they end. */
  hide(runs: readonly JobRun[]): void {
    for (const run of runs) this.slots.free(run.slot)
  }

  /** Resolves once nothing runs. */
  async ended(): Promise<void> {
    if (this.#count > 0) await new Promise<void>((resolve) => this.#waiters.push(resolve))
  }

  /** The job has ended, but its slot stays taken for a while. */
  rest(run: JobRun): void {
    run.deadline = Number.POSITIVE_INFINITY
    this.slots.free(run.slot)
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#timerAt = Number.NEGATIVE_INFINITY
  }

  #arm(deadline: number): void {
    clearTimeout(this.#timer)
    this.#timerAt = deadline
    if (deadline === Number.POSITIVE_INFINITY) return
    // Rounded up, so that the deadline has passed by this clock too when the timer fires.
    const ms = Math.min(Math.max(Math.ceil(deadline - steadyNow()), 1), LONGEST_TIMER)
    this.#timer = setTimeout(() => this.#look(), ms)
  }

  #look(): void {
    const now = steadyNow()
    for (const run of this.all()) if (run.deadline <= now) this.#overdue(run, now)
    let next = Number.POSITIVE_INFINITY
    for (const run of this.all()) next = Math.min(next, run.deadline)
    this.#arm(next)
  }

  #overdue(run: JobRun, now: number): void {
    if (run.overdue) {
      run.deadline = Number.POSITIVE_INFINITY
      this.#hooks.outlasted(run)
      return
    }
    run.overdue = true
    run.deadline = now + this.#graceMs
    run.abort(timedOut(run.name, run.policy?.timeoutMs ?? 0))
    this.#hooks.timedOut(run)
  }
}
