import type { SQLInputValue } from 'node:sqlite'
import { FaenaError } from '../../core/errors.ts'
import { type Opened, openedBy } from '../sql/libraries.ts'
import { type Connection, isBusy } from './connection.ts'

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
 * Runs `work` in the application's own transaction, which keeps all of what it wrote or, where it throws, nothing. Where
 * the connection itself was given, all of it has happened when this returns: better-sqlite3's transactions end with their
 * function, and wait for no promise.
 */
export function inTransaction<T>(tx: unknown, connection: Connection, work: (handle: Handle) => T): Promise<T> {
  const opened = openedBy(tx)
  const run = (connectionOfTx: unknown): T => {
    const handle = callersHandle(connectionOfTx, connection)
    return unlessBusy(connection, () => allOrNothing(handle, () => work(handle)))
  }
  if (opened instanceof Promise) return opened.then((late) => run(givenOut(late)))
  return Promise.resolve(run(givenOut(opened)))
}

/** Nothing here may wait for an answer in the middle of a write, so a library has to give out its connection. */
function givenOut(opened: Opened): unknown {
  if (opened.ask === undefined) return opened.connection
  throw new FaenaError(
    'UNSUPPORTED',
    `${opened.library} keeps its SQLite connection to itself, so its transaction cannot be joined; allowed: the database that ` +
      'the connection was made with (DatabaseSync or Database), while its transaction is open',
  )
}

/** The connection waits for other writers as long as it is set up to, and not at all once it has read what is old by now. */
function unlessBusy<T>({ path }: Connection, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!isBusy(error) && !/^SQLITE_(BUSY|LOCKED)/.test(String((error as { code?: unknown } | null)?.code))) throw error
    throw new FaenaError(
      'STORE_UNAVAILABLE',
      `The SQLite file ${path} is being written to by another connection: roll back, and begin with "begin immediate", which is when a transaction can wait for others`,
      { cause: error },
    )
  }
}

/**
 * The application's own connection as a handle. It must have a transaction open on the very file that holds the jobs: only
 * then do they commit or roll back with its own rows, and are found by the workers.
 */
function callersHandle(tx: unknown, connection: Connection): Handle {
  const database = tx as Partial<CallersDatabase> & object
  if (typeof database?.prepare !== 'function') {
    throw new FaenaError(
      'BAD_ARGUMENT',
      'tx is not a SQLite connection; allowed: a DatabaseSync of node:sqlite or a Database of better-sqlite3 with a transaction open, or what Knex, Drizzle or TypeORM have open on one',
    )
  }
  if (!(database.isTransaction ?? database.inTransaction)) {
    throw new FaenaError(
      'BAD_ARGUMENT',
      'tx has no transaction open; call database.exec("begin immediate") before handing it over',
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

function allOrNothing<T>(handle: Handle, work: () => T): T {
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
      const usable = statement.safeIntegers && sql.includes('?1') ? numbered(statement, sql) : statement
      statements.set(sql, usable)
      return usable
    },
  }
}

/** better-sqlite3 takes the values of ?1, ?2, … by name only, and those of `?` after them in a list. */
function numbered(statement: CallersStatement, sql: string): HandleStatement {
  const numbers = Math.max(...Array.from(sql.matchAll(/\?(\d+)/g), ([, number]) => Number(number)))
  const given = (values: SQLInputValue[]) => {
    const named = Object.fromEntries(values.slice(0, numbers).map((value, at) => [at + 1, value]))
    return [...values.slice(numbers), named as unknown as SQLInputValue]
  }
  return {
    run: (...values) => statement.run(...given(values)),
    get: (...values) => statement.get(...given(values)),
    all: (...values) => statement.all(...given(values)),
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
