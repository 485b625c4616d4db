import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { FaenaError } from '../../core/errors.ts'
import { holdAlone, versionAtLeast, WAL_SAFE_VERSION } from './safety.ts'

export type Value = SQLInputValue
export type Row = Record<string, unknown>

/** How hard a commit is pushed to the disk: `full` survives a loss of power, `normal` a crash of the process or the system's. */
type Durability = 'full' | 'normal'

/**
 * The one connection of a store. SQLite is synchronous, so nothing here waits inside it: a database that another process
 * (or a transaction of the application in this very process) is writing to answers at once, and the write is tried again
 * from a timer, so that the event loop is free for whoever must commit first.
 */
export class Connection {
  readonly path: string
  readonly #timeoutMs: number
  readonly #statements = new Map<string, StatementSync>()
  #database: DatabaseSync | undefined
  #release: (() => void) | undefined
  #durability: Durability | undefined
  #serverVersion = ''

  constructor(path: string, timeoutMs: number) {
    this.path = path
    this.#timeoutMs = timeoutMs
  }

  get opened(): boolean {
    return this.#database !== undefined
  }

  get serverVersion(): string {
    return this.#serverVersion
  }

  async open(): Promise<void> {
    if (this.#database) return
    const inMemory = this.path === ':memory:'
    if (!inMemory) mkdirSync(dirname(this.path), { recursive: true })
    const database = this.#connect()
    try {
      this.#serverVersion = (
        database.prepare('select sqlite_version() as version').get() as { version: string }
      ).version
      if (!inMemory && !versionAtLeast(this.#serverVersion, WAL_SAFE_VERSION)) {
        this.#release = holdAlone(this.path, this.#serverVersion)
      }
      database.exec(
        'pragma busy_timeout = 0; pragma foreign_keys = off; pragma temp_store = memory; pragma cache_size = -4000',
      )
      await this.#patiently(() => database.exec('pragma journal_mode = wal'))
    } catch (error) {
      database.close()
      this.#release?.()
      throw error
    }
    this.#database = database
  }

  close(): void {
    this.#statements.clear()
    this.#database?.close()
    this.#database = undefined
    this.#release?.()
    this.#release = undefined
  }

  get database(): DatabaseSync {
    if (this.#database) return this.#database
    throw new FaenaError(
      'STORE_CLOSED',
      `The SQLite store ${this.path} is not open; call open() first, and nothing after close()`,
    )
  }

  /** A statement prepared once per text. */
  prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.database.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  all(sql: string, ...values: Value[]): Row[] {
    return this.prepare(sql).all(...values) as Row[]
  }

  get(sql: string, ...values: Value[]): Row | undefined {
    return this.prepare(sql).get(...values) as Row | undefined
  }

  /** Answers how many rows changed. */
  run(sql: string, ...values: Value[]): number {
    return Number(this.prepare(sql).run(...values).changes)
  }

  /**
   * Runs `work` in one write transaction, as often as it takes to get the write lock; `work` must be repeatable. Rejects
   * with STORE_UNAVAILABLE once the time-out has passed, or if the disk is full or fails; nothing is stored then.
   */
  async write<T>(durability: Durability, work: () => T): Promise<T> {
    return this.#patiently(() => {
      this.#setDurability(durability)
      this.prepare('begin immediate').run()
      try {
        const result = work()
        this.prepare('commit').run()
        return result
      } catch (error) {
        if (this.database.isTransaction) this.database.exec('rollback')
        throw error
      }
    })
  }

  /** A read; busy only while another process recovers the log after a crash. */
  async read<T>(work: () => T): Promise<T> {
    return this.#patiently(work)
  }

  #connect(): DatabaseSync {
    try {
      return new DatabaseSync(this.path, { enableForeignKeyConstraints: false })
    } catch (cause) {
      throw new FaenaError(
        'STORE_UNAVAILABLE',
        `Cannot open the SQLite file ${this.path}: ${(cause as Error).message}`,
        { cause },
      )
    }
  }

  #setDurability(durability: Durability): void {
    if (this.#durability === durability) return
    this.prepare(`pragma synchronous = ${durability}`).run()
    this.#durability = durability
  }

  async #patiently<T>(work: () => T): Promise<T> {
    let deadline: number | undefined
    for (let tries = 0; ; tries++) {
      try {
        return work()
      } catch (error) {
        if (!isBusy(error)) throw translated(error, this.path)
        deadline ??= performance.now() + this.#timeoutMs
        if (performance.now() >= deadline) {
          throw new FaenaError(
            'STORE_UNAVAILABLE',
            `The SQLite file ${this.path} was locked by another writer for ${this.#timeoutMs} ms; nothing was stored. Look for a transaction that is left open.`,
            { cause: error },
          )
        }
        // Jittered, so that processes that were refused together do not come back together.
        await new Promise((resolve) => setTimeout(resolve, Math.min(1 + tries, 12) * (0.5 + Math.random())))
      }
    }
  }
}

const BUSY = 5
const LOCKED = 6
const UNAVAILABLE = new Set([8, 10, 13, 14, 26]) // readonly, I/O error, full, cannot open, not a database

function resultCode(error: unknown): number {
  const code = (error as { errcode?: unknown } | null)?.errcode
  return typeof code === 'number' ? code & 0xff : 0
}

export function isBusy(error: unknown): boolean {
  const code = resultCode(error)
  return code === BUSY || code === LOCKED
}

function translated(error: unknown, path: string): unknown {
  if (error instanceof FaenaError || !UNAVAILABLE.has(resultCode(error))) return error
  return new FaenaError(
    'STORE_UNAVAILABLE',
    `The SQLite file ${path} cannot be used: ${(error as Error).message}; nothing was stored`,
    {
      cause: error,
    },
  )
}
