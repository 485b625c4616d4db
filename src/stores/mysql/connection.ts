import { setTimeout as delay } from 'node:timers/promises'
import type { PoolUse } from '../../store.ts'
import { endsAfter, readEnded } from '../sql/ended.ts'
import type { Sql } from '../sql/sql.ts'
import type { Answer, SqlRow } from './client.ts'
import { faultOf, mayHaveCommitted, translated, waitedForLock, wasEnded } from './errors.ts'
import { closed, Lane } from './lane.ts'
import { fits, type Session } from './session.ts'
import type { Source } from './source.ts'
import { textOf } from './text.ts'

/**
 * Which connections a call may use. What keeps a worker alive and writes its outcomes has some of its own, so that no
 * crowd of dispatches and no slow list can make a worker lose its lease.
 */
export type LaneName = 'beat' | 'settle' | 'reserve' | 'push' | 'common'

const SIZES: Record<LaneName, number> = { beat: 1, settle: 2, reserve: 2, push: 4, common: 3 }

/** Where statements run: in a transaction of ours, or in the application's. */
export interface Handle {
  /** In order; one answer each. In a transaction of ours they take one round trip together. */
  run(...statements: Sql[]): Promise<Answer[]>
  /** A connection of the application: its isolation and its character set are not known. */
  readonly foreign: boolean
  /** Bytes that one statement may have. */
  readonly room: number
  /** From one id to the next of the same statement. */
  readonly step: number
}

/** A transaction of ours: begins with its first statements and can end with its last, to save the round trips. */
export interface Transaction extends Handle {
  /** Runs the statements and commits, in one round trip. Nothing may follow. */
  commit(...statements: Sql[]): Promise<Answer[]>
  rollback(): Promise<void>
}

/** `slow`: a rare look at a whole table, which may take a minute. `lookUp`: finds its rows by a key. */
export interface CallOptions {
  slow?: boolean
  lookUp?: boolean
}

const TRIES = 10
const SLOW_MS = 60_000
/** A call puts at most this much into one packet, however much the server takes. */
const MOST_BYTES = 8 * 1024 * 1024

/** The connections of one store: bounded waits, one way to fail, and retries of what the server asks to be repeated. */
export class Connection {
  readonly source: Source
  readonly timeoutMs: number
  readonly #lanes = new Map<LaneName, Lane>()
  #closed = false

  constructor(source: Source, timeoutMs: number) {
    this.source = source
    this.timeoutMs = timeoutMs
  }

