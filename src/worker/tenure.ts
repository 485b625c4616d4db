import { isFaenaError } from '../core/errors.ts'
import type { NewWorker, Store } from '../store.ts'
import { LONGEST_TIMER, retryDelay, steadyNow } from './clock.ts'
import type { StoreOperation } from './events.ts'
import type { Heart } from './heartbeat.ts'
import type { JobRun } from './job-run.ts'
import { Settler, type SettlerHooks } from './settler.ts'
import { type Slots, trustMargin } from './slots.ts'

export interface TenureHooks {
  /** The worker has a row and a lease; jobs may be reserved under `settler.worker`. */
  began(settler: Settler): void
  /** The lease is over, or may be: what runs under it must abort, what waits must be forgotten. */
  lost(settler: Settler, why: string): void
  failed(operation: StoreOperation, error: unknown, failures: number, retryMs: number): void
  settler: Omit<SettlerHooks, 'failed'>
}

/** How long outcomes of a lost lease may still be written before its jobs are given back. */
const RETIRE_MS = 5_000

/**
 * The worker's row in the store and its lease, from registration to the end of the lease; after a loss, the next one. A
 * worker trusts its lease a little less long than the store does: when no heartbeat has succeeded by then, it lets go by
 * itself, so that no two workers run a job at once even where the store cannot be reached to say so.
 */
export class Tenure {
  readonly #store: Store
  readonly #row: NewWorker
  readonly #heart: Heart
  readonly #slots: Slots
  readonly #hooks: TenureHooks
  /** All that may still have outcomes to write: the current one, and those of lost leases. */
  readonly #settlers = new Set<Settler>()
  /** Rows of ours that are still to be deregistered, those of lost leases among them. */
  readonly #owed = new Set<number>()
  #settler: Settler | null = null
  #trustTimer: NodeJS.Timeout | undefined
  #ended = false
  readonly #stopWaiting = new Set<() => void>()

  constructor(store: Store, row: NewWorker, heart: Heart, slots: Slots, hooks: TenureHooks) {
    this.#store = store
    this.#row = row
    this.#heart = heart
    this.#slots = slots
    this.#hooks = hooks
  }

  /** Of the current lease; null while there is none. */
  get settler(): Settler | null {
    return this.#settler
  }

  /** Whether outcomes are still to be written, those aside that the store refuses. */
  get busy(): boolean {
    for (const settler of this.#settlers) if (settler.busy) return true
    return false
  }

  /** Registers. A store that can't be reached is waited for; one that must not be used rejects. */
  async begin(): Promise<void> {
    await this.#register(this.#row, true)
  }

  /** The lease of `settler` is over. Told twice, or late, it changes nothing. */
  lose(settler: Settler, why: string): void {
    if (this.#settler !== settler || this.#ended) return
    this.#leave()
    this.#hooks.lost(settler, why)
    void this.#renew(settler)
  }

  /**
   * Gives this row up for a new one while nothing is held: jobs that a lost answer may have left reserved by it go back.
   */
  async exchange(): Promise<void> {
    const settler = this.#settler
    if (settler === null || this.#ended) return
    this.#leave()
    await this.#renew(settler)
  }

  /** Writes what is left, within `withinMs`; gives back what is held. Answers the runs whose outcomes could not be written. */
  async end(withinMs: number): Promise<JobRun[]> {
    this.#ended = true
    for (const end of this.#stopWaiting) end()
    clearTimeout(this.#trustTimer)
    const until = steadyNow() + withinMs
    const left: JobRun[] = []
    for (const settler of this.#settlers) {
      await settler.drained(until - steadyNow())
      left.push(...settler.unwritten)
      settler.close()
    }
    if (this.#settler !== null) this.#owed.add(this.#settler.worker)
    for (const worker of this.#owed) await this.#deregister(worker, until)
    this.#settler = null
    await this.#heart.end()
    return left
  }

  #leave(): void {
    this.#settler = null
    clearTimeout(this.#trustTimer)
    this.#heart.rest()
  }

  async #register(row: NewWorker, first: boolean): Promise<void> {
    for (let failures = 1; !this.#ended; failures++) {
      const askedAt = steadyNow()
      const askedAtWall = Date.now()
      try {
        const worker = await this.#store.register(row)
        return this.#took(worker, askedAt, askedAtWall)
      } catch (error) {
        if (first && isFaenaError(error) && !isFaenaError(error, 'STORE_UNAVAILABLE')) throw error
        const retryMs = retryDelay(failures)
        this.#hooks.failed('register', error, failures, retryMs)
        await this.#pause(retryMs)
      }
    }
  }

  #took(worker: number, askedAt: number, askedAtWall: number): void {
    // The worker stopped while it asked: the row it no longer needs goes, or its lease would have to run out.
    if (this.#ended) {
      void this.#giveBack(worker)
      return
    }
    const settler = new Settler(worker, this.#store, {
      ...this.#hooks.settler,
      failed: (error, failures, retryMs) => this.#hooks.failed('settle', error, failures, retryMs),
    })
    this.#settlers.add(settler)
    this.#settler = settler
    this.#heart.begin(worker, askedAt, askedAtWall)
    this.#watchTrust(settler)
    this.#hooks.began(settler)
  }

  /** A new row first: that the store answers shows that the rest can be done. */
  async #renew(old: Settler): Promise<void> {
    await this.#register({ ...this.#row, replaces: undefined }, false)
    await old.drained(RETIRE_MS)
    await this.#giveBack(old.worker)
    if (old.backlog === 0) this.#settlers.delete(old)
  }

  /**
   * What the worker of a lost lease still holds goes back; where others have seen to that, the crashes which they counted are
   * taken back: nothing crashed. So it is asked until the store has answered.
   */
  async #giveBack(worker: number): Promise<void> {
    this.#owed.add(worker)
    for (let failures = 1; this.#owed.has(worker); failures++) {
      try {
        await this.#store.deregister(worker)
        this.#owed.delete(worker)
      } catch (error) {
        const retryMs = this.#ended ? 0 : retryDelay(failures)
        this.#hooks.failed('deregister', error, failures, retryMs)
        // From here on the worker's end sees to it, as far as it has time.
        if (this.#ended) return
        await this.#pause(retryMs)
      }
    }
  }

  #watchTrust(settler: Settler): void {
    const left = this.#slots.leaseUntil - trustMargin(this.#row.leaseMs) - steadyNow()
    if (left > 0) {
      this.#trustTimer = setTimeout(() => this.#watchTrust(settler), Math.min(Math.ceil(left), LONGEST_TIMER))
      return
    }
    this.lose(settler, 'no heartbeat succeeded in time')
  }

  async #deregister(worker: number, until: number): Promise<void> {
    for (let failures = 1; ; failures++) {
      try {
        await this.#store.deregister(worker)
        this.#owed.delete(worker)
        return
      } catch (error) {
        const retryMs = retryDelay(failures)
        this.#hooks.failed('deregister', error, failures, retryMs)
        if (steadyNow() + retryMs > until) return
        await new Promise((resolve) => setTimeout(resolve, retryMs))
      }
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer)
        this.#stopWaiting.delete(end)
        resolve()
      }
      const timer = setTimeout(end, ms)
      this.#stopWaiting.add(end)
    })
  }
}
