import { FaenaError } from '../../core/errors.ts'
import type { PgQueryable } from './client.ts'
import type { Run } from './connection.ts'
import type { Context } from './context.ts'

/**
 * The application's own `pg` client, with a transaction open on it, as a place to run our statements: what they do commits
 * or rolls back with the application's own rows. A pool is refused, since each of its statements may have another connection.
 */
export function callersRun(context: Context, tx: unknown): Run {
  const client = tx as Partial<PgQueryable> & { totalCount?: unknown; getTransactionStatus?: () => string | null }
  if (typeof client?.query !== 'function') {
    throw new FaenaError(
      'BAD_ARGUMENT',
      'tx is not a PostgreSQL connection; allowed: a client of the pg package with a transaction open',
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
      "tx has no transaction open; call await client.query('begin') before the dispatch",
    )
  }
  return (statement) => context.connection.foreign(client as PgQueryable, statement)
}
