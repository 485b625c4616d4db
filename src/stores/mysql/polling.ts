import { call } from './wakeup.ts'

const SHORTEST_MS = 20
const LONGEST_MS = 2_000
/** A look may come late by this part of the time since jobs were last found. */
const PART = 1 / 4

/**
 * Has workers look for jobs that other processes stored, since MySQL tells nobody: often while jobs come, ever more seldom
 * afterwards, every two seconds when idle. A job that comes after a pause thus waits for a quarter of that pause at most.
 */
export class Polling {
  readonly #wakes = new Set<() => void>()
  #timer: NodeJS.Timeout | undefined
  #firesAt = 0
  #foundAt = Number.NEGATIVE_INFINITY
  #looks = 0

  /** Calls `wake` from now on; what it returns ends that. */
  add(wake: () => void): () => void {
    this.#wakes.add(wake)
    this.#fireIn(this.#gap())
    return () => {
      this.#wakes.delete(wake)
      if (this.#wakes.size === 0) clearTimeout(this.#timer)
    }
  }

  close(): void {
    this.#wakes.clear()
    clearTimeout(this.#timer)
  }

  /** A worker looks, and finds jobs or not. */
  async during<Found>(look: () => Promise<Found>, isSome: (found: Found) => boolean): Promise<Found> {
    this.#looks++
    try {
      const found = await look()
      if (isSome(found)) this.#found()
      return found
    } finally {
      this.#looks--
    }
  }

  #found(): void {
    this.#foundAt = performance.now()
    if (this.#wakes.size > 0 && this.#firesAt - this.#foundAt > SHORTEST_MS) this.#fireIn(SHORTEST_MS)
  }

  #gap(): number {
    const part = (performance.now() - this.#foundAt) * PART
    // Processes that were started together do not go on looking together.
    return Math.min(Math.max(part, SHORTEST_MS), LONGEST_MS) * (0.9 + 0.2 * Math.random())
  }

  #fireIn(ms: number): void {
    clearTimeout(this.#timer)
    this.#firesAt = performance.now() + ms
    this.#timer = setTimeout(() => {
      this.#fireIn(this.#gap())
      // One that looks already needs no telling.
      if (this.#looks === 0) for (const wake of this.#wakes) call(wake)
    }, ms).unref()
  }
}
