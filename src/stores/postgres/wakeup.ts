import type { Connection } from './connection.ts'
import { Listener } from './listener.ts'
import { Notifier } from './notifier.ts'
import type { Source } from './source.ts'

/** Tells listeners that jobs may be due: those of this process at once, those of others by a notification. */
export class Wakeup {
  readonly #listeners = new Set<() => void>()
  readonly #notifier: Notifier | undefined
  readonly #listener: Listener | undefined

  constructor(source: Source, connection: Connection, channel: string, notifications: boolean) {
    if (!notifications) return
    this.#notifier = new Notifier(connection, channel)
    this.#listener = new Listener(source, connection, channel, () => this.#tell())
  }

  listen(wake: () => void): () => void {
    this.#listeners.add(wake)
    this.#listener?.start()
    return () => {
      this.#listeners.delete(wake)
      if (this.#listeners.size === 0) void this.#listener?.stop()
    }
  }

  wake(): void {
    this.#tell()
    this.#notifier?.notify()
  }

  /**
   * Runs a push, which names the channel that it is given in its own transaction, or null where whoever listens is told
   * afterwards.
   */
  async around<T>(push: (channel: string | null) => Promise<T>): Promise<T> {
    const channel = this.#notifier?.carry() ?? null
    try {
      const pushed = await push(channel)
      if (channel === null) this.wake()
      else this.#tell()
      return pushed
    } finally {
      if (channel !== null) this.#notifier?.delivered()
    }
  }

  async close(): Promise<void> {
    this.#listeners.clear()
    await Promise.all([this.#listener?.stop(), this.#notifier?.close()])
  }

  #tell(): void {
    for (const wake of this.#listeners) {
      try {
        wake()
      } catch {
        // A listener's mistake is not the push's, nor the next listener's.
      }
    }
  }
}
