import type { Audit, AuditFilter, AuditStore, NewAudit, Page } from '../../store.ts'
import type { Desk } from './desk.ts'
import { paged, pageOf } from './pages.ts'
import type { SqlRow } from './rows.ts'
import { joined, raw, sql } from './sql.ts'

const ROWS_PER_STATEMENT = 100

export function auditing({ tables, all, run, insert, now }: Desk): AuditStore {
  return {
    async appendAudit(entries: readonly NewAudit[]): Promise<void> {
      for (let at = 0; at < entries.length; at += ROWS_PER_STATEMENT) {
        const rows = entries.slice(at, at + ROWS_PER_STATEMENT).map(
          ({ subject, role, action, target, outcome, source, requestId, detail }) => sql`
            (${now()}, ${subject}, ${role}, ${action}, ${target}, ${outcome}, ${source}, ${requestId}, ${detail})`,
        )
        await run(sql`
          insert into ${tables.audit} (at, subject, role, action, target, outcome, source, request_id, detail)
          values ${joined(rows, ', ')}`)
      }
    },

    beginAudit: ({ subject, role, action, target, source, requestId }) =>
      insert(sql`
        insert into ${tables.audit} (at, subject, role, action, target, outcome, source, request_id)
        values (${now()}, ${subject}, ${role}, ${action}, ${target}, 'begun', ${source}, ${requestId})`),

    async endAudit(id, { outcome, detail }) {
      await run(sql`
        update ${tables.audit} set outcome = ${outcome}, detail = ${detail} where id = ${id} and outcome = 'begun'`)
    },

    async audit(filter: AuditFilter, page: Page) {
      const where = [raw('1 = 1')]
      if (filter.subject !== undefined) where.push(sql`subject = ${filter.subject}`)
      if (filter.action !== undefined) where.push(sql`action = ${filter.action}`)
      if (filter.target !== undefined) where.push(sql`target = ${filter.target}`)
      if (filter.from !== undefined) where.push(sql`at >= ${filter.from}`)
      if (filter.to !== undefined) where.push(sql`at < ${filter.to}`)
      const rows = await all(sql`select * from ${tables.audit} where ${joined(where, ' and ')} ${pageOf(page, 'id')}`)
      return paged(rows, page, audit)
    },
  }
}

function audit(row: SqlRow): Audit {
  const textOrNull = (value: unknown) => (value === null || value === undefined ? null : String(value))
  return {
    id: Number(row.id),
    at: Number(row.at),
    subject: String(row.subject),
    role: textOrNull(row.role),
    action: String(row.action),
    target: textOrNull(row.target),
    outcome: row.outcome as Audit['outcome'],
    source: textOrNull(row.source),
    requestId: textOrNull(row.request_id),
    detail: textOrNull(row.detail),
  }
}
