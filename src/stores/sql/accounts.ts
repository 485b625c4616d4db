import type { AccountStore, Session, User } from '../../store.ts'
import type { Desk } from './desk.ts'
import type { SqlRow } from './rows.ts'
import { sql } from './sql.ts'

export function accounting(desk: Desk): AccountStore {
  const { tables, key, all, run, now, insertNew, insertOrExtend } = desk
  const heldBy = (name: string, request: string) => sql`${key} = ${name} and request = ${request} and answer is null`

  return {
    async users() {
      return (await all(sql`select * from ${tables.users} order by name`)).map(user)
    },

    async user(name) {
      const [row] = await all(sql`select * from ${tables.users} where name = ${name}`)
      return row && user(row)
    },

    async saveUser({ name, password, role }) {
      const change = sql`update ${tables.users} set password = ${password}, role = ${role} where name = ${name}`
      if ((await run(change)) > 0) return
      const made = await run(
        insertNew(
          sql`${tables.users} (name, password, role, created_at) values (${name}, ${password}, ${role}, ${now()})`,
        ),
      )
      // Somebody made him in between.
      if (made === 0) await run(change)
    },

    async removeUser(name) {
      // The sessions last: one that begins in between has a user no more when it is looked up next.
      const removed = await run(sql`delete from ${tables.users} where name = ${name}`)
      await run(sql`delete from ${tables.sessions} where subject = ${name}`)
      return removed > 0
    },

    async saveSession({ id, subject, role, createdAt, expiresAt }) {
      await run(
        insertNew(sql`
          ${tables.sessions} (id, subject, role, created_at, expires_at)
          values (${id}, ${subject}, ${role}, ${createdAt}, ${expiresAt})`),
      )
    },

    async session(id) {
      const [row] = await all(sql`select * from ${tables.sessions} where id = ${id} and expires_at > ${now()}`)
      return row && session(row)
    },

    removeSessions: (which) =>
      'id' in which
        ? run(sql`delete from ${tables.sessions} where id = ${which.id}`)
        : run(sql`delete from ${tables.sessions} where subject = ${which.subject}`),

    async revoke({ id, expiresAt }) {
      await run(insertOrExtend(tables.revocations, sql`(id, expires_at) values (${id}, ${expiresAt})`))
    },

    async revocations() {
      const rows = await all(sql`select id, expires_at from ${tables.revocations} where expires_at > ${now()}`)
      return rows.map((row) => ({ id: String(row.id), expiresAt: Number(row.expires_at) }))
    },

    async takeIdempotencyKey(name, request, leaseMs) {
      await run(sql`delete from ${tables.idempotency} where ${key} = ${name} and expires_at <= ${now()}`)
      const taken = await run(
        insertNew(sql`
          ${tables.idempotency} (${key}, request, expires_at) values (${name}, ${request}, ${now()} + ${leaseMs})`),
      )
      if (taken > 0) return 'taken'
      const [row] = await all(sql`select request, answer from ${tables.idempotency} where ${key} = ${name}`)
      // Freed in between: the request under it did nothing and may be asked for again.
      if (row === undefined) return { request, answer: null }
      return { request: String(row.request), answer: row.answer === null ? null : String(row.answer) }
    },

    async holdIdempotencyKey(name, request, leaseMs) {
      await run(sql`
        update ${tables.idempotency} set expires_at = ${now()} + ${leaseMs} where ${heldBy(name, request)}`)
    },

    async saveIdempotencyAnswer(name, request, answer, keepMs) {
      if (answer === null) await run(sql`delete from ${tables.idempotency} where ${heldBy(name, request)}`)
      else {
        await run(sql`
          update ${tables.idempotency} set answer = ${answer}, expires_at = ${now()} + ${keepMs}
           where ${heldBy(name, request)}`)
      }
    },
  }
}

function user(row: SqlRow): User {
  const { name, password, role, created_at } = row
  return { name: String(name), password: String(password), role: String(role), createdAt: Number(created_at) }
}

function session(row: SqlRow): Session {
  return {
    id: String(row.id),
    subject: String(row.subject),
    role: String(row.role),
    createdAt: Number(row.created_at),
    expiresAt: Number(row.expires_at),
  }
}
