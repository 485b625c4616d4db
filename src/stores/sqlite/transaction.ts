import type { SQLInputValue } from 'node:sqlite'
import { FaenaError } from '../../core/errors.ts'

/** What the hot path needs of a connection: ours, or one of the application's with a transaction open on it. */
export interface Handle {
  prepare(sql: string): HandleStatement
}

interface HandleStatement {
  run(...values: SQLInputValue[]): { changes: number | bigint; lastInsertRowid: number | bigint }
  get(...values: SQLInputValue[]): unknown
  all(...values: SQLInputValue[]): unknown[]
}

const statements = new WeakMap<object, Map<string, HandleStatement>>()

/**
 * The application's own `DatabaseSync` (or a better-sqlite3 `Database`, which has the same form) as a handle. It must have
 * a transaction open on the very file that holds the jobs: only then do they commit or roll back with its own rows.
 */
export function callersHandle(tx: unknown, path: string): Handle {
  const database = tx as {
    prepare?: unknown
    isTransaction?: boolean
    inTransaction?: boolean
    location?: unknown
    name?: unknown
  }
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
  const known = statements.get(database) ?? new Map<string, HandleStatement>()
  statements.set(database, known)
  const prepare = (sql: string) => {
    const statement = known.get(sql) ?? (database as Handle).prepare(sql)
    known.set(sql, statement)
    return statement
  }
  requireTables(prepare, path)
  return { prepare }
}

function requireTables(prepare: Handle['prepare'], path: string): void {
  try {
    prepare('select 1 from jobs limit 0').get()
  } catch (cause) {
    throw new FaenaError(
      'BAD_ARGUMENT',
      `tx is a connection to a database without Faena's tables; allowed: one to ${path}`,
      { cause },
    )
  }
}
