import { type Answer, answersOf, loadClient, type MysqlConnection } from './client.ts'
import { errorNumber, faultOf, TooLarge, wasEnded } from './errors.ts'
import { timedRead } from './server.ts'
import type { MysqlConfig } from './source.ts'

/** Room beside a statement in a packet. */
const MARGIN = 1_024
/** Of UTF-8, per unit of JavaScript's strings. */
const MOST_BYTES_PER_CHARACTER = 3
/** A connection that was idle for so long may be gone without anybody having told us. */
const DOUBTFUL_IDLE_MS = 30_000

/**
 * One connection of ours, set up so that no setting of the server's changes what a statement means. Transactions are READ
 * COMMITTED, so that no gap is ever locked. The session's time zone is left as it is: Laravel leaves it too, and
 * `failed_at` must read the same to both.
 */
export class Session {
  readonly #connection: MysqlConnection
  /** The longest statement the server takes, in bytes. */
  readonly longest: number
  /** From one id to the next of the same statement; more than 1 where several servers give ids. */
  readonly step: number
  readonly version: string
  /** What a transaction of several round trips begins and ends with. */
  readonly guard: IdleGuard
  /** Whether a transaction was begun that has not ended. */
  open = false
  broken = false
  /** What the server, or its settings for this user, gives a select; 0 is no limit. */
  readonly #limitMs: number
  #usedAt = performance.now()

  private constructor(connection: MysqlConnection, facts: Record<string, unknown>, timeoutMs: number) {
    this.#connection = connection
    this.longest = Number(facts.packet) - MARGIN
    this.step = Number(facts.step)
    this.version = String(facts.version)
    this.#limitMs = Number(facts.read_ms ?? 0)
    this.guard = idleGuard(this.version, timeoutMs, Number(facts.idle))
  }

  static async connect(config: MysqlConfig, timeoutMs: number): Promise<Session> {
    const { createConnection } = await loadClient()
    const connection = createConnection({
      ...config,
      connectTimeout: timeoutMs,
      multipleStatements: true,
      // Values are in the text already: nothing looks for places to put them.
      queryFormat: (text: string) => text,
      charset: 'utf8mb4_bin',
      dateStrings: true,
      enableKeepAlive: true,
      keepAliveInitialDelay: 10_000,
    })
    try {
      await within(timeoutMs, connection, (resolve, reject) => {
        connection.once('connect', () => resolve(undefined))
        connection.once('error', reject)
      })
      const [, , answer] = await query(connection, setUp(timeoutMs), timeoutMs)
      const session = new Session(connection, answer?.rows[0] ?? {}, timeoutMs)
      const broke = () => {
        session.broken = true
      }
      connection.on('error', broke)
      connection.on('end', broke)
      return session
    } catch (error) {
      connection.on('error', () => {})
      connection.destroy()
      throw error
    }
  }

  /** Runs the statements in one round trip; the first that fails is the last that ran. 0: no time-out. */
  async run(statements: readonly string[], timeoutMs: number): Promise<Answer[]> {
    return this.#sent(statements, timeoutMs, () => false)
  }

