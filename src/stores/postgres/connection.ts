import { FaenaError } from '../../core/errors.ts'
import type { PoolUse } from '../../store.ts'
import { endsAfter, readEnded } from '../sql/ended.ts'
import type { SqlRow } from '../sql/rows.ts'
import { type Sql, statementText } from '../sql/sql.ts'
import { type PgClient, type PgPool, type PgQueryable, type PgResult, storable, types } from './client.ts'
import { faultOf, isUnprepared, mayHaveCommitted, translated, unavailable, wasEnded } from './errors.ts'
import { preparedOf } from './prepared.ts'
import { forLooks, timedRead } from './read-text.ts'
import type { Source } from './source.ts'
import { Spare } from './spare.ts'
import { answered, TimeOut, within } from './time-outs.ts'

/**
 * Which connections a call may use. What keeps a worker alive and writes its outcomes (`lease`) has some of its own, so that
 * no crowd of dispatches and no slow list (`common`) can make a worker lose its lease.
 */
export type Lane = 'lease' | 'common'

/** Runs one statement where it belongs: on a connection of the pool, or inside a transaction. */
export type Run = (statement: Sql) => Promise<SqlRow[]>

const TRIES = 6

/** For a rare look at a whole table. */
export const LONG = { timeoutMs: 60_000 }

/** The connections of one store: bounded waits, one way to fail, and retries of what the server asks to be repeated. */
export class Connection {
  readonly #source: Source
  readonly #timeoutMs: number
  readonly #pools: Partial<Record<Lane, Promise<PgPool>>> = {}
  /** Those that are there, by name; the application's own has both lanes. */
  readonly #open = new Map<PgPool, string>()
  readonly #spares: Readonly<Record<Lane, Spare>> = { lease: new Spare(), common: new Spare() }
  #closed = false
  /** Off for good once the server is found not to keep what was prepared, as behind some poolers. */
  #prepares: boolean

  constructor(source: Source, timeoutMs: number) {
    this.#source = source
    this.#timeoutMs = timeoutMs
    this.#prepares = source.ours
  }

  /** Host, port and database, for people. */
  get server(): string {
    return this.#source.shown
  }

