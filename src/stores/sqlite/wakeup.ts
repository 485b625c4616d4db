import { DatabaseSync } from 'node:sqlite'

/** How often an idle process looks whether another one wrote. One look costs a few microseconds. */
const LOOK_MS = 2

/**
 * Tells listeners that jobs may be due: at once when this process pushed, and within LOOK_MS when another connection wrote
 * to the file (`pragma data_version` changes then, and costs no read of the database).
 */
export class Wakeup {
  readonly #listeners = new Set<() => void>()
  readonly #path: string
  #watching: NodeJS.Timeout | undefined
  #database: DatabaseSync | undefined

  constructor(path: string) {
    this.#path = path
  }

  listen(wake: () => void): () => void {
    this.#listeners.add(wake)
    this.#watch()
    return () => {
      this.#listeners.delete(wake)
      if (this.#listeners.size === 0) this.close()
    }
  }

  wake(): void {
    for (const listener of this.#listeners) {
      try {
        listener()
      } catch {
        // What was written is written: a listener's mistake must not make the dispatch that woke it reject.
      }
    }
  }

  close(): void {
    clearInterval(this.#watching)
    this.#watching = undefined
    this.#database?.close()
    this.#database = undefined
  }

  #watch(): void {
    if (this.#watching || this.#path === ':memory:') return
    // A connection of its own: on the store's, its own writes would not show, but neither would they be told apart.
    const database = new DatabaseSync(this.#path, { readOnly: true })
    const version = database.prepare('pragma data_version')
    version.setReturnArrays(true)
    const read = () => (version.get() as unknown as [number])[0]
    let seen = read()
    this.#database = database
    this.#watching = setInterval(() => {
      try {
        const now = read()
        if (now === seen) return
        seen = now
      } catch {
        // Busy for a moment: waking once too often is harmless, missing a change is not.
      }
      this.wake()
    }, LOOK_MS)
    this.#watching.unref()
  }
}