  async #sent(
    statements: readonly string[],
    timeoutMs: number,
    leavesItWhole: (error: unknown) => boolean,
  ): Promise<Answer[]> {
    if (!fits(statements, this.longest)) {
      const bytes = statements.reduce((sum, statement) => sum + Buffer.byteLength(statement) + 2, 0)
      throw new TooLarge(
        `A statement of ${bytes} bytes is larger than the server takes (max_allowed_packet ${this.longest + MARGIN})`,
      )
    }
    try {
      const answers = await query(this.#connection, statements, timeoutMs)
      this.#usedAt = performance.now()
      return answers
    } catch (error) {
      const isGone = errorNumber(error) === undefined || faultOf(error) === 'unavailable'
      if (isGone && !leavesItWhole(error)) this.destroy()
      throw error
    }
  }

  /** Runs a select that the server itself ends after `serverMs`; one whose time the server's own settings end sooner ends then. */
  async read(select: string, serverMs: number, timeoutMs: number): Promise<Answer> {
    const ms = this.#limitMs > 0 ? Math.min(this.#limitMs, serverMs) : serverMs
    const [answer] = await this.#sent([timedRead(this.version, select, ms)], timeoutMs, wasEnded)
    return answer!
  }

  /** False where the connection turns out to be gone. */
  async isAlive(timeoutMs: number): Promise<boolean> {
    if (this.broken) return false
    if (performance.now() - this.#usedAt < DOUBTFUL_IDLE_MS) return true
    try {
      await within(timeoutMs, this.#connection, (resolve, reject) =>
        this.#connection.ping((error) => (error ? reject(error) : resolve(undefined))),
      )
      return true
    } catch {
      this.destroy()
      return false
    }
  }

  /** In use, it keeps the process alive; idle, it does not. */
  use(): void {
    this.#connection.stream?.ref?.()
  }

  rest(): void {
    this.#usedAt = performance.now()
    this.#connection.stream?.unref?.()
  }

  destroy(): void {
    this.broken = true
    this.#connection.destroy()
  }

  async end(): Promise<void> {
    if (this.broken) return
    this.broken = true
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.#connection.destroy()
        resolve()
      }, 1_000)
      this.#connection.end(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
}

/** Whether the statements fit into so many bytes together. Counted exactly only where they might not. */
export function fits(statements: readonly string[], bytes: number): boolean {
  const characters = statements.reduce((sum, { length }) => sum + length + 2, 0)
  if (characters * MOST_BYTES_PER_CHARACTER <= bytes) return true
  return statements.reduce((sum, statement) => sum + Buffer.byteLength(statement) + 2, 0) <= bytes
}

export interface IdleGuard {
  readonly begin: readonly string[]
  readonly end: readonly string[]
}

/**
 * A transaction whose client fell silent in the middle, as a half-open connection lets it, must not keep its locks: the
 * server is told to end a connection on which it waits for the next statement longer than a caller would. MariaDB can be
 * told so of transactions alone, once for all; MySQL of connections only, so there it is set around each transaction.
 */
export function idleGuard(version: string, timeoutMs: number, usualSeconds: number): IdleGuard {
  if (/mariadb/i.test(version)) return { begin: [], end: [] }
  return {
    begin: [`set session wait_timeout = ${Math.ceil(timeoutMs / 1_000)}`],
    end: [`set session wait_timeout = ${usualSeconds}`],
  }
}

/** Waits for locks of others end before the caller's patience does, so that no transaction outlives its caller by much. */
function setUp(timeoutMs: number): string[] {
  const lockSeconds = Math.max(1, Math.floor((timeoutMs * 0.8) / 1_000))
  return [
    'set session transaction isolation level read committed',
    `set session sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', autocommit = 1,
      innodb_lock_wait_timeout = ${lockSeconds}, lock_wait_timeout = ${lockSeconds}
      /*M!100300 , idle_transaction_timeout = ${Math.ceil(timeoutMs / 1_000)} */`,
    'select @@max_allowed_packet as packet, @@auto_increment_increment as step, @@wait_timeout as idle, version() as version' +
      ' /*M!100101 , @@max_statement_time * 1000 as read_ms */ /*!80000 , @@max_execution_time as read_ms */',
  ]
}

async function query(connection: MysqlConnection, statements: readonly string[], timeoutMs: number): Promise<Answer[]> {
  const result = await within(timeoutMs, connection, (resolve, reject) =>
    connection.query({ sql: statements.join(';\n') }, (error, answer) => (error ? reject(error) : resolve(answer))),
  )
  return answersOf(result, statements.length)
}

/** A call that does not answer in time takes its connection with it: nobody knows what would still come back on it. */
function within<T>(
  timeoutMs: number,
  connection: MysqlConnection,
  call: (resolve: (value: T) => void, reject: (error: Error) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer =
      timeoutMs > 0 &&
      setTimeout(() => {
        reject(Object.assign(new Error(`no answer within ${timeoutMs} ms`), { code: 'ETIMEDOUT', fatal: true }))
        connection.destroy()
      }, timeoutMs)
    const done = () => timer && clearTimeout(timer)
    call(
      (value) => {
        done()
        resolve(value)
      },
      (error) => {
        done()
        reject(error)
      },
    )
  })
}
