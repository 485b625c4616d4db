import type { SQLInputValue } from 'node:sqlite'
import { FaenaError } from '../../core/errors.ts'
import type { Connection } from './connection.ts'

/** What the hot path needs of a connection: ours, or one of the application's with a transaction open on it. */
export interface Handle {
  prepare(sql: string): HandleStatement
}

interface HandleStatement {
  run(...values: SQLInputValue[]): { changes: number | bigint; lastInsertRowid: number | bigint }
  get(...values: SQLInputValue[]): unknown
  all(...values: SQLInputValue[]): unknown[]
}

/** A `DatabaseSync` of node:sqlite, or a `Database` of better-sqlite3, which has nearly the same form. */
interface CallersDatabase {
  prepare(sql: string): CallersStatement
  isTransaction?: boolean
  inTransaction?: boolean
  location?(): string | null
  name?: string
}

interface CallersStatement extends HandleStatement {
  setReadBigInts?(on: boolean): void
  setReturnArrays?(on: boolean): void
  safeIntegers?(on: boolean): void
}

const handles = new WeakMap<object, Handle>()

/**
 * The application's own connection as a handle. It must have a transaction open on the very file that holds the jobs: only
 * then do they commit or roll back with its own rows, and are found by the workers.
 */
export function callersHandle(tx: unknown, connection: Connection): Handle {
  const database = tx as Partial<CallersDatabase> & object
  if (typeof database?.prepare !== 'function') {
    throw new FaenaError(
      'BAD_ARGUMENT',
      'tx is not a SQLite connection; allowed: a DatabaseSync of node:sqlite with a transaction open',
    )
  }
  if (!(database.isTransaction ?? database.inTransaction)) {
    throw new FaenaError(
      'BAD_ARGUMENT',
      'tx has no transaction open; call database.exec("begin immediate") before the dispatch',
    )
  }
  connection.requireFile()
  const known = handles.get(database)
  if (known && isUsable(known)) return known
  const handle = handleOn(database as CallersDatabase)
  requireOurs(database as CallersDatabase, handle, connection)
  handles.set(database, handle)
  return handle
}

/** Runs `work` so that the caller's transaction keeps all of what it wrote or, where it throws, nothing. */
export function allOrNothing<T>(handle: Handle, work: () => T): T {
  handle.prepare('savepoint faena').run()
  let result: T
  try {
    result = work()
  } catch (error) {
    try {
      handle.prepare('rollback to faena').run()
      handle.prepare('release faena').run()
    } catch {
      // An error such as a full disk has ended the whole transaction; that error is the one to tell.
    }
    throw error
  }
  handle.prepare('release faena').run()
  return result
}

const PROBE = 'select 1 from jobs limit 0'

/** A connection that was closed and opened again has lost its statements. */
function isUsable(handle: Handle): boolean {
  try {
    handle.prepare(PROBE).get()
    return true
  } catch {
    return false
  }
}

function handleOn(database: CallersDatabase): Handle {
  const statements = new Map<string, HandleStatement>()
  return {
    prepare(sql) {
      const known = statements.get(sql)
      if (known) return known
      const statement = database.prepare(sql)
      // The connection may be set up to give rows in other forms than those that are read here.
      statement.setReadBigInts?.(false)
      statement.setReturnArrays?.(false)
      statement.safeIntegers?.(false)
      const usable = statement.safeIntegers && sql.includes('?1') ? numbered(statement) : statement
      statements.set(sql, usable)
      return usable
    },
  }
}

/** better-sqlite3 takes the values of ?1, ?2, … by name only. */
function numbered(statement: CallersStatement): HandleStatement {
  const named = (values: SQLInputValue[]) =>
    Object.fromEntries(values.map((value, at) => [at + 1, value])) as unknown as SQLInputValue
  return {
    run: (...values) => statement.run(named(values)),
    get: (...values) => statement.get(named(values)),
    all: (...values) => statement.all(named(values)),
  }
}

function requireOurs(database: CallersDatabase, handle: Handle, connection: Connection): void {
  const { path, inMemory } = connection
  if (inMemory) {
    throw new FaenaError(
      'UNSUPPORTED',
      'tx cannot reach a store in memory, which is its own connection alone: leave tx out, or use a file',
    )
  }
  const file = typeof database.location === 'function' ? database.location() : database.name
  if (file !== undefined && !connection.isItsFile(file)) {
    throw new FaenaError(
      'BAD_ARGUMENT',
      `tx is a connection to ${file || 'a database in memory'}, whose jobs no worker of this store would find; allowed: one to ${path}`,
    )
  }
  try {
    handle.prepare(PROBE).get()
  } catch (cause) {
    throw new FaenaError(
      'BAD_ARGUMENT',
      `tx is a connection to a database without Faena's tables; allowed: one to ${path}`,
      { cause },
    )
  }
}
