import type { Desk } from '../sql/desk.ts'
import { raw, type Sql, sql } from '../sql/sql.ts'
import { type Context, nowMs } from './context.ts'

/** The records of the management API in this database. */
export function deskOf(context: Context): Desk {
  const { connection, names } = context
  const own = (name: string) => raw(names.own(name))
  const run = (statement: Sql) => connection.query('common', statement)
  return {
    tables: {
      failedFields: own('failed_fields'),
      operations: own('operations'),
      audit: own('audit'),
      users: own('users'),
      sessions: own('sessions'),
      revocations: own('revocations'),
      idempotency: own('idempotency'),
    },
    key: raw('key'),
    all: run,
    run: async (statement) => (await run(sql`${statement} returning 1`)).length,
    insert: async (statement) => (await run(sql`${statement} returning id`))[0]!.id as number,
    insertNew: (body) => sql`insert into ${body} on conflict do nothing`,
    now: () => nowMs(context),
  }
}
