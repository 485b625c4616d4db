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
}

const SWEEP_EVERY_MS = 1_000
/** A sweep as cheap as this is not worth putting off. */
const CHEAP_MS = 20
/** Of the time, at most one part in so many goes into sweeps. */
const SHARE = 20

/**
 * Where a worker's reserve begins to look. Jobs that were taken stay in the index until they end, and what ended stays
 * until InnoDB has purged it; walking over them costs more than taking the next ones. So a look begins behind the job that
 * was taken last. What that could miss (a late commit, a job given back by another process) is found by a sweep from the
 * beginning: each second, whenever a look comes back with less than asked for, and after this process itself put something
 * in front.
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

  /** Where to begin; null: from the beginning, because a sweep is due. */
  floorOf(queue: string, priority: number | null): Floor | null {
    const line = this.#lines.get(nameOf(queue, priority))
    return line === undefined || isDue(line) ? null : line.floor
  }

  /** Whether a look that began at a floor and found too little is worth repeating from the beginning. */
  worthSweeping(queue: string, priority: number | null): boolean {
    const line = this.#lines.get(nameOf(queue, priority))
    return line === undefined || line.sweepMs < CHEAP_MS || isDue(line)
  }

  /** A look from the beginning took `ms`. */
  swept(queue: string, priority: number | null, ms: number): void {
    this.#lines.set(nameOf(queue, priority), { floor: null, sweptAt: performance.now(), sweepMs: ms })
  }

  /** All up to this job was taken, by a look that began when `lowered` was as given. */
  raise(queue: string, priority: number | null, floor: Floor, lowered: number): void {
    const line = this.#lines.get(nameOf(queue, priority))
    if (line && lowered === this.#lowered) line.floor = floor
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
    for (const level of this.levelsOf(queue)) {
      if (!levels.includes(level)) this.#lines.delete(nameOf(queue, level))
    }
    this.#levels.set(queue, levels)
  }
}

function isDue({ sweptAt, sweepMs }: Line): boolean {
  return performance.now() - sweptAt >= Math.max(SWEEP_EVERY_MS, sweepMs * SHARE)
}

function nameOf(queue: string, priority: number | null): string {
  return `${priority}:${queue}`
}
