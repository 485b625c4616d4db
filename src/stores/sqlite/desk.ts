import type { Desk } from '../sql/desk.ts'
import { raw, type Sql, sql, statementText } from '../sql/sql.ts'
import type { Value } from './connection.ts'
import type { Context } from './context.ts'

/** The records of the management API in this database. */
export function deskOf({ connection, now }: Context, here: Desk['all']): Desk {
  const write = (statement: Sql) =>
    connection.write('full', () =>
      connection.prepare(statementText(statement, 'question')).run(...(statement.values as Value[])),
    )
  return {
    tables: {
      failedFields: raw('faena_failed_fields'),
      operations: raw('faena_operations'),
      audit: raw('faena_audit'),
      users: raw('faena_users'),
      sessions: raw('faena_sessions'),
      revocations: raw('faena_revocations'),
      idempotency: raw('faena_idempotency'),
    },
    key: raw('key'),
    all: here,
    run: async (statement) => Number((await write(statement)).changes),
    insert: async (statement) => Number((await write(statement)).lastInsertRowid),
    insertNew: (body) => sql`insert into ${body} on conflict do nothing`,
    now: () => sql`${now()}`,
  }
}
