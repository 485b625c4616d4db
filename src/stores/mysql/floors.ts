/** The last job that was taken from one priority of one queue; what lies before it was taken too, or left on purpose. */
export interface Floor {
  availableAt: number
  id: number
}

interface Line {
  floor: Floor | null
  /** When all of the line was last looked at, and how long that took. */
  sweptAt: number
  sweepMs: number
  /** How many looks in a row, from the beginning, took long. */
  costly: number
  /** Jobs taken since then, which still stand at the beginning. */
  taken: number
}

const SWEEP_EVERY_MS = 1_000
/** A sweep as cheap as this is not worth putting off; and one that was slow by chance is not slow twice. */
const CHEAP_MS = 100
const COSTLY_IN_A_ROW = 2
/** So few jobs are walked over gladly: short lines are always looked at from the beginning. */
const FEW = 200
/** Commits come late. */
const LATE_S = 2
const MOST_LINES = 1_000
/** Of the time, at most one part in so many goes into sweeps. */
const SHARE = 20

/**
 * Where a worker's reserve begins to look. Jobs that were taken stay in the index until they end, and what ended stays
 * until InnoDB has purged it; walking over them costs more than taking the next ones. So once many were taken, a look
 * begins behind the one that was taken last. What that could miss (a late commit, a job given back by another process) is
 * found by a sweep from the beginning: each second, whenever a look comes back with less than asked for, and after this
 * process itself put something in front.
 */
export class Floors {
  readonly #lines = new Map<string, Line>()
  readonly #levels = new Map<string, readonly (number | null)[]>()
  #lowered = 0
  #begun = false

  /** To be given back to `raise`: what was put in front since then must not be skipped. */
  get lowered(): number {
    return this.#lowered
  }

  /** Where to begin; null: from the beginning. */
  floorOf(queue: string, priority: number | null): Floor | null {
    const line = this.#lines.get(nameOf(queue, priority))
    if (line === undefined || isDue(line)) return null
    return line.taken >= FEW || line.costly >= COSTLY_IN_A_ROW ? line.floor : null
  }

  /** Whether a look that began at a floor and found too little is worth repeating from the beginning. */
  worthSweeping(queue: string, priority: number | null): boolean {
    const line = this.#lines.get(nameOf(queue, priority))
    return line === undefined || line.costly < COSTLY_IN_A_ROW || isDue(line)
  }

  /** A look from the beginning took `ms`. */
  swept(queue: string, priority: number | null, ms: number): void {
    const name = nameOf(queue, priority)
    const costly = ms < CHEAP_MS ? 0 : (this.#lines.get(name)?.costly ?? 0) + 1
    this.#lines.set(name, { floor: null, sweptAt: performance.now(), sweepMs: ms, costly, taken: 0 })
  }

  /** All up to this job was taken, `count` jobs, by a look that began when `lowered` was as given. */
  raise(queue: string, priority: number | null, floor: Floor, count: number, lowered: number): void {
    const line = this.#lines.get(nameOf(queue, priority))
    if (line === undefined || lowered !== this.#lowered) return
    line.floor = floor
    line.taken += count
  }

  /** A reservation begins. If the last one did not come to its end, what it passed over may still be there. */
  begin(): void {
    if (this.#begun) this.lower()
    this.#begun = true
  }

  /** What was passed over is reserved for good. */
  end(): void {
    this.#begun = false
  }

  /**
   * A look found nothing more in the line, at `second`. Where looks from the beginning take long (ended jobs that nothing has
   * purged, jobs of names that are not ours), the next ones begin a little before now.
   */
  rest(queue: string, priority: number | null, second: number, lowered: number): void {
    const line = this.#lines.get(nameOf(queue, priority))
    if (line === undefined || lowered !== this.#lowered) return
    line.floor = { availableAt: second - LATE_S, id: 0 }
  }

  /** Something may now lie before a floor. */
  lower(): void {
    this.#lowered++
    for (const line of this.#lines.values()) line.floor = null
  }

  /** The priorities that a queue had when it was last looked at, in order; null stands for rows without one. */
  levelsOf(queue: string): readonly (number | null)[] {
    return this.#levels.get(queue) ?? []
  }

  foundLevels(queue: string, levels: readonly (number | null)[]): void {
    // What is known of a line outlives it: it may be empty now, and its ended jobs still stand in the way.
    if (this.#lines.size > MOST_LINES) this.#lines.clear()
    this.#levels.set(queue, levels)
  }
}

function isDue({ sweptAt, sweepMs }: Line): boolean {
  return performance.now() - sweptAt >= Math.max(SWEEP_EVERY_MS, sweepMs * SHARE)
}

function nameOf(queue: string, priority: number | null): string {
  return `${priority}:${queue}`
}
