import { Labelled, labelOf } from '../core/label.ts'
import type { SurfacedField } from '../core/surface.ts'
import { surfacedTextIn } from '../laravel/command.ts'
import type { Store } from '../store.ts'

const AT_ONCE = 200
/** Asked again sooner than this, the last look still counts. */
const FRESH_MS = 500
/** All of a large table is looked at again after so many times what it took; what is newer than the last look, each time. */
const FULL_COSTS = 20
/** After a step of a look through the whole table it rests for so many times what the step took, unless somebody waits, */
const RESTS = 9
/** and longer after one that found nothing: mostly all are labelled, and the look is only to be sure. */
const IDLE_RESTS = 49
const LONGEST_REST_MS = 2_000

/**
 * Gives failed jobs that somebody else wrote (Laravel) what they are found by, before anybody looks for one: the janitor
 * does the same once a minute, where one runs. Many may do it at once; one look under way serves all who ask. What is new
 * comes first; a large table is gone through beside, from the newest to the oldest, in short steps.
 */
export class Labeller {
  readonly #store: Store
  readonly #surface: (data: unknown) => string | null
  readonly #labelled = new Labelled()
  #newest: Promise<void> | undefined
  #whole: Promise<void> | undefined
  #doneAt = Number.NEGATIVE_INFINITY
  #wholeAt = Number.NEGATIVE_INFINITY
  /** Up to this id the last look found nothing left, or leaves it to the look through the whole table. */
  #seen: number | undefined
  /** How many wait for all of the table. */
  #waiting = 0
  /** Ends the rest between two steps. */
  #hurry = () => {}

  constructor(store: Store, surface: readonly SurfacedField[]) {
    this.#store = store
    this.#surface = (data) => surfacedTextIn(surface, data)
  }

  /** Resolves when all are labelled; with `withinMs` when those are that are new, or when that time is over. */
  async catchUp(withinMs = Number.POSITIVE_INFINITY): Promise<void> {
    if (withinMs === Number.POSITIVE_INFINITY) return this.#all()
    let timer: NodeJS.Timeout | undefined
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, withinMs)
    })
    // What fails here is tried again by the next who asks; a list is shown all the same.
    await Promise.race([this.#begun().catch(() => {}), patience])
    clearTimeout(timer)
  }

  async #all(): Promise<void> {
    this.#waiting += 1
    this.#hurry()
    try {
      await this.#begun()
      await this.#whole
    } finally {
      this.#waiting -= 1
    }
  }

  /** Resolves when the new ones are labelled. */
  async #begun(): Promise<void> {
    if (performance.now() - this.#doneAt < FRESH_MS) return
    this.#newest ??= this.#labelNewest().finally(() => {
      this.#newest = undefined
    })
    return this.#newest
  }

  async #labelNewest(): Promise<void> {
    const { failed: bound } = await this.#store.bounds()
    if (this.#seen === undefined) await this.#step(bound + 1, 0)
    else for (let below: number | null = bound + 1; below !== null; ) below = (await this.#step(below, this.#seen)).next
    this.#seen = bound
    this.#doneAt = performance.now()
    if (this.#whole !== undefined || this.#doneAt < this.#wholeAt) return
    this.#whole = this.#goThrough(bound).finally(() => {
      this.#whole = undefined
    })
    // Who waits for it is told; for all others it is tried again.
    this.#whole.catch(() => {
      this.#doneAt = Number.NEGATIVE_INFINITY
    })
  }

  async #goThrough(bound: number): Promise<void> {
    let tookMs = 0
    for (let below: number | null = bound + 1; below !== null; ) {
      const from = performance.now()
      const { found, next } = await this.#step(below, this.#labelled.above)
      below = next
      const ms = performance.now() - from
      tookMs += ms
      const rest = (found > 0 ? RESTS : IDLE_RESTS) * ms
      await this.#rest(this.#waiting > 0 || below === null ? 0 : Math.min(rest, LONGEST_REST_MS))
    }
    const now = performance.now()
    this.#wholeAt = now + FULL_COSTS * tookMs
    this.#labelled.complete(bound, now)
  }

  /** Labels what a look between the two ids finds. Answers how many, and below which id to go on: null when nothing is left. */
  async #step(below: number, above: number): Promise<{ found: number; next: number | null }> {
    const { jobs, next } = await this.#store.unlabelled(AT_ONCE, above, below)
    if (jobs.length > 0) await this.#store.label(jobs.map((job) => labelOf(job, this.#surface)))
    return { found: jobs.length, next }
  }

  /** At least until the event loop has turned; no process stays for it. */
  #rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (ms <= 1) {
        setImmediate(resolve)
        return
      }
      const timer = setTimeout(resolve, ms).unref()
      this.#hurry = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
