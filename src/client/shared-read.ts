/** A read that is over sooner than this is made anew for everybody who asks. */
const CHEAP_MS = 15
/** From this age on an answer is renewed beside those who are still given it, */
const RENEWED_MS = 1_000
/** and from this one on nobody is given it any more. */
const OLDEST_MS = 2_000

/**
 * A costly read for a crowd of readers. Where it is cheap each answer is new; where it takes long, one under way serves all
 * who ask, and its answer stands for at most two seconds. What this process changed shows at once: after `changed` the next
 * reader waits for a read that began later.
 */
export class SharedRead<T> {
  readonly #load: () => Promise<T>
  readonly #clock: () => number
  #known: { value: T; from: number; costMs: number } | undefined
  #underWay: Promise<T> | undefined
  #changes = 0

  /** `clock`: ms that only ever grow. */
  constructor(load: () => Promise<T>, clock = () => performance.now()) {
    this.#load = load
    this.#clock = clock
  }

  async read(): Promise<T> {
    const known = this.#known
    if (known === undefined || known.costMs < CHEAP_MS) return this.#renewed()
    const age = this.#clock() - known.from
    if (age >= OLDEST_MS) return this.#renewed()
    // Should it fail, whoever comes after two seconds is told.
    if (age >= RENEWED_MS) this.#renewed().catch(() => {})
    return known.value
  }

  changed(): void {
    this.#changes += 1
    this.#known = undefined
    this.#underWay = undefined
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
    const value = await this.#load()
    if (changes === this.#changes) this.#known = { value, from, costMs: this.#clock() - from }
    return value
  }
}
