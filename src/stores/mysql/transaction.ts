import { FaenaError, isFaenaError } from '../../core/errors.ts'
import { type Ask, openedBy } from '../sql/libraries.ts'
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

/** The application's transaction as a handle. */
export interface CallersHandle extends Handle {
  /**
   * Does work that may wait for a row or key of somebody else: no longer than a call of ours would, and with the
   * connection's own settings before and after.
   */
  patiently<T>(work: () => Promise<T>): Promise<T>
}

type AskOne = (text: string) => Promise<Answer>

const LOCK_TIMEOUT = 1_205

/** From one id to the next, by connection: it seldom changes. */
const steps = new WeakMap<object, number>()

/**
 * The application's own transaction as a handle: a connection of `mysql2`, or what a library has open on one. It must be open
 * on the database that holds the jobs: only then do they commit or roll back with the application's own rows. Statements go one
 * by one, since nothing is known of how the connection is set up; an error of theirs is the caller's, who rolls back.
 */
export async function callersHandle(tx: unknown, timeoutMs: number): Promise<CallersHandle> {
  const opened = await openedBy(tx)
  const connection = opened.ask ? opened.ask : plainConnection(opened.connection)
  const ask = typeof connection === 'function' ? asking(connection, timeoutMs) : onConnection(connection, timeoutMs)
  // What a library says of its transaction, only the server can say of a connection.
  if (opened.ask === undefined && !(await ask('do 0')).inTransaction) {
    throw new FaenaError(
      'BAD_ARGUMENT',
      'tx has no transaction open; call await connection.beginTransaction() before handing it over',
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
    patiently: (work) => patiently(ask, timeoutMs, work),
  }
}

async function patiently<T>(ask: AskOne, timeoutMs: number, work: () => Promise<T>): Promise<T> {
  const seconds = Math.max(1, Math.floor((timeoutMs * 0.8) / 1_000))
  const { rows } = await ask('select @@innodb_lock_wait_timeout as for_rows, @@lock_wait_timeout as for_tables')
  const [forRows, forTables] = [Number(rows[0]?.for_rows), Number(rows[0]?.for_tables)]
  const set = (row: number, table: number) =>
    ask(`set session innodb_lock_wait_timeout = ${row}, lock_wait_timeout = ${table}`)
  await set(Math.min(seconds, forRows), Math.min(seconds, forTables))
  let result: T
  try {
    result = await work()
  } catch (error) {
    // A connection that does not answer would not answer this either.
    if (!isFaenaError(error, 'STORE_UNAVAILABLE')) await set(forRows, forTables).catch(() => {})
    if (errorNumberOf(error) !== LOCK_TIMEOUT) throw error
    throw new FaenaError(
      'STORE_UNAVAILABLE',
      `Another transaction kept what this one needs locked for ${seconds} s: ${(error as Error).message}; roll back`,
      { cause: error },
    )
  }
  await set(forRows, forTables)
  return result
}

/** Some libraries wrap the server's error into one of theirs. */
function errorNumberOf(error: unknown): number | undefined {
  return errorNumber(error) ?? errorNumber((error as { cause?: unknown } | null)?.cause)
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
      'tx is not a MySQL connection; allowed: a connection of mysql2 with a transaction open, or a transaction of Kysely, Knex, Drizzle, TypeORM or Prisma on MySQL or MariaDB',
    )
  }
  return typeof given.connection?.query === 'function' ? given.connection : given
}

function onConnection(connection: CallersConnection, timeoutMs: number): AskOne {
  return async (sql) => {
    const statement = { sql, rowsAsArray: false, nestTables: false, typeCast: true }
    const result = await within(
      timeoutMs,
      new Promise((resolve, reject) => {
        connection.query(statement, (error, result) => (error ? reject(error) : resolve(result)))
      }),
    )
    return answersOf(result, 1)[0]!
  }
}

function asking(ask: Ask, timeoutMs: number): AskOne {
  return async (text) => {
    const { rows, affected, insertId } = await within(timeoutMs, ask(text, []))
    const first = insertId || !/^\s*insert\b/i.test(text) ? insertId : await lastId(ask)
    return { rows, affected, insertId: first, inTransaction: true }
  }
}

/** For libraries that do not say which id an insert gave. */
async function lastId(ask: Ask): Promise<number> {
  const { rows } = await ask('select last_insert_id() as id', [])
  return Number(rows[0]?.id)
}

/** Waiting ends for the caller, as everywhere; the connection is the application's to close. */
async function within<T>(timeoutMs: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const advice = 'roll back, and close the connection'
      reject(
        new FaenaError(
          'STORE_UNAVAILABLE',
          `The transaction's connection did not answer within ${timeoutMs} ms; ${advice}`,
        ),
      )
    }, timeoutMs)
  })
  try {
    return await Promise.race([answer, late])
  } catch (error) {
    throw explained(error)
  } finally {
    clearTimeout(timer)
    // The loser of the race may still reject, with nobody left to listen.
    answer.catch(() => {})
  }
}

function explained(error: unknown): unknown {
  if (errorNumber(error) === undefined || faultOf(error) !== 'unmigrated') return error
  return new FaenaError(
    'BAD_ARGUMENT',
    `tx is a connection to a server or user that does not see Faena's tables: ${(error as Error).message}`,
    { cause: error },
  )
}