  get #shown(): string {
    return `PostgreSQL at ${this.server}`
  }

  /** How long a statement may wait for a lock of somebody else; a client that waits for it waits a little longer. */
  get lockMs(): number {
    return Math.ceil(this.#timeoutMs * 0.8)
  }

  /**
   * One statement, committed when it resolves; waiting for a connection is part of its time. One that comes `often`, with other
   * values each time (one of Calls), is read and planned by the server once per connection.
   */
  async query(lane: Lane, statement: Sql, options: { timeoutMs?: number; often?: boolean } = {}): Promise<SqlRow[]> {
    const { timeoutMs = this.#timeoutMs, often } = options
    const deadline = performance.now() + timeoutMs
    return this.#repeated(() =>
      this.#withClient(lane, deadline, async (client, doubt) => {
        doubt.sent = true
        const leftMs = () => deadline - performance.now()
        return often && this.#prepares
          ? this.#runPrepared(client, statement, leftMs)
          : this.#run(client, statement, leftMs())
      }),
    )
  }

  /**
   * A read whose cost is not known beforehand: a list, a search, a count. The server itself ends it, shortly before nobody
   * waits for it any more; it is not tried again then. Rejects with READ_TIMED_OUT, a `lookUp` by a key with STORE_UNAVAILABLE.
   * `whole`: no index is of use.
   */
  async read(
    statement: Sql,
    options: { timeoutMs?: number; lookUp?: boolean; whole?: boolean } = {},
  ): Promise<SqlRow[]> {
    const { timeoutMs = this.#timeoutMs, lookUp, whole } = options
    const wantedMs = endsAfter(timeoutMs)
    const deadline = performance.now() + timeoutMs
    return this.#repeated(() =>
      this.#withClient('common', deadline, async (client) => {
        const leftMs = deadline - performance.now()
        const serverMs = endsAfter(leftMs)
        try {
          const query = client.query({ text: timedRead(statement, serverMs, { whole }), types })
          // One answer for each statement of the text.
          const answers = (await answered(query, leftMs)) as unknown as PgResult[]
          return answers.at(-1)!.rows as SqlRow[]
        } catch (error) {
          throw wasEnded(error) ? readEnded(this.#shown, { ms: serverMs, wantedMs, lookUp }, error) : error
        }
      }),
    )
  }

  /**
   * Several statements that commit as one, each with its own time. `work` must be repeatable. A statement that waits for a
   * lock of somebody else gives up before the client does. Where the connection falls silent in between, the server undoes
   * the transaction after `idleMs`: what it had locked would be out of everybody's reach for hours otherwise. One that `looks`
   * through a table has its statements ended by the server as those of `read` are.
   */
  async transaction<T>(
    lane: Lane,
    work: (run: Run) => Promise<T>,
    options: { timeoutMs?: number; idleMs?: number; tries?: number; looks?: boolean } = {},
  ): Promise<T> {
    const { timeoutMs = this.#timeoutMs, idleMs = this.#timeoutMs, looks = false } = options
    const lookMs = endsAfter(timeoutMs)
    const begin = `
      begin isolation level read committed;
      set local lock_timeout = ${this.lockMs};
      set local idle_in_transaction_session_timeout = ${idleMs}${looks ? `;${forLooks(lookMs)}` : ''}`
    const once = () =>
      this.#withClient(lane, performance.now() + this.#timeoutMs, async (client, doubt) => {
        await this.#text(client, begin)
        try {
          const result = await work((statement) => this.#run(client, statement, timeoutMs))
          doubt.sent = true
          await this.#text(client, 'commit')
          return result
        } catch (error) {
          const ended = looks && !doubt.sent && wasEnded(error)
          if (ended || (!doubt.sent && !isBroken(error))) await this.#text(client, 'rollback')
          throw ended ? readEnded(this.#shown, { ms: lookMs, wantedMs: lookMs }, error) : error
        }
      })
    return this.#repeated(once, options.tries)
  }

  /** One statement on the application's connection: its own time-outs, no retry, its errors as they are. */
  async foreign(client: PgQueryable, statement: Sql): Promise<SqlRow[]> {
    return (await client.query(queryOf(statement))).rows as SqlRow[]
  }

  /** What its pools are doing. */
  uses(): PoolUse[] {
    return [...this.#open].map(([{ totalCount = 0, idleCount = 0, waitingCount = 0, options }, pool]) => {
      const idle = idleCount + (this.#source.ours && this.#spares[pool as Lane].isThere ? 1 : 0)
      return { pool, limit: options?.max ?? null, busy: totalCount - idle, idle, waiting: waitingCount }
    })
  }

  /** Waits for calls under way. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    if (!this.#source.ours) return
    for (const spare of Object.values(this.#spares)) spare.release()
    for (const pool of await Promise.allSettled(Object.values(this.#pools))) {
      if (pool.status === 'fulfilled') await pool.value.end()
    }
  }

  /** Throws STORE_CLOSED after close(). */
  check(): void {
    if (!this.#closed) return
    throw new FaenaError('STORE_CLOSED', `The PostgreSQL store of ${this.server} is closed; make a new one`)
  }

  async #repeated<T>(call: () => Promise<T>, most = TRIES): Promise<T> {
    const deadline = performance.now() + this.#timeoutMs
    for (let tries = 1; ; tries++) {
      try {
        return await call()
      } catch (error) {
        const over = tries >= most || performance.now() >= deadline
        if (over || faultOf(error) !== 'repeat') throw translated(error, this.server, false)
        // Jittered, so that those who got into each other's way do not meet again.
        await new Promise((resolve) => setTimeout(resolve, 2 ** tries * (2 + 4 * Math.random())))
      }
    }
  }

  async #withClient<T>(
    lane: Lane,
    deadline: number,
    work: (client: PgClient, doubt: { sent: boolean }) => Promise<T>,
  ): Promise<T> {
    this.check()
    const pool = await this.#pool(lane)
    const client = this.#spares[lane].take() ?? (await this.#acquire(pool, deadline))
    // A connection that breaks while nothing is asked of it says so by an event, which must not end the process. Nor may one be
    // kept that broke in the moment of its answer.
    let broken: Error | undefined
    const breaks = (error: Error) => {
      broken ??= error
    }
    client.on('error', breaks)
    const doubt = { sent: false }
    try {
      return await work(client, doubt)
    } catch (error) {
      if (!isBroken(error)) throw error
      broken = error as Error
      throw translated(error, this.server, doubt.sent && mayHaveCommitted(error))
    } finally {
      client.removeListener('error', breaks)
      if (broken !== undefined || !this.#isSpare(pool) || !this.#spares[lane].keep(client)) client.release(broken)
    }
  }

  /** Whether a connection of this pool need not go back at once. */
  #isSpare({ waitingCount }: PgPool): boolean {
    return this.#source.ours && !this.#closed && waitingCount === 0
  }

  async #acquire(pool: PgPool, deadline: number): Promise<PgClient> {
    const waiting = pool.connect()
    const ms = Math.min(this.#timeoutMs, deadline - performance.now())
    try {
      return await within(waiting, ms)
    } catch (error) {
      // Should the connection come after all, nobody waits for it any more.
      waiting.then(
        (client) => client.release(),
        () => {},
      )
      if (!(error instanceof TimeOut)) throw translated(error, this.server, false)
      throw unavailable(
        `PostgreSQL at ${this.server} gave no connection within ${Math.round(ms)} ms; nothing was stored`,
        error,
        false,
      )
    }
  }

  #pool(lane: Lane): Promise<PgPool> {
    const known = this.#pools[lane]
    if (known) return known
    const opened = this.#source.pool(lane)
    this.#pools[lane] = opened
    opened.then(
      (pool) => this.#open.set(pool, this.#source.ours ? lane : 'application'),
      // A pool that could not be made (the client's package is missing) is asked for again next time.
      () => delete this.#pools[lane],
    )
    return opened
  }

  async #run(client: PgQueryable, statement: Sql, timeoutMs: number): Promise<SqlRow[]> {
    return (await answered(client.query(queryOf(statement)), timeoutMs)).rows as SqlRow[]
  }

  async #runPrepared(client: PgQueryable, statement: Sql, leftMs: () => number): Promise<SqlRow[]> {
    const { name, text } = preparedOf(statement)
    try {
      const query = client.query({ name, text, values: storable(statement.values), types })
      return (await answered(query, leftMs())).rows as SqlRow[]
    } catch (error) {
      if (!isUnprepared(error)) throw error
      this.#prepares = false
      return this.#run(client, statement, leftMs())
    }
  }

  #text(client: PgQueryable, text: string): Promise<unknown> {
    return answered(client.query({ text }), this.#timeoutMs)
  }
}

function queryOf(statement: Sql) {
  return { text: statementText(statement, 'dollar'), values: storable(statement.values), types }
}

/** Whether the connection is of no more use. */
function isBroken(error: unknown): boolean {
  return !(error instanceof FaenaError) && faultOf(error) === 'unavailable'
}
