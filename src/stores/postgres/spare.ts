import type { PgClient } from './client.ts'

/** How long a connection is kept out of its pool, in ms: the pool's own bounds on age and idleness hold all the same. */
const KEPT_MS = 1_000

/**
 * The connection that was used last, kept at hand for the next statement: to ask the pool for it takes 75 µs where little
 * goes on, of the 1,900 of a lone dispatch. One that breaks meanwhile goes, and an idle one keeps no process from ending.
 */
export class Spare {
  #client: PgClient | undefined
  #broken: ((error: Error) => void) | undefined
  #timer: NodeJS.Timeout | undefined
  /** By the monotonic clock, since when each has not been back. */
  readonly #outSince = new WeakMap<PgClient, number>()

  get isThere(): boolean {
    return this.#client !== undefined
  }

  take(): PgClient | undefined {
    const client = this.#client
    if (client === undefined) return undefined
    this.#client = undefined
    client.removeListener('error', this.#broken!)
    client.ref?.()
    return client
  }

  /** Keeps a connection of a pool that nobody waits for; false where it is to be released. */
  keep(client: PgClient): boolean {
    if (this.#client !== undefined) return false
    const now = performance.now()
    const since = this.#outSince.get(client) ?? now
    if (now - since > KEPT_MS) {
      this.#outSince.delete(client)
      return false
    }
    this.#outSince.set(client, since)
    this.#broken = (error) => {
      this.take()
      client.release(error)
    }
    client.on('error', this.#broken)
    client.unref?.()
    this.#client = client
    this.#timer ??= setTimeout(() => this.release(), KEPT_MS).unref()
    return true
  }

  /** Gives it back to its pool. */
  release(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const client = this.take()
    if (client === undefined) return
    this.#outSince.delete(client)
    client.release()
  }
}