  /** Statements that each commit by themselves, in one round trip. */
  async query(lane: LaneName, statements: readonly Sql[], options: CallOptions = {}): Promise<Answer[]> {
    return this.#repeated(lane, async (session, doubt) => {
      doubt.sent = true
      return session.run(
        statements.map((statement) => textOf(statement)),
        this.#patience(options),
      )
    })
  }

  /**
   * A select whose cost is not known beforehand: a list, a search, a count. The server itself ends it, shortly before nobody
   * waits for it any more, and sooner where somebody keeps a table locked; it is not tried again then. Rejects with
   * READ_TIMED_OUT, a `lookUp` with STORE_UNAVAILABLE.
   */
  async read(select: Sql, options: CallOptions = {}): Promise<SqlRow[]> {
    const patienceMs = this.#patience(options)
    const wantedMs = endsAfter(patienceMs)
    const deadline = performance.now() + patienceMs
    return this.#repeated('common', async (session) => {
      const leftMs = Math.max(1, deadline - performance.now())
      const ms = endsAfter(leftMs)
      try {
        return (await session.read(textOf(select), ms, leftMs)).rows
      } catch (error) {
        if (!wasEnded(error) && !waitedForLock(error)) throw error
        throw readEnded(`The database at ${this.source.shown}`, { ms, wantedMs, lookUp: options.lookUp }, error)
      }
    })
  }

  /** A whole transaction in one round trip. */
  async atOnce(lane: LaneName, statements: readonly Sql[]): Promise<Answer[]> {
    return this.transaction(lane, (transaction) => transaction.commit(...statements))
  }

  /** Several round trips that commit as one. `work` must be repeatable. */
  async transaction<T>(
    lane: LaneName,
    work: (transaction: Transaction) => Promise<T>,
    options: CallOptions = {},
  ): Promise<T> {
    return this.#repeated(lane, async (session, doubt) => {
      const transaction = new OwnTransaction(session, this.#patience(options), doubt)
      try {
        const result = await work(transaction)
        if (session.open) await transaction.commit()
        return result
      } catch (error) {
        // A lock time-out undoes one statement and leaves the rest standing: the rest is undone here.
        if (session.open && !session.broken) await rolledBack(session, this.timeoutMs)
        throw error
      }
    })
  }

  /** What its lanes are doing. */
  uses(): PoolUse[] {
    return [...this.#lanes].map(([pool, lane]) => ({ pool, ...lane.use }))
  }

  /** Waits for calls under way. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#lanes.values()].map((lane) => lane.close()))
  }

  /** After `close`, calls are taken again. */
  reopen(): void {
    if (!this.#closed) return
    this.#closed = false
    this.#lanes.clear()
  }

  /** Throws STORE_CLOSED after `close`. */
  refuseClosed(): void {
    if (this.#closed) throw closed(this.source.shown)
  }

  #lane(name: LaneName): Lane {
    let lane = this.#lanes.get(name)
    if (lane === undefined) {
      lane = new Lane(this.source, SIZES[name], this.timeoutMs)
      if (this.#closed) void lane.close()
      this.#lanes.set(name, lane)
    }
    return lane
  }

  #patience({ slow }: CallOptions): number {
    return slow ? Math.max(SLOW_MS, this.timeoutMs) : this.timeoutMs
  }

  async #repeated<T>(name: LaneName, work: (session: Session, doubt: { sent: boolean }) => Promise<T>): Promise<T> {
    const deadline = performance.now() + this.timeoutMs
    const lane = this.#lane(name)
    for (let tries = 1; ; tries++) {
      const doubt = { sent: false }
      try {
        const session = await lane.take()
        try {
          return await work(session, doubt)
        } finally {
          lane.release(session)
        }
      } catch (error) {
        const inDoubt = doubt.sent && mayHaveCommitted(error)
        if (faultOf(error) !== 'repeat' || tries === TRIES || performance.now() > deadline) {
          throw translated(error, this.source.shown, inDoubt)
        }
        // Jittered, so that those who met do not meet again.
        await delay(2 ** Math.min(tries, 6) * (0.5 + Math.random()))
      }
    }
  }
}

class OwnTransaction implements Transaction {
  readonly #session: Session
  readonly #timeoutMs: number
  readonly #doubt: { sent: boolean }
  readonly foreign = false
  readonly room: number
  readonly step: number

  constructor(session: Session, timeoutMs: number, doubt: { sent: boolean }) {
    this.#session = session
    this.#timeoutMs = timeoutMs
    this.#doubt = doubt
    this.room = Math.min(session.longest, MOST_BYTES)
    this.step = session.step
  }

  async run(...statements: Sql[]): Promise<Answer[]> {
    return this.#send(statements, [])
  }

  async commit(...statements: Sql[]): Promise<Answer[]> {
    this.#doubt.sent = true
    const answers = await this.#send(statements, ['commit'])
    this.#session.open = false
    return answers
  }

  async rollback(): Promise<void> {
    if (this.#session.open) await rolledBack(this.#session, this.#timeoutMs)
  }

  async #send(statements: readonly Sql[], last: readonly string[]): Promise<Answer[]> {
    const { guard, open } = this.#session
    const isWhole = !open && last.length > 0
    const first = open ? [] : isWhole ? ['start transaction'] : [...guard.begin, 'start transaction']
    const end = last.length === 0 || isWhole ? last : [...last, ...guard.end]
    this.#session.open = true
    const texts = [...first, ...statements.map((statement) => textOf(statement)), ...end]
    const answers: Answer[] = []
    for (const packet of packets(texts, this.room)) answers.push(...(await this.#session.run(packet, this.#timeoutMs)))
    return answers.slice(first.length, first.length + statements.length)
  }
}

/** The statements in order, as many together as the server takes at once; one that is too long stands alone. */
function packets(texts: string[], room: number): string[][] {
  if (fits(texts, room)) return [texts]
  const all: string[][] = [[]]
  let bytes = 0
  for (const text of texts) {
    const length = Buffer.byteLength(text) + 2
    if (bytes + length > room && bytes > 0) {
      all.push([])
      bytes = 0
    }
    all.at(-1)!.push(text)
    bytes += length
  }
  return all
}

async function rolledBack(session: Session, timeoutMs: number): Promise<void> {
  try {
    await session.run(['rollback', ...session.guard.end], timeoutMs)
    session.open = false
  } catch {
    // The server rolls back what belonged to a connection that is gone.
    session.destroy()
  }
}
