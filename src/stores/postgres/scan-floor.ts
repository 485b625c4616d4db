import type { ReserveRequest } from '../../store.ts'

/** Where the next look at the due jobs of one queue and priority may begin: behind this due second and id. */
export interface Place {
  queue: string
  priority: number
  second: number
  id: number
}

/** A look at the index from its beginning is slow from here on: so much for itself, and so much for each job it found. */
const SLOW_US = 2_000
const SLOW_US_A_JOB = 10
/** One slow look may be the machine's fault. */
const SLOW_IN_A_ROW = 3
/** Looks from the beginning take up a twentieth of the time at most, and come once a second at least, if that allows it. */
const SHARE = 20
const SHORTEST_MS = 100
const LONGEST_MS = 1_000
const SLOWEST_SHARE = 4

/**
 * Keeps reserve fast while somebody holds an old snapshot (a long report, a forgotten transaction): PostgreSQL then cannot
 * forget deleted rows, and every look from the beginning of the index walks over all of them. Once such looks turn out to be
 * slow, those in between begin where the last one ended. What comes to lie before that place (a job given back, one whose
 * transaction committed late, another priority) is found by the next look from the beginning, within about a second.
 *
 * One of these for each set of queues and names: what one worker passes by, another may be waiting for.
 */
export class ScanFloor {
  #places: Place[] = []
  #slow = 0
  #sweepAt = 0
  /** The last look from the beginning ended when it had enough: there may be pairs that it did not come to. */
  #cutShort = true

  /** The places to begin at, or undefined where it is time to begin at the beginning. `now` is a steady clock in ms. */
  places(now: number): readonly Place[] | undefined {
    return this.#slow >= SLOW_IN_A_ROW && now < this.#sweepAt ? this.#places : undefined
  }

  /** How long until a look from the beginning is due again. */
  restMs(now: number): number {
    return Math.max(0, this.#sweepAt - now)
  }

  /** Jobs were put before the places: the next look begins at the beginning. */
  lower(): void {
    this.#sweepAt = 0
  }

  /** Whether a look at known places that found too few jobs should be followed by one from the beginning at once. */
  get mayHaveMissed(): boolean {
    return this.#cutShort
  }

  learn(look: { swept: boolean; places: Place[]; found: number; wanted: number; us: number; now: number }): void {
    const { swept, places, found, wanted, us, now } = look
    if (!swept) {
      for (const place of places) {
        const at = this.#places.findIndex(({ queue, priority }) => queue === place.queue && priority === place.priority)
        if (at >= 0) this.#places[at] = place
      }
      return
    }
    this.#places = places
    this.#cutShort = found >= wanted
    this.#slow = us > SLOW_US + SLOW_US_A_JOB * found ? this.#slow + 1 : 0
    const ms = us / 1_000
    this.#sweepAt = now + Math.min(Math.max(SHARE * ms, SHORTEST_MS), Math.max(LONGEST_MS, SLOWEST_SHARE * ms))
  }
}

const MOST_FLOORS = 32

/** The floor of each kind of request that this process makes. */
export class ScanFloors {
  readonly #floors = new Map<string, ScanFloor>()

  of({ queues, names }: Pick<ReserveRequest, 'queues' | 'names'>): ScanFloor {
    const key = JSON.stringify([queues, names])
    const known = this.#floors.get(key)
    if (known) return known
    if (this.#floors.size >= MOST_FLOORS) this.#floors.clear()
    const floor = new ScanFloor()
    this.#floors.set(key, floor)
    return floor
  }

  /** This process has put jobs before places: it gave some back, or changed them. */
  lower(): void {
    for (const floor of this.#floors.values()) floor.lower()
  }
}
