import { FaenaError } from '../../core/errors.ts'

/** The part of the `mysql2` package that this store uses; its own types are not needed by whoever uses Faena. */
export interface MysqlModule {
  createConnection(config: Record<string, unknown>): MysqlConnection
}

/** A connection of `mysql2` in its callback form. */
export interface MysqlConnection {
  query(options: { sql: string }, done: (error: MysqlError | null, result: unknown) => void): unknown
  ping(done: (error: MysqlError | null) => void): void
  end(done: (error?: MysqlError | null) => void): void
  destroy(): void
  on(event: 'error' | 'end', listener: (error: Error) => void): unknown
  once(event: 'connect' | 'error', listener: (error: Error) => void): unknown
  readonly stream?: { ref?(): unknown; unref?(): unknown }
}

/** An error of the server (`errno` and `sqlState`) or of the way to it (`code` alone). */
export interface MysqlError extends Error {
  code?: string
  errno?: number
  sqlState?: string
  fatal?: boolean
}

export type SqlRow = Record<string, unknown>

/** What one statement answered: rows, or how many rows it matched and the id it gave. */
export interface Answer {
  rows: SqlRow[]
  /** Rows that matched, changed or not; for an upsert, 1 of each insert and up to 2 of each update. */
  affected: number
  insertId: number
  /** Whether the connection is inside a transaction, or would begin one with the next statement. */
  inTransaction: boolean
}

const IN_TRANSACTION = 1
const AUTOCOMMIT = 2

interface Header {
  affectedRows: number
  insertId: number
  serverStatus?: number
}

/** The answers of a packet of `count` statements, whatever form the client gives them. */
export function answersOf(result: unknown, count: number): Answer[] {
  const results = count === 1 ? [result] : (result as unknown[])
  return results.map((each) => {
    if (Array.isArray(each)) return { rows: each as SqlRow[], affected: 0, insertId: 0, inTransaction: false }
    const { affectedRows, insertId, serverStatus = AUTOCOMMIT } = each as Header
    const inTransaction = (serverStatus & IN_TRANSACTION) !== 0 || (serverStatus & AUTOCOMMIT) === 0
    return { rows: [], affected: affectedRows, insertId, inTransaction }
  })
}

/** Loaded with the first connection. */
export async function loadClient(): Promise<MysqlModule> {
  try {
    const module = (await import('mysql2')) as unknown as { default?: MysqlModule } & MysqlModule
    return module.default ?? module
  } catch (cause) {
    throw new FaenaError('BAD_CONFIGURATION', 'MySQL and MariaDB need the package mysql2; run: npm install mysql2', {
      cause,
    })
  }
}
