/** A chunk holds its locks for about so long: workers, which want the same tables, wait no longer for it. */
const CHUNK_MS = 50
const FEWEST = 20
/** However long a chunk took, the action goes on after that. */
const LONGEST_REST_MS = 2_000

/**
 * How many rows the next chunk of a bulk action has, and how long it rests before. Where a chunk took long the next is smaller,
 * and after each it rests for as long as that took: half of the time is the workers' own.
 */
export class Pace {
  readonly #most: number
  #limit: number

  /** `most`: rows of a chunk where the store is fast. */
  constructor(most: number) {
    this.#most = most
    this.#limit = Math.min(most, 100)
  }

  get limit(): number {
    return this.#limit
  }

  /** A chunk of `rows` took `ms`; answers the ms to rest. */
  took(ms: number, rows: number): number {
    // One that was not full says little of how many fit.
    if (rows >= this.#limit || ms > CHUNK_MS) {
      const factor = Math.min(2, Math.max(0.5, CHUNK_MS / Math.max(ms, 1)))
      this.#limit = Math.round(Math.min(this.#most, Math.max(Math.min(FEWEST, this.#most), this.#limit * factor)))
    }
    return Math.min(ms, LONGEST_REST_MS)
  }
}
