import { Worker } from 'node:worker_threads'
import { FaenaError } from '../../core/errors.ts'
import type { SqlRow } from '../sql/rows.ts'
import { type Sql, statementText } from '../sql/sql.ts'
import type { Connection, Value } from './connection.ts'

/** Below this many rows a read is over sooner here than a thread could answer. */
const SMALL = 20_000
const IDLE_MS = 30_000

/**
 * Runs the reads of lists, counts and groups. On large tables they go to a thread with a connection of its own, so that a
 * dashboard never holds up the event loop that dispatches or works; the thread ends when it was idle for half a minute.
 */
export class ThreadedReader {
  readonly #connection: Connection
  readonly #waiting = new Map<number, { resolve: (rows: SqlRow[]) => void; reject: (error: Error) => void }>()
  #thread: Worker | undefined
  #idle: NodeJS.Timeout | undefined
  #number = 0

  constructor(connection: Connection) {
    this.#connection = connection
  }

  async all(statement: Sql): Promise<SqlRow[]> {
    const text = statementText(statement, 'question')
    const values = statement.values as Value[]
    return (await this.#isSmall())
      ? this.#connection.read(() => this.#connection.all(text, ...values))
      : this.#inThread(text, values)
  }

  async close(): Promise<void> {
    clearTimeout(this.#idle)
    const thread = this.#thread
    this.#thread = undefined
    await thread?.terminate()
    for (const { reject } of this.#waiting.values())
      reject(new FaenaError('STORE_CLOSED', 'The store was closed while it read'))
    this.#waiting.clear()
  }

  async #isSmall(): Promise<boolean> {
    if (this.#connection.path === ':memory:') return true
    return this.#connection.read(() => {
      const row = this.#connection.get(
        'select coalesce((select max(id) - min(id) from jobs), 0) + coalesce((select max(id) - min(id) from failed_jobs), 0) as span',
      )
      return Number(row?.span) < SMALL
    })
  }

  #inThread(text: string, values: Value[]): Promise<SqlRow[]> {
    const thread = this.#started()
    const number = ++this.#number
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject })
      thread.ref()
      thread.postMessage({ number, text, values })
    })
  }

  #started(): Worker {
    clearTimeout(this.#idle)
    if (this.#thread) return this.#thread
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    const thread = new Worker(new URL(`./reader-thread.${extension}`, import.meta.url), {
      workerData: { path: this.#connection.path },
    })
    thread.unref()
    thread.on('message', (answer: { number: number; rows?: SqlRow[]; error?: string }) => this.#answered(answer))
    thread.on('error', (error) => this.#ended(thread, error))
    thread.on('exit', () => this.#ended(thread, new Error('the reading thread ended')))
    this.#thread = thread
    return thread
  }

  #answered({ number, rows, error }: { number: number; rows?: SqlRow[]; error?: string }): void {
    const waiting = this.#waiting.get(number)
    this.#waiting.delete(number)
    if (rows) waiting?.resolve(rows)
    else waiting?.reject(new FaenaError('STORE_UNAVAILABLE', `Reading from ${this.#connection.path} failed: ${error}`))
    if (this.#waiting.size > 0) return
    this.#thread?.unref()
    this.#idle = setTimeout(() => {
      void this.close()
    }, IDLE_MS)
    this.#idle.unref()
  }

  #ended(thread: Worker, cause: Error): void {
    if (this.#thread !== thread) return
    this.#thread = undefined
    for (const { reject } of this.#waiting.values()) {
      reject(
        new FaenaError('STORE_UNAVAILABLE', `Reading from ${this.#connection.path} failed: ${cause.message}`, {
          cause,
        }),
      )
    }
    this.#waiting.clear()
  }
}
