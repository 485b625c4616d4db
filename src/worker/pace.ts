/** A worker takes ahead at most so much work, and so many jobs: what is held weighs in memory. */
const AHEAD_MS = 50
const MOST_AHEAD = 500
/** Where the store takes longer to answer than so many short jobs take to run. */
const MOST_FAR_AHEAD = 1_000
const WEIGHT = 1 / 8

/**
 * How long jobs take here lately, and from that how many to take ahead of free slots. Until a job has ended they count as
 * long, and one long job among short ones weighs at once: taking too few costs a statement, taking too many holds
 * jobs back from idle workers.
 */
export class Pace {
  #averageMs = Number.POSITIVE_INFINITY
  #mostAhead = MOST_AHEAD

  /** A job took so long, from its start to its end. */
  took(ms: number): void {
    this.#averageMs =
      this.#averageMs === Number.POSITIVE_INFINITY ? ms : this.#averageMs + (ms - this.#averageMs) * WEIGHT
  }

  /** No slot came free for long although jobs were waiting: what runs now says nothing good of what comes. */
  stalled(): void {
    this.#averageMs = Number.POSITIVE_INFINITY
  }

  /** So many jobs were held when the store was asked for more, and all of them ended before it answered. */
  ranDry(held: number): void {
    if (held >= MOST_AHEAD / 4) this.#mostAhead = MOST_FAR_AHEAD
  }

  ahead(concurrency: number): number {
    return Math.min(this.#mostAhead, Math.floor((AHEAD_MS * concurrency) / Math.max(this.#averageMs, 0.001)))
  }
}
