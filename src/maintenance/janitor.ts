import { Labelled, labelOf } from '../core/label.ts'
import type { Reclaimed, Retention, Store } from '../store.ts'
import { Loop, Troubles } from './loop.ts'

export interface JanitorOptions {
  store: Store
  /** The workers' lease; a third of it, at most 5 s, lies between two looks after them at least, and all of it at most. */
  leaseMs: number
  retention: Retention
  /** Surfaced fields of a payload's data as JSON object text, for failed jobs that another runtime wrote. */
  surface?: (data: unknown) => string | null
  onReclaimed?: (reclaimed: Reclaimed) => void
  /** The janitor goes on after any error; the same trouble is told once until it is over. */
  onError?: (error: unknown) => void
  tidyEveryMs?: number
  random?: () => number
  /** Ms that only ever grow. */
  clock?: () => number
}

const LONGEST_GAP_MS = 5_000
/** Of processes that wait for the same lease's end. */
const SPREAD_MS = 100
const TIDY_EVERY_MS = 60_000
const PRUNED_AT_ONCE = 500
const LABELLED_AT_ONCE = 100
/** Chunks of one round; what is left waits for the next, so that tidying never crowds out the work. */
const MOST_CHUNKS = 20

/**
 * Takes back the jobs of workers whose lease ran out, and about once a minute deletes records past their time and labels
 * failed jobs that another runtime wrote. Any number of processes may run one: the store handles each dead worker once,
 * and the rest may be repeated. It looks again when the next lease can end: while all workers renew theirs, that is a
 * statement in nearly a lease's time, and four a minute beside it.
 */
export class Janitor {
  readonly #options: JanitorOptions
  readonly #everyMs: number
  #calmMs = 0
  readonly #tidyEveryMs: number
  readonly #random: () => number
  readonly #clock: () => number
  readonly #loop = new Loop(() => this.look())
  readonly #troubles: Troubles
  readonly #labelled = new Labelled()
  /** The look through failed jobs under way: from the newest of its beginning, how far down it is, and up to where new ones were seen to. */
  #round: { bound: number; below: number | undefined; seen: number } | undefined
  #tidyAt: number

  constructor(options: JanitorOptions) {
    this.#options = options
    this.#everyMs = Math.min(options.leaseMs / 3, LONGEST_GAP_MS)
    this.#tidyEveryMs = options.tidyEveryMs ?? TIDY_EVERY_MS
    this.#random = options.random ?? Math.random
    this.#clock = options.clock ?? (() => performance.now())
    this.#troubles = new Troubles(options.onError)
    // Somewhere in the first minute: processes started together do not tidy together.
    this.#tidyAt = this.#clock() + this.#random() * this.#tidyEveryMs
  }

  start(): void {
    this.#loop.start()
  }

  /** Resolves when what is under way is done. */
  stop(): Promise<void> {
    return this.#loop.stop()
  }

  /** Reclaims, tidies if it is time, and answers how many ms to sleep. Never rejects. */
  async look(): Promise<number> {
    await this.#guarded('reclaim', () => this.reclaim())
    if (this.#clock() >= this.#tidyAt) {
      this.#tidyAt = this.#clock() + this.#spread(this.#tidyEveryMs)
      await this.#guarded('prune', () => this.prune())
      await this.#guarded('label', () => this.label())
    }
    const calmMs = Math.min(this.#calmMs, this.#options.leaseMs, this.#tidyAt - this.#clock())
    return Math.max(this.#spread(this.#everyMs), calmMs + this.#random() * SPREAD_MS)
  }

  async reclaim(): Promise<void> {
    this.#calmMs = 0
    // A store may handle dead workers a few at a time.
    for (let chunk = 0; chunk < MOST_CHUNKS && !this.#loop.stopped; chunk++) {
      const reclaimed = await this.#options.store.reclaim()
      this.#calmMs = reclaimed.calmMs ?? 0
      if (reclaimed.workers.length === 0) return
      await this.#hook(() => this.#options.onReclaimed?.(reclaimed))
    }
  }

  /** Deletes records past their time, in chunks. Answers how many. */
  async prune(): Promise<number> {
    let pruned = 0
    for (let chunk = 0; chunk < MOST_CHUNKS && !this.#loop.stopped; chunk++) {
      const count = await this.#options.store.prune(this.#options.retention, PRUNED_AT_ONCE)
      pruned += count
      if (count < PRUNED_AT_ONCE) break
      await breath()
    }
    return pruned
  }

  /**
   * Gives failed jobs of other writers what lists find them by: name, fingerprint, headline, surfaced fields. Answers how many.
   * What a large table has too much of for one round is left to the next one, which goes on where this one ended.
   */
  async label(): Promise<number> {
    const { failed: bound } = await this.#options.store.bounds()
    const newest = this.#round && (await this.#labelBetween(this.#round.seen))
    const round = this.#round ?? { bound, below: undefined, seen: bound }
    const rest = await this.#labelBetween(this.#labelled.above, round.below)
    if (rest.next === null && !this.#loop.stopped) {
      this.#labelled.complete(round.bound, this.#clock())
      this.#round = undefined
    } else this.#round = { ...round, below: rest.next ?? round.below, seen: newest?.next === null ? bound : round.seen }
    return (newest?.labelled ?? 0) + rest.labelled
  }

  async #labelBetween(above: number, below?: number): Promise<{ labelled: number; next: number | null }> {
    const { store, surface } = this.#options
    let [labelled, next]: [number, number | null] = [0, below ?? null]
    for (let chunk = 0; chunk < MOST_CHUNKS && !this.#loop.stopped; chunk++) {
      const { jobs, ...look } = await store.unlabelled(LABELLED_AT_ONCE, above, next ?? undefined)
      if (jobs.length > 0) await store.label(jobs.map((job) => labelOf(job, surface)))
      labelled += jobs.length
      next = look.next
      if (next === null) break
      await breath()
    }
    return { labelled, next }
  }

  async #guarded(what: string, run: () => Promise<unknown>): Promise<void> {
    try {
      await run()
      this.#troubles.over(what)
    } catch (error) {
      this.#troubles.tell(what, error)
    }
  }

  async #hook(run: () => unknown): Promise<void> {
    try {
      await run()
    } catch (error) {
      this.#troubles.report(error)
    }
  }

  #spread(ms: number): number {
    return ms * (0.8 + 0.4 * this.#random())
  }
}

export function createJanitor(options: JanitorOptions): Janitor {
  return new Janitor(options)
}

/** Lets the event loop turn, so that a long clean-up on an embedded store does not hold the jobs up. */
function breath(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
