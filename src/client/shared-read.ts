/** A read that is over sooner than this is made anew for everybody who asks. */
const CHEAP_MS = 15
/** From this age on an answer is given to nobody any more, */
const OLDEST_MS = 2_000
/** and so long before it is renewed for a crowd, besides a fifth more than that takes. */
const AHEAD_MS = 50
const SLOWER = 1.2
/** More readers than so many a second are a crowd. A panel or two rather wait than have the database asked half as often again. */
const CROWD_PER_SECOND = 2.5

export interface SharedReadOptions {
  /** How many times what the read costs an answer may stand, where that is longer than two seconds; default: never longer. */
  costs?: number
  /** Ms that only ever grow. */
  clock?: () => number
}

/**
 * A costly read for many readers. Where it is cheap each answer is new; where it takes long, one under way serves all who
 * ask, and its answer stands for two seconds. If a crowd asked meanwhile it is renewed just before they are over, so that
 * nobody of it waits; a few readers wait for a new one, and the database is asked no oftener than it must. What may stand for many
 * times its cost is renewed for anybody: that costs little. What this process changed shows at once: after `changed`
 * the next reader waits for a read that began later.
 */
export class SharedRead<T> {
  readonly #load: () => Promise<T>
  readonly #clock: () => number
  readonly #costs: number
  #known: { value: T; from: number; costMs: number } | undefined
  #underWay: Promise<T> | undefined
  #renewal: NodeJS.Timeout | undefined
  #changes = 0
  /** Who has asked since the last read began. */
  #readers = 0

  constructor(load: () => Promise<T>, { costs = 0, clock = () => performance.now() }: SharedReadOptions = {}) {
    this.#load = load
    this.#costs = costs
    this.#clock = clock
  }

  async read(): Promise<T> {
    this.#readers += 1
    const known = this.#known
    if (known === undefined || known.costMs < CHEAP_MS) return this.#renewed()
    const oldest = Math.max(OLDEST_MS, this.#costs * known.costMs)
    const age = this.#clock() - known.from
    if (age >= oldest) return this.#renewed()
    this.#renewIn(oldest - age - SLOWER * known.costMs - AHEAD_MS)
    return known.value
  }

  changed(): void {
    this.#changes += 1
    this.#known = undefined
    this.#underWay = undefined
    clearTimeout(this.#renewal)
    this.#renewal = undefined
  }

  /** Should it fail, whoever comes when the answer is too old is told. */
  #renewIn(ms: number): void {
    this.#renewal ??= setTimeout(
      () => {
        this.#renewal = undefined
        if (this.#costs > 0 || this.#isCrowded()) this.#renewed().catch(() => {})
      },
      Math.max(0, ms),
    ).unref()
  }

  #isCrowded(): boolean {
    if (this.#known === undefined) return false
    return this.#readers > (CROWD_PER_SECOND * (this.#clock() - this.#known.from)) / 1_000
  }

  #renewed(): Promise<T> {
    if (this.#underWay) return this.#underWay
    const reading = this.#read(this.#changes)
    this.#underWay = reading
    const over = () => {
      if (this.#underWay === reading) this.#underWay = undefined
    }
    reading.then(over, over)
    return reading
  }

  async #read(changes: number): Promise<T> {
    const from = this.#clock()
    this.#readers = 0
    const value = await this.#load()
    if (changes === this.#changes) this.#known = { value, from, costMs: this.#clock() - from }
    return value
  }
}
