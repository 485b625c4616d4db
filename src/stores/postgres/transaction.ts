import { FaenaError } from '../../core/errors.ts'
import { type Ask, openedBy } from '../sql/libraries.ts'
import type { SqlRow } from '../sql/rows.ts'
import { sql, statementText } from '../sql/sql.ts'
import type { PgQueryable } from './client.ts'
import type { Run } from './connection.ts'
import type { Context } from './context.ts'
import { sqlState } from './errors.ts'

const LOCK_TIMEOUT = '55P03'

/**
 * The application's own transaction as a place to run our statements: what they do commits or rolls back with the
 * application's own rows. A client of `pg`, or what a library has open on one. A pool is refused, since each of its
 * statements may have another connection.
 */
export async function callersRun(context: Context, tx: unknown): Promise<Run> {
  const opened = await openedBy(tx)
  if (opened.ask) return askedRun(opened.ask)
  const client = opened.connection as Partial<PgQueryable> & {
    totalCount?: unknown
    getTransactionStatus?: () => string | null
  }
  if (typeof client?.query !== 'function') {
    throw new FaenaError(
      'BAD_ARGUMENT',
      'tx is not a PostgreSQL transaction; allowed: a client of the pg package with a transaction open, or a transaction of Kysely, Knex, Drizzle, TypeORM or Prisma on PostgreSQL',
    )
  }
  if (client.totalCount !== undefined) {
    throw new FaenaError(
      'BAD_ARGUMENT',
      'tx is a pool; allowed: one client of it (pool.connect()) with a transaction open',
    )
  }
  if (client.getTransactionStatus?.() === 'I') {
    throw new FaenaError(
      'BAD_ARGUMENT',
      "tx has no transaction open; call await client.query('begin') before handing it over",
    )
  }
  return (statement) => context.connection.foreign(client as PgQueryable, statement)
}

/** Rows come as JSON text, so that no type parser or rule of the library's changes a value on its way. */
function askedRun(ask: Ask): Run {
  return async (statement) => {
    const text = statementText(statement, 'dollar')
    if (!/^\s*select\b/i.test(text)) {
      await ask(text, statement.values)
      return []
    }
    const { rows } = await ask(`select to_json(answer)::text as answer from (${text}) answer`, statement.values)
    return rows.map(({ answer }) => JSON.parse(String(answer)) as SqlRow)
  }
}

/**
 * Does work in the application's transaction that may wait for a row or key of somebody else: no longer than a call of ours
 * would, and with the transaction's own lock_timeout before and after. The transaction is over when the wait is.
 */
export async function patiently<T>(context: Context, run: Run, work: () => Promise<T>): Promise<T> {
  const patienceMs = context.connection.lockMs
  const [row] = await run(
    sql`select current_setting('lock_timeout') as before, set_config('lock_timeout', ${String(patienceMs)}, true) as now`,
  )
  const restore = (): Promise<unknown> => run(sql`select set_config('lock_timeout', ${row?.before}, true) as now`)
  let result: T
  try {
    result = await work()
  } catch (error) {
    if (error instanceof FaenaError) await restore().catch(() => {})
    if (sqlStateOf(error) !== LOCK_TIMEOUT) throw error
    throw new FaenaError(
      'STORE_UNAVAILABLE',
      `Another transaction kept what this one needs locked for ${patienceMs} ms: ${(error as Error).message}; roll back`,
      { cause: error },
    )
  }
  await restore()
  return result
}

/** Some libraries wrap the server's error into one of theirs. */
function sqlStateOf(error: unknown): string | undefined {
  return sqlState(error) ?? sqlState((error as { cause?: unknown } | null)?.cause)
}
