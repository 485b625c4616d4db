import type { Fate, JoinedCompletion } from '../../store.ts'
import { sql } from '../sql/sql.ts'
import type { Context } from './context.ts'

/**
 * Of a completion in the application's transaction, without waiting for whoever has the row locked. The row is looked for
 * before the run: once it is gone, the run that says why can be seen too, since both came by the same commit.
 */
export function fates({ connection, names }: Context) {
  return async function fate({ worker, id, attempts, uuid }: JoinedCompletion): Promise<Fate> {
    const mine = sql`select 1 from ${names.jobs} force index (primary) where id = ${id} and attempts = ${attempts} and reserved_by = ${worker}`
    const [free, held, completed] = await connection.query('common', [
      sql`${mine} for update skip locked`,
      mine,
      sql`select 1 from ${names.runs} where uuid = ${uuid} and attempt = ${attempts} and worker = ${worker} and outcome = 'completed'`,
    ])
    if (free!.rows.length > 0) return 'undone'
    if (held!.rows.length > 0) return 'open'
    return completed!.rows.length > 0 ? 'committed' : 'lost'
  }
}
