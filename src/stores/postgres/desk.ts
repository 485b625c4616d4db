import type { Desk } from '../sql/desk.ts'
import { raw, type Sql, sql } from '../sql/sql.ts'
import { LONG } from './connection.ts'
import { type Context, nowMs } from './context.ts'
import { insert } from './push.ts'

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
      alerts: own('alerts'),
      watches: own('watches'),
      jobs: raw(names.jobs),
      failedJobs: raw(names.failedJobs),
      failed: own('failed'),
      queues: own('queues'),
    },
    key: raw('key'),
    all: (statement) => connection.read(statement, { lookUp: true }),
    scan: (statement) => connection.read(statement, LONG),
    run: async (statement) => (await run(sql`${statement} returning 1`)).length,
    insert: async (statement) => (await run(sql`${statement} returning id`))[0]!.id as number,
    insertNew: (body) => sql`insert into ${body} on conflict do nothing`,
    insertOrExtend: (table, row) => sql`
      insert into ${table} ${row}
      on conflict (id) do update set expires_at = excluded.expires_at where ${table}.expires_at < excluded.expires_at`,
    async together(guard, statements, jobs) {
      const done = await connection.transaction('common', async (run) => {
        if ((await run(sql`${guard} returning 1`)).length === 0) return false
        for (const statement of statements) await run(statement)
        if (jobs.length > 0) await insert(context, run, jobs, {})
        return true
      })
      if (done && jobs.length > 0) context.wake()
      return done
    },
    now: () => nowMs(context),
  }
}
