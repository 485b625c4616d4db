import { type BigIntStats, mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { isMainThread } from 'node:worker_threads'
import { FaenaError, notAllowed } from '../../core/errors.ts'
import { MAY_GO_ON } from './limit.ts'
import { Log } from './log.ts'
import { holdAlone, versionAtLeast, WAL_SAFE_VERSION } from './safety.ts'

export type Value = SQLInputValue
export type Row = Record<string, unknown>

/** How hard a commit is pushed to the disk: `full` survives a loss of power, `normal` a crash of the process or the system's. */
type Durability = 'full' | 'normal'

interface WriteOptions<T> {
  /** How long to wait for the write lock. */
  timeoutMs?: number
  /** Told once everybody can see the result, also where the disk fails after that. */
  committed?: (result: T) => void
}

/**
 * The one connection of a store. SQLite is synchronous, so nothing here waits inside it: a database that another process
 * (or a transaction of the application in this very process) is writing to answers at once, and the write is tried again
 * from a timer, so that the event loop is free for whoever must commit first.
 */
export class Connection {
  /** Whole, so that it names the same file wherever the process goes, and is never read as a URI of SQLite's. */
  readonly path: string
  readonly #timeoutMs: number
  readonly #statements = new Map<string, StatementSync>()
  readonly #underWay = new Set<Promise<unknown>>()
  #database: DatabaseSync | undefined
  #closing = false
  #file: BigIntStats | undefined
  #release: (() => void) | undefined
  #durability: Durability | undefined
  #serverVersion = ''
  /** None where the file can't have a log (a file system without shared memory): then commits sync by themselves. */
  #log: Log | undefined

  constructor(path: string, timeoutMs: number) {
    if (path === '') throw notAllowed('BAD_ARGUMENT', 'path', path, 'a file, or :memory:')
    this.path = path === ':memory:' ? path : resolve(path)
    this.#timeoutMs = timeoutMs
  }

  /** Takes calls. */
  get opened(): boolean {
    return this.#database !== undefined && !this.#closing
  }

  get inMemory(): boolean {
    return this.path === ':memory:'
  }

  get fileExists(): boolean {
    return this.inMemory || this.#stat() !== undefined
  }

  get serverVersion(): string {
    return this.#serverVersion
  }

  async open(): Promise<void> {
    if (this.#database) return
    const database = this.#connect()
    // Each step may find the file locked, even the first: whoever opens a new file switches it to WAL, and needs it alone.
    const step = <T>(work: () => T) => this.#patiently(work)
    try {
      const { version } = await step(
        () => database.prepare('select sqlite_version() as version').get() as { version: string },
      )
      this.#serverVersion = version
      if (!this.inMemory && !versionAtLeast(version, WAL_SAFE_VERSION)) this.#release = holdAlone(this.path, version)
      await step(() =>
        database.exec(
          'pragma busy_timeout = 0; pragma foreign_keys = off; pragma temp_store = memory; pragma cache_size = -4000',
        ),
      )
      // A worker's heartbeat, which commits each second in a thread, moves the log at SQLite's own mark of 1000 pages; the
      // event loop is held up by it only where the log is far beyond that.
      if (isMainThread) await step(() => database.exec(`pragma wal_autocheckpoint = ${LONGEST_LOG_PAGES}`))
      // Of a new file only. Larger pages take half the system calls; still larger ones make small commits heavy.
      await step(() => database.exec('pragma page_size = 8192'))
      const mode = await step(() => database.prepare('pragma journal_mode = wal').get() as { journal_mode: string })
      this.#log = mode.journal_mode === 'wal' ? new Log(this.path) : undefined
      if (this.#log !== undefined) await step(() => database.exec('pragma synchronous = normal'))
      this.#file = this.#stat()
    } catch (error) {
      database.close()
      this.#letGo()
      throw translated(error, this.path)
    }
    this.#closing = false
    this.#database = database
  }

  /** Waits for what is under way; calls that come meanwhile find the store closed. */
  async close(): Promise<void> {
    this.#closing = true
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay)
    this.#statements.clear()
    await this.#log?.close()
    this.#log = undefined
    this.#database?.close()
    this.#database = undefined
    this.#durability = undefined
    this.#letGo()
  }

  get database(): DatabaseSync {
    if (this.#database) return this.#database
    throw this.closed()
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
   * Runs `work` in one write transaction, as often as it takes to get the write lock; `work` must be repeatable and wake
   * nobody, since whoever wakes may call in the middle of the transaction. Rejects with STORE_UNAVAILABLE once the time-out
   * has passed, or if the disk is full or fails or the file is gone; nothing is stored then, unless the error says `inDoubt`.
   */
  async write<T>(durability: Durability, work: () => T, options: WriteOptions<T> = {}): Promise<T> {
    const written = this.#call(options.timeoutMs ?? this.#timeoutMs, () => {
      this.requireFile()
      if (this.#log === undefined) this.#setDurability(durability)
      this.prepare('begin immediate').run()
      try {
        const result = work()
        this.#commit()
        options.committed?.(result)
        return result
      } catch (error) {
        if (this.database.isTransaction) this.database.exec('rollback')
        throw error
      }
    })
    return durability === 'full' && this.#log !== undefined ? this.#tracked(this.#onDisk(written)) : written
  }

  async #onDisk<T>(written: Promise<T>): Promise<T> {
    const result = await written
    await this.synced()
    return result
  }

  /** Resolves when all that was committed before is on the disk. Rejects with STORE_UNAVAILABLE, in doubt, where it fails. */
  async synced(): Promise<void> {
    try {
      await this.#log?.synced()
    } catch (cause) {
      const text = `The SQLite file ${this.path} could not be brought to the disk: ${(cause as Error).message}; what was written is seen by everybody, but may not survive a loss of power`
      throw new FaenaError('STORE_UNAVAILABLE', text, { cause, inDoubt: true })
    }
  }

  /**
   * Where the disk fails now, the whole commit may lie in the log all the same. It is undone here, and the next commit takes
   * its place; but a crash before that one would have it found and taken for good.
   */
  #commit(): void {
    try {
      this.prepare('commit').run()
    } catch (error) {
      if (resultCode(error) !== IO_ERROR) throw error
      throw new FaenaError(
        'STORE_UNAVAILABLE',
        `The SQLite file ${this.path} cannot be used: ${(error as Error).message}; it is not known whether what was asked was stored`,
        { cause: error, inDoubt: true },
      )
    }
  }

  /** A read; busy only while another process recovers the log after a crash. */
  async read<T>(work: () => T): Promise<T> {
    return this.#call(this.#timeoutMs, work)
  }

  #connect(): DatabaseSync {
    try {
      if (!this.inMemory) mkdirSync(dirname(this.path), { recursive: true })
      const database = new DatabaseSync(this.path, { enableForeignKeyConstraints: false })
      // Here tables are small, or a few of their rows are meant.
      database.function(MAY_GO_ON, () => 1)
      return database
    } catch (cause) {
      throw new FaenaError(
        'STORE_UNAVAILABLE',
        `Cannot open the SQLite file ${this.path}: ${(cause as Error).message}`,
        { cause },
      )
    }
  }

  #letGo(): void {
    this.#release?.()
    this.#release = undefined
  }

  closed(): FaenaError {
    return new FaenaError(
      'STORE_CLOSED',
      `The SQLite store ${this.path} is not open; call open() first, and nothing after close()`,
    )
  }

  #stat(): BigIntStats | undefined {
    return this.inMemory ? undefined : statSync(this.path, { bigint: true, throwIfNoEntry: false })
  }

  /** Whether this is the file that was opened, by whatever name. Null and undefined are none. */
  isItsFile(path: string | null | undefined): boolean {
    const found = path ? statSync(path, { bigint: true, throwIfNoEntry: false }) : undefined
    return found !== undefined && found.ino === this.#file?.ino && found.dev === this.#file.dev
  }

  /** A file that was deleted or replaced still takes our writes, but nobody would ever find them again. */
  requireFile(): void {
    if (this.inMemory || this.isItsFile(this.path)) return
    throw new FaenaError(
      'STORE_UNAVAILABLE',
      `The SQLite file ${this.path} was ${this.fileExists ? 'replaced by another' : 'deleted'} while it was open; nothing was stored. Put it back, or restart this process.`,
    )
  }

  #setDurability(durability: Durability): void {
    if (this.#durability === durability) return
    this.database.exec(`pragma synchronous = ${durability}`)
    this.#durability = durability
  }

  async #call<T>(timeoutMs: number, work: () => T): Promise<T> {
    if (!this.opened) throw this.closed()
    try {
      return work()
    } catch (error) {
      if (!isBusy(error)) throw translated(error, this.path)
    }
    return this.#tracked(this.#patiently(work, timeoutMs))
  }

  /** `close` waits for it. */
  async #tracked<T>(call: Promise<T>): Promise<T> {
    this.#underWay.add(call)
    try {
      return await call
    } finally {
      this.#underWay.delete(call)
    }
  }

  async #patiently<T>(work: () => T, timeoutMs = this.#timeoutMs): Promise<T> {
    const began = performance.now()
    for (let tries = 0; ; tries++) {
      try {
        return work()
      } catch (error) {
        if (!isBusy(error)) throw translated(error, this.path)
        const waited = performance.now() - began
        if (waited >= timeoutMs) {
          throw new FaenaError(
            'STORE_UNAVAILABLE',
            `The SQLite file ${this.path} was locked by another writer for ${timeoutMs} ms; nothing was stored. Look for a transaction that is left open.`,
            { cause: error },
          )
        }
        // Jittered, so that processes that were refused together do not come back together; and whoever has waited for long
        // looks most often, since the lock goes to who comes by when it is free.
        const gap = Math.max(1, Math.min(1 + tries, 12 - waited / 100))
        await new Promise((resolve) => setTimeout(resolve, gap * (0.5 + Math.random())))
      }
    }
  }
}

/** Pages of the log at which a commit also moves it to the database: 32 MiB of 8 KiB each. */
const LONGEST_LOG_PAGES = 4_000

const BUSY = 5
const LOCKED = 6
const PROTOCOL = 15 // the lock was contended for so long that SQLite itself gave up
const IO_ERROR = 10
const UNAVAILABLE = new Set([8, IO_ERROR, 11, 13, 14, 26]) // readonly, I/O error, malformed, full, cannot open, not a database

function resultCode(error: unknown): number {
  const code = (error as { errcode?: unknown } | null)?.errcode
  return typeof code === 'number' ? code & 0xff : 0
}

export function isBusy(error: unknown): boolean {
  const code = resultCode(error)
  return code === BUSY || code === LOCKED || code === PROTOCOL
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
