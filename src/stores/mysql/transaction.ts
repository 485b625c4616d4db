import { FaenaError } from '../../core/errors.ts'
import type { Sql } from '../sql/sql.ts'
import { type Answer, answersOf } from './client.ts'
import type { Handle } from './connection.ts'
import { errorNumber, faultOf } from './errors.ts'
import { textOf } from './text.ts'

/** A connection of `mysql2` in either of its forms, as far as it is used. */
interface CallersConnection {
  query(options: Record<string, unknown>, done?: (error: Error | null, result: unknown) => void): unknown
  beginTransaction?: unknown
  getConnection?: unknown
  /** The connection that one with promises wraps. */
  connection?: CallersConnection
}

const steps = new WeakMap<object, number>()

/**
 * The application's own connection of `mysql2` as a handle. It must have a transaction open on the database that holds the
 * jobs: only then do they commit or roll back with its own rows. Statements go one by one, since nothing is known of how
 * the connection is set up; an error of theirs is the caller's, who rolls back.
 */
export async function callersHandle(tx: unknown, timeoutMs: number): Promise<Handle> {
  const connection = plainConnection(tx)
  const ask = async (text: string) => {
    const result = await within(timeoutMs, connection, text)
    return answersOf(result, 1)[0]!
  }
  if (!(await ask('do 0')).inTransaction) {
    throw new FaenaError(
      'BAD_ARGUMENT',
      'tx has no transaction open; call await connection.beginTransaction() before the dispatch',
    )
  }
  const step = steps.get(connection) ?? Number((await ask('select @@auto_increment_increment as step')).rows[0]?.step)
  steps.set(connection, step)
  return {
    foreign: true,
    room: 1024 * 1024,
    step,
    async run(...statements: Sql[]): Promise<Answer[]> {
      const answers: Answer[] = []
      for (const statement of statements) answers.push(await ask(textOf(statement, true)))
      return answers
    },
  }
}

function plainConnection(tx: unknown): CallersConnection {
  const given = tx as CallersConnection | null | undefined
  if (typeof given?.getConnection === 'function') {
    throw new FaenaError(
      'BAD_ARGUMENT',
      'tx is a pool; allowed: one connection of it (await pool.getConnection()) with a transaction open',
    )
  }
  if (typeof given?.query !== 'function' || typeof given.beginTransaction !== 'function') {
    throw new FaenaError(
      'BAD_ARGUMENT',
      'tx is not a MySQL connection; allowed: a connection of mysql2 with a transaction open',
    )
  }
  return typeof given.connection?.query === 'function' ? given.connection : given
}

/** Waiting ends for the caller, as everywhere; the connection is the application's to close. */
function within(timeoutMs: number, connection: CallersConnection, text: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const advice = 'roll back, and close the connection'
      reject(
        new FaenaError(
          'STORE_UNAVAILABLE',
          `The transaction's connection did not answer within ${timeoutMs} ms; ${advice}`,
          { inDoubt: false },
        ),
      )
    }, timeoutMs)
    connection.query({ sql: text, rowsAsArray: false, nestTables: false, typeCast: true }, (error, result) => {
      clearTimeout(timer)
      if (error) reject(explained(error))
      else resolve(result)
    })
  })
}

function explained(error: Error): Error {
  if (errorNumber(error) === undefined || faultOf(error) !== 'unmigrated') return error
  return new FaenaError(
    'BAD_ARGUMENT',
    `tx is a connection to a server or user that does not see Faena's tables: ${error.message}`,
    { cause: error },
  )
}
