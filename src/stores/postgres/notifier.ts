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
  #sending: Promise<unknown> | undefined
  #rest: NodeJS.Timeout | undefined
  #closed = false

  constructor(connection: Connection, channel: string) {
    this.#connection = connection
    this.#channel = channel
  }

  notify(): void {
    this.#wanted = true
    if (!this.#sending && !this.#rest && !this.#closed) this.#send()
  }

  /** Sends what is still to be told, and no more after that. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#rest)
    await this.#sending
    if (this.#wanted) this.#send()
    await this.#sending
  }

  #send(): void {
    this.#wanted = false
    this.#sending = this.#connection
      .query('common', sql`select pg_notify(${this.#channel}, '')`)
      .catch(() => {})
      .then(() => {
        this.#sending = undefined
        if (!this.#closed) this.#rest = setTimeout(() => this.#rested(), GAP_MS).unref()
      })
  }

  #rested(): void {
    this.#rest = undefined
    if (this.#wanted && !this.#closed) this.#send()
  }
}
