import type { Desk } from '../sql/desk.ts'
import { raw, type Sql, sql } from '../sql/sql.ts'
import { type Context, nowMs } from './context.ts'
import { insert } from './push.ts'

/** The records of the management API in this database. */
export function deskOf(context: Context): Desk {
  const { connection, names } = context
  const ask = async (statement: Sql) => (await connection.query('common', [statement]))[0]!
  return {
    tables: names,
    key: raw('`key`'),
    all: (statement) => connection.read(statement, { lookUp: true }),
    scan: (statement) => connection.read(statement, { slow: true }),
    run: async (statement) => (await ask(statement)).affected,
    insert: async (statement) => (await ask(statement)).insertId,
    insertNew: (body) => sql`insert ignore into ${body}`,
    insertOrExtend: (table, row) => sql`
      insert into ${table} ${row} on duplicate key update expires_at = greatest(expires_at, values(expires_at))`,
    async together(guard, statements, jobs) {
      const done = await connection.transaction('common', async (transaction) => {
        const [changed] = await transaction.run(guard)
        if (changed!.affected === 0) {
          await transaction.rollback()
          return false
        }
        if (statements.length > 0) await transaction.run(...statements)
        if (jobs.length > 0) await insert(context, transaction, jobs)
        return true
      })
      if (done && jobs.length > 0) context.wake()
      return done
    },
    now: () => nowMs(context),
  }
}
