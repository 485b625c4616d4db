import { sql } from '../sql/sql.ts'
import type { Connection } from './connection.ts'

/** At most so often does one process tell the others, however many jobs it pushes. */
const GAP_MS = 50

/**
 * Tells other processes that jobs may be due: a notification without content, after the transaction that stored the jobs and
 * outside of it, since PostgreSQL lets only one transaction with a notification commit at a time. Several pushes are told
 * of once. A notification that fails is forgotten: whoever would have heard it polls.
 */
export class Notifier {
  readonly #connection: Connection
  readonly #channel: string
  #wanted = false
  #sending: Promise<void> | undefined
  #closed = false

  constructor(connection: Connection, channel: string) {
    this.#connection = connection
    this.#channel = channel
  }

  notify(): void {
    this.#wanted = true
    this.#sending ??= this.#send()
  }

  /** Waits for what is under way and sends no more. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#sending
  }

  async #send(): Promise<void> {
    while (this.#wanted && !this.#closed) {
      this.#wanted = false
      await this.#connection.query('common', sql`select pg_notify(${this.#channel}, '')`).catch(() => {})
      if (!this.#closed) await new Promise((resolve) => setTimeout(resolve, GAP_MS).unref())
    }
    this.#sending = undefined
  }
}
