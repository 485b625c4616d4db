import type { Desk } from '../sql/desk.ts'
import { raw, type Sql, sql, statementText } from '../sql/sql.ts'
import type { Value } from './connection.ts'
import type { Context } from './context.ts'
import { insert } from './push.ts'

/** The records of the management API in this database. */
export function deskOf(context: Context, here: Desk['all']): Desk {
  const { connection, now, scan } = context
  const runOne = (statement: Sql) =>
    connection.prepare(statementText(statement, 'question')).run(...(statement.values as Value[]))
  const write = (statement: Sql) => connection.write('full', () => runOne(statement))
  return {
    tables: {
      failedFields: raw('faena_failed_fields'),
      operations: raw('faena_operations'),
      audit: raw('faena_audit'),
      users: raw('faena_users'),
      sessions: raw('faena_sessions'),
      revocations: raw('faena_revocations'),
      idempotency: raw('faena_idempotency'),
      alerts: raw('faena_alerts'),
      watches: raw('faena_watches'),
      jobs: raw('jobs'),
      failedJobs: raw('failed_jobs'),
      failed: raw('faena_failed'),
      queues: raw('faena_queues'),
    },
    key: raw('key'),
    all: here,
    scan,
    run: async (statement) => Number((await write(statement)).changes),
    insert: async (statement) => Number((await write(statement)).lastInsertRowid),
    insertNew: (body) => sql`insert into ${body} on conflict do nothing`,
    insertOrExtend: (table, row) => sql`
      insert into ${table} ${row}
      on conflict (id) do update set expires_at = excluded.expires_at where ${table}.expires_at < excluded.expires_at`,
    async together(guard, statements, jobs) {
      const done = await connection.write('full', () => {
        if (Number(runOne(guard).changes) === 0) return false
        for (const statement of statements) runOne(statement)
        if (jobs.length > 0) insert(context, connection, jobs)
        return true
      })
      if (done && jobs.length > 0) context.wake()
      return done
    },
    now: () => sql`${now()}`,
  }
}
