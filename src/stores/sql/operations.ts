import type { Operation, OperationStore, Page } from '../../store.ts'
import type { Desk } from './desk.ts'
import { paged, pageOf } from './pages.ts'
import type { SqlRow } from './rows.ts'
import { raw, type Sql, sql } from './sql.ts'

/** An unfinished operation can be lost in the race for it to others so often before whoever asks gives up for now. */
const RACES = 5

export function operating(desk: Desk): OperationStore {
  const { all, run, insert, now } = desk
  const table = desk.tables.operations
  const one = async (where: Sql): Promise<Operation | undefined> => {
    const [row] = await all(sql`select * from ${table} where ${where} order by id limit 1`)
    return row && operation(row)
  }
  const free = () => sql`state in ('pending', 'running') and (lease_until is null or lease_until <= ${now()})`

  return {
    createOperation({ kind, filter, upTo, total, ratePerSecond, subject }, held) {
      const holder = held
        ? sql`'running', 1, ${held.owner}, ${now()} + ${held.leaseMs}, ${now()}`
        : sql`'pending', 0, null, null, null`
      return insert(sql`
        insert into ${table} (kind, filter, up_to, total, rate, subject, after_id, changed, skipped, created_at,
                              state, fence, owner, lease_until, started_at)
        values (${kind}, ${filter}, ${upTo}, ${total}, ${ratePerSecond}, ${subject}, 0, 0, 0, ${now()}, ${holder})`)
    },

    operation: (id) => one(sql`id = ${id}`),

    async operations({ state }, page: Page) {
      const where = state === undefined ? raw('1 = 1') : sql`state = ${state}`
      const rows = await all(sql`select * from ${table} where ${where} ${pageOf(page, 'id')}`)
      return paged(rows, page, operation)
    },

    async takeOperation(owner, leaseMs, id) {
      const which = id === undefined ? free() : sql`id = ${id} and ${free()}`
      for (let race = 0; race < RACES; race++) {
        const found = await one(which)
        if (found === undefined) return undefined
        const fence = found.fence + 1
        const taken = await run(sql`
          update ${table}
             set state = 'running', owner = ${owner}, fence = ${fence}, lease_until = ${now()} + ${leaseMs},
                 started_at = coalesce(started_at, ${now()})
           where id = ${found.id} and fence = ${found.fence} and ${free()}`)
        if (taken === 1) return one(sql`id = ${found.id}`)
      }
      return undefined
    },

    async reportOperation(id, fence, { after, changed, skipped }, leaseMs) {
      const reported = await run(sql`
        update ${table} set after_id = ${after}, changed = ${changed}, skipped = ${skipped}, lease_until = ${now()} + ${leaseMs}
         where id = ${id} and fence = ${fence} and state = 'running'`)
      if (reported === 1) return true
      await run(sql`
        update ${table} set after_id = ${after}, changed = ${changed}, skipped = ${skipped}
         where id = ${id} and fence = ${fence} and state = 'cancelled'`)
      return false
    },

    async endOperation(id, { state, error = null, fence }) {
      const held = fence === undefined ? raw('') : sql`and fence = ${fence}`
      const ended = await run(sql`
        update ${table} set state = ${state}, error = ${error}, ended_at = ${now()}, lease_until = null
         where id = ${id} and state in ('pending', 'running') ${held}`)
      return ended === 1
    },
  }
}

function operation(row: SqlRow): Operation {
  const numberOrNull = (value: unknown) => (value === null || value === undefined ? null : Number(value))
  return {
    id: Number(row.id),
    kind: row.kind as Operation['kind'],
    filter: String(row.filter),
    upTo: Number(row.up_to),
    total: numberOrNull(row.total),
    ratePerSecond: numberOrNull(row.rate),
    subject: String(row.subject),
    state: row.state as Operation['state'],
    after: Number(row.after_id),
    changed: Number(row.changed),
    skipped: Number(row.skipped),
    error: row.error === null ? null : String(row.error),
    fence: Number(row.fence),
    createdAt: Number(row.created_at),
    startedAt: numberOrNull(row.started_at),
    endedAt: numberOrNull(row.ended_at),
    leaseUntil: numberOrNull(row.lease_until),
  }
}
