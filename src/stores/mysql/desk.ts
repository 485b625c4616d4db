import type { Desk } from '../sql/desk.ts'
import { raw, type Sql, sql } from '../sql/sql.ts'
import { type Context, nowMs } from './context.ts'

/** The records of the management API in this database. */
export function deskOf(context: Context): Desk {
  const { connection, names } = context
  const ask = async (statement: Sql) => (await connection.query('common', [statement]))[0]!
  return {
    tables: names,
    key: raw('`key`'),
    all: async (statement) => (await ask(statement)).rows,
    run: async (statement) => (await ask(statement)).affected,
    insert: async (statement) => (await ask(statement)).insertId,
    insertNew: (body) => sql`insert ignore into ${body}`,
    now: () => nowMs(context),
  }
}
