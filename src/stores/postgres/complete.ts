import type { Fate, JoinedCompletion } from '../../store.ts'
import { raw, sql } from '../sql/sql.ts'
import type { Context } from './context.ts'

/** Of a completion in the application's transaction, in one statement: one snapshot, and no wait for whoever has the row locked. */
export function fates({ connection, names }: Context) {
  return async function fate({ worker, id, attempts, uuid }: JoinedCompletion): Promise<Fate> {
    const mine = sql`select 1 from ${raw(names.jobs)} where id = ${id} and attempts = ${attempts} and reserved_by = ${worker}`
    const [row] = await connection.query(
      'common',
      sql`
      select exists (${mine}) as held, (${mine} for update skip locked) is not null as free,
             exists (select 1 from ${raw(names.own('runs'))}
                      where uuid = ${uuid} and attempt = ${attempts} and worker = ${worker} and outcome = 'completed') as completed`,
    )
    if (row?.held) return row.free ? 'undone' : 'open'
    return row?.completed ? 'committed' : 'lost'
  }
}
