/** Who listens in this process, by the database and table that jobs come from: several stores may be open on one. */
const listeners = new Map<string, Set<() => void>>()

/**
 * Tells listeners of this process at once that jobs may be due. MySQL has no way to tell other processes; they find the
 * job when they look the next time (see Polling).
 */
export class Wakeup {
  readonly #place: string
  readonly #own = new Set<() => void>()

  /** `place`: the same for all stores that share their jobs. */
  constructor(place: string) {
    this.#place = place
  }

  listen(wake: () => void): () => void {
    const all = listeners.get(this.#place) ?? new Set()
    listeners.set(this.#place, all)
    all.add(wake)
    this.#own.add(wake)
    return () => this.#end(wake)
  }

  wake(): void {
    for (const wake of listeners.get(this.#place) ?? []) call(wake)
  }

  close(): void {
    for (const wake of this.#own) this.#end(wake)
  }

  #end(wake: () => void): void {
    this.#own.delete(wake)
    const all = listeners.get(this.#place)
    all?.delete(wake)
    if (all?.size === 0) listeners.delete(this.#place)
  }
}

/** A listener's mistake is not the push's that woke it, and the others are woken all the same. */
export function call(wake: () => void): void {
  try {
    wake()
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : String(error))
  }
}
