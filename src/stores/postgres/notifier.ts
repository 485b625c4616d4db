import { performance } from 'node:perf_hooks'
import { sql } from '../sql/sql.ts'
import type { Connection } from './connection.ts'

/**
 * Rest after a notification. Where more is to tell each time it ends, it is doubled: up to what makes telling a small part of
 * the time, which is more where commits are slow.
 */
const SHORTEST_REST_MS = 4
const LONG_REST_MS = 16
const LONGEST_REST_MS = 64
const RESTS = 16
/**
 * Transactions that notify commit one at a time. Where one after the other took longer than this, nothing is carried for some
 * times as long, and twice as many each time that the next was slow too. A single one may have waited for the disk.
 */
const SLOW_MS = 10
const FEWEST_SLOW_RESTS = 8
const MOST_SLOW_RESTS = 64

/**
 * Tells other processes that jobs may be due, by a notification without content. PostgreSQL lets only one transaction with a
 * notification commit at a time: a push now and then carries its own, which is heard as soon as its jobs are there, and
 * thousands a second are told of some fifty times, outside of them. A notification that fails is forgotten: whoever would have
 * heard it polls.
 */
export class Notifier {
  readonly #connection: Connection
  readonly #channel: string
  #wanted = false
  #sending: Promise<unknown> | undefined
  #rest: NodeJS.Timeout | undefined
  #restMs = SHORTEST_REST_MS
  #longestRestMs = LONG_REST_MS
  #carried = false
  #carriedAt = 0
  #carryFrom = 0
  #slowRests = 0
  #closed = false

  constructor(connection: Connection, channel: string) {
    this.#connection = connection
    this.#channel = channel
  }

  notify(): void {
    this.#wanted = true
    if (!this.#sending && !this.#rest && !this.#closed) this.#send()
  }

  /** The channel of the notification that the next push may carry, or null where it is told of outside; then `delivered`. */
  carry(): string | null {
    const now = performance.now()
    if (this.#carried || this.#sending || this.#rest || this.#closed || now < this.#carryFrom) return null
    this.#carried = true
    this.#carriedAt = now
    return this.#channel
  }

  /** The push that carried a notification has ended. */
  delivered(): void {
    this.#carried = false
    const now = performance.now()
    const tookMs = now - this.#carriedAt
    if (tookMs <= SLOW_MS) this.#slowRests = 0
    else {
      this.#carryFrom = now + this.#slowRests * tookMs
      this.#slowRests = Math.min(Math.max(2 * this.#slowRests, FEWEST_SLOW_RESTS), MOST_SLOW_RESTS)
    }
    if (!this.#sending && !this.#rest) this.#restNow()
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
    const from = performance.now()
    this.#sending = this.#connection
      .query('common', sql`select pg_notify(${this.#channel}, '')`)
      .catch(() => {})
      .then(() => {
        this.#sending = undefined
        const restMs = RESTS * (performance.now() - from)
        this.#longestRestMs = Math.min(Math.max(LONG_REST_MS, restMs), LONGEST_REST_MS)
        this.#restNow()
      })
  }

  #restNow(): void {
    if (!this.#closed) this.#rest = setTimeout(() => this.#rested(), this.#restMs).unref()
  }

  #rested(): void {
    this.#rest = undefined
    this.#restMs = this.#wanted ? Math.min(2 * this.#restMs, this.#longestRestMs) : SHORTEST_REST_MS
    if (this.#wanted && !this.#closed) this.#send()
  }
}
