import { Worker } from 'node:worker_threads'
import { FaenaError } from '../../core/errors.ts'
import { ownModule } from '../../core/own-file.ts'
import { endsAfter, readEnded } from '../sql/ended.ts'
import type { SqlRow } from '../sql/rows.ts'
import { type Sql, statementText } from '../sql/sql.ts'
import type { Connection, Value } from './connection.ts'
import { steadyMs } from './limit.ts'
import type { Answered, Asked } from './reader-thread.ts'

/** Below this many rows a read is over sooner here than a thread could answer. */
const SMALL = 20_000
const IDLE_MS = 30_000

/** How many rows there are at most. Each end is a look-up of its own: both in one select would go through the table. */
const SPAN = `select ${['jobs', 'failed_jobs', 'faena_runs']
  .map((table) => `coalesce((select max(id) from ${table}) - (select min(id) from ${table}), 0)`)
  .join(' + ')} as span`

interface Waiting {
  resolve(rows: SqlRow[]): void
  reject(error: Error): void
  timer: NodeJS.Timeout
}

/**
 * Runs the reads of lists, counts and groups. On large tables they go to a thread with a connection of its own, so that a
 * dashboard never holds up the event loop that dispatches or works; the thread ends when it was idle for half a minute.
 */
export class ThreadedReader {
  readonly #connection: Connection
  readonly #idleMs: number
  readonly #timeoutMs: number
  readonly #waiting = new Map<number, Waiting>()
  #thread: Worker | undefined
  #idle: NodeJS.Timeout | undefined
  #number = 0
  #allAnswered: (() => void)[] = []

  /** `timeoutMs`: how long a read in the thread may take before it rejects with READ_TIMED_OUT. */
  constructor(connection: Connection, timeoutMs: number, idleMs = IDLE_MS) {
    this.#connection = connection
    this.#timeoutMs = timeoutMs
    this.#idleMs = idleMs
  }

  /** A read that may have to look at every row of a table. */
  async all(statement: Sql): Promise<SqlRow[]> {
    return (await this.#isSmall()) ? this.here(statement) : this.#inThread(statement)
  }

  /** A read that finds its rows by an index, however large the table. */
  async here(statement: Sql): Promise<SqlRow[]> {
    const text = statementText(statement, 'question')
    return this.#connection.read(() => this.#connection.all(text, ...(statement.values as Value[])))
  }

  /** Waits for the reads under way. Those that come later are refused by the connection, which closes first. */
  async close(): Promise<void> {
    if (this.#waiting.size > 0) await new Promise<void>((resolve) => this.#allAnswered.push(resolve))
    await this.#endThread()
  }

  async #isSmall(): Promise<boolean> {
    if (this.#connection.inMemory) return true
    return this.#connection.read(() => Number(this.#connection.get(SPAN)?.span) < SMALL)
  }

  async #inThread(statement: Sql): Promise<SqlRow[]> {
    const text = statementText(statement, 'question')
    const { values } = statement
    if (!this.#connection.opened) throw this.#connection.closed()
    const thread = this.#started()
    const number = ++this.#number
    const until = steadyMs() + endsAfter(this.#timeoutMs)
    return new Promise((resolve, reject) => {
      // For what the thread cannot end: a look into an index, which seldom takes long, or a file system that does not answer.
      const late = { number, error: 'it goes on where nobody waits for it any more', ended: true }
      const timer = setTimeout(() => this.#answered(late), this.#timeoutMs)
      this.#waiting.set(number, { resolve, reject, timer })
      thread.ref()
      thread.postMessage({ number, text, values, until } satisfies Asked)
    })
  }

  #started(): Worker {
    clearTimeout(this.#idle)
    if (this.#thread) return this.#thread
    const thread = new Worker(ownModule('stores/sqlite/reader-thread'), {
      workerData: { path: this.#connection.path },
      // The process's own may be such as no thread can have: --eval, --input-type.
      execArgv: [],
    })
    thread.unref()
    thread.on('message', (answer: Answered) => this.#answered(answer))
    thread.on('error', (error) => this.#ended(thread, error as Error))
    thread.on('exit', () => this.#ended(thread, new Error('the reading thread ended')))
    this.#thread = thread
    return thread
  }

  #answered(answer: Answered): void {
    const waiting = this.#waiting.get(answer.number)
    // Told already that its time was over.
    if (waiting === undefined) return
    clearTimeout(waiting.timer)
    this.#waiting.delete(answer.number)
    if ('rows' in answer) waiting.resolve(answer.rows)
    else waiting.reject(this.#failure(answer))
    if (this.#waiting.size > 0) return
    this.#thread?.unref()
    this.#idle = setTimeout(() => void this.#endThread(), this.#idleMs)
    this.#idle.unref()
    this.#tellAllAnswered()
  }

  #failure({ error, ended }: { error: string; ended: boolean }): FaenaError {
    const { path } = this.#connection
    const ms = endsAfter(this.#timeoutMs)
    if (ended) return readEnded(`The thread that reads ${path}`, { ms, wantedMs: ms }, error)
    return new FaenaError('STORE_UNAVAILABLE', `Reading from ${path} failed: ${error}`)
  }

  /** Leaves the reads alone that another thread, begun meanwhile, may have to answer. */
  async #endThread(): Promise<void> {
    clearTimeout(this.#idle)
    const thread = this.#thread
    this.#thread = undefined
    await thread?.terminate()
  }

  #tellAllAnswered(): void {
    for (const resolve of this.#allAnswered.splice(0)) resolve()
  }

  #ended(thread: Worker, cause: Error): void {
    if (this.#thread !== thread) return
    this.#thread = undefined
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer)
      reject(
        new FaenaError('STORE_UNAVAILABLE', `Reading from ${this.#connection.path} failed: ${cause.message}`, {
          cause,
        }),
      )
    }
    this.#waiting.clear()
    this.#tellAllAnswered()
  }
}
