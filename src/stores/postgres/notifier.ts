import { sql } from '../sql/sql.ts'
import type { Connection } from './connection.ts'

/** Rest after a notification. Where more is to tell each time it ends, it is doubled, up to the longest. */
const SHORTEST_REST_MS = 2
const LONGEST_REST_MS = 64

/**
 * Tells other processes that jobs may be due: a notification without content, after the transaction that stored the jobs and
 * outside of it, since PostgreSQL lets only one transaction with a notification commit at a time. A push now and then is told
 * of at once, and of thousands a second sixteen times. A notification that fails is forgotten: whoever would have heard it polls.
 */
export class Notifier {
  readonly #connection: Connection
  readonly #channel: string
  #wanted = false
  #sending: Promise<unknown> | undefined
  #rest: NodeJS.Timeout | undefined
  #restMs = SHORTEST_REST_MS
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
        if (!this.#closed) this.#rest = setTimeout(() => this.#rested(), this.#restMs).unref()
      })
  }

  #rested(): void {
    this.#rest = undefined
    this.#restMs = this.#wanted ? Math.min(2 * this.#restMs, LONGEST_REST_MS) : SHORTEST_REST_MS
    if (this.#wanted && !this.#closed) this.#send()
  }
}
