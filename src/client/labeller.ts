import { Labelled, labelOf } from '../core/label.ts'
import type { SurfacedField } from '../core/surface.ts'
import { surfacedTextIn } from '../laravel/command.ts'
import type { Store } from '../store.ts'

const AT_ONCE = 200
/** Asked again sooner than this, the last look still counts. */
const FRESH_MS = 500
/** All of a large table is looked at again after so many times what it took; what is newer than the last look, each time. */
const FULL_COSTS = 20

/**
 * Gives failed jobs that somebody else wrote (Laravel) what they are found by, before anybody looks for one: the janitor
 * does the same once a minute, where one runs. Many may do it at once; one look under way serves all who ask.
 */
export class Labeller {
  readonly #store: Store
  readonly #surface: (data: unknown) => string | null
  readonly #labelled = new Labelled()
  #underWay: Promise<void> | undefined
  #doneAt = Number.NEGATIVE_INFINITY
  #fullAt = Number.NEGATIVE_INFINITY
  /** Up to this id the last look found nothing left. */
  #seen = 0

  constructor(store: Store, surface: readonly SurfacedField[]) {
    this.#store = store
    this.#surface = (data) => surfacedTextIn(surface, data)
  }

  /** Resolves when all are labelled, or when `withinMs` is over: then it goes on beside. */
  async catchUp(withinMs = Number.POSITIVE_INFINITY): Promise<void> {
    if (performance.now() - this.#doneAt < FRESH_MS) return
    this.#underWay ??= this.#run().finally(() => {
      this.#underWay = undefined
    })
    if (withinMs === Number.POSITIVE_INFINITY) return this.#underWay
    let timer: NodeJS.Timeout | undefined
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, withinMs)
    })
    // What fails here is tried again by the next who asks; a list is shown all the same.
    await Promise.race([this.#underWay.catch(() => {}), patience])
    clearTimeout(timer)
  }

  async #run(): Promise<void> {
    const from = performance.now()
    const isFull = from >= this.#fullAt
    const { failed: bound } = await this.#store.bounds()
    const above = isFull ? this.#labelled.above : this.#seen
    for (let below: number | undefined; ; ) {
      const jobs = await this.#store.unlabelled(AT_ONCE, above, below)
      if (jobs.length > 0) await this.#store.label(jobs.map((job) => labelOf(job, this.#surface)))
      if (jobs.length < AT_ONCE) break
      // Going down, not anew from the top: rows of one uuid, as very old tables may have them, take the one label from each other.
      below = jobs.at(-1)!.id
      await new Promise((resolve) => setImmediate(resolve))
    }
    this.#doneAt = performance.now()
    this.#seen = bound
    if (!isFull) return
    this.#fullAt = this.#doneAt + FULL_COSTS * (this.#doneAt - from)
    this.#labelled.complete(bound, this.#doneAt)
  }
}
