import type { Alert, AlertChange, AlertStore, AlertWatch, FailureCount } from '../../store.ts'
import type { Desk } from './desk.ts'
import { paged, pageOf } from './pages.ts'
import { numberOrNull, type SqlRow, textOrNull } from './rows.ts'
import { joined, raw, type Sql, sql } from './sql.ts'

/** The row of faena_watches; others may come to be watched for. */
const WATCH = 'alerts'

export function alerting(desk: Desk): AlertStore {
  const { all, scan, run, now, key, insertNew, together } = desk
  const { alerts: table, watches, jobs, failedJobs, failed, queues } = desk.tables
  const watch = async () => {
    const [row] = await all(
      sql`
      select owner, fence, lease_until, state, ${now()} as now, (select coalesce(max(id), 0) from ${failedJobs}) as failed
        from ${watches} where name = ${WATCH}`,
    )
    return row
  }

  return {
    async takeWatch(owner, leaseMs) {
      let row = await watch()
      if (row === undefined) {
        await run(insertNew(sql`${watches} (name, fence, lease_until) values (${WATCH}, 0, 0)`))
        row = (await watch())!
      }
      const [fence, at] = [Number(row.fence), Number(row.now)]
      const left = Number(row.lease_until) - at
      const mine = row.owner === owner
      if (!mine && left > 0) return undefined
      if (mine && left > leaseMs / 2) return watched(row)
      const taken = await run(sql`
        update ${watches} set owner = ${owner}, fence = ${mine ? fence : fence + 1}, lease_until = ${now()} + ${leaseMs}
         where name = ${WATCH} and fence = ${fence} and (owner = ${owner} or lease_until <= ${now()})`)
      if (taken === 0) return undefined
      // Until its fence was passed, the one before could still write: what it left is read now that it cannot.
      if (!mine) row = await watch()
      return row?.owner === owner ? watched(row) : undefined
    },

    async leaveWatch(owner) {
      await run(sql`update ${watches} set lease_until = 0 where name = ${WATCH} and owner = ${owner}`)
    },

    decide: ({ fence, state, alerts, jobs: told }) =>
      together(
        sql`update ${watches} set state = ${state} where name = ${WATCH} and fence = ${fence}`,
        alerts.flatMap((change) => writing(change)),
        told,
      ),

    async alert(id) {
      const [row] = await all(sql`select * from ${table} where id = ${id}`)
      return row && alert(row)
    },

    async alerts({ state, rule, keys }, page) {
      const where = [raw('1 = 1')]
      if (state !== undefined) where.push(sql`state = ${state}`)
      if (rule !== undefined) where.push(sql`rule = ${rule}`)
      if (keys !== undefined) where.push(known(keys))
      const rows = await all(sql`select * from ${table} where ${joined(where, ' and ')} ${pageOf(page, 'id')}`)
      return paged(rows, page, alert)
    },

    async muteAlert(id, { until, by }) {
      const who = until === null ? null : by
      return (await run(sql`update ${table} set muted_until = ${until}, muted_by = ${who} where id = ${id}`)) > 0
    },

    async acknowledgeAlert(id, by) {
      const done = await run(sql`
        update ${table} set acknowledged_at = ${now()}, acknowledged_by = ${by} where id = ${id} and state = 'open'`)
      return done > 0
    },

    async failures(above, mark, limit) {
      const rows = await scan(sql`
        select l.fingerprint, max(l.name) as name, max(f.queue) as queue, max(l.headline) as headline, count(*) as amount,
               sum(case when f.id > ${mark} then 1 else 0 end) as later, max(f.id) as last
          from ${failedJobs} f join ${failed} l on l.uuid = f.uuid and l.failed_id = f.id
         where f.id > ${above} group by l.fingerprint order by count(*) desc, max(f.id) desc limit ${limit}`)
      return rows.map(failureCount)
    },

    async overdue(olderThanMs) {
      const rows = await scan(sql`
        select queue, count(*) as amount, min(available_at) as oldest, ${now()} as now from ${jobs}
         where reserved_at is null and available_at < (${now()} - ${olderThanMs}) / 1000
           and queue not in (select name from ${queues} where paused_at is not null)
         group by queue order by queue`)
      return rows.map((row) => ({
        queue: String(row.queue),
        count: Number(row.amount),
        ageMs: Number(row.now) - Number(row.oldest) * 1_000,
      }))
    },
  }

  function known(keys: readonly string[]): Sql {
    if (keys.length === 0) return raw("state = 'open'")
    const list = joined(
      keys.map((one) => sql`${one}`),
      ', ',
    )
    return sql`(state = 'open' or ${key} in (${list}))`
  }

  /** The watch's fence is held by now, so nobody else inserts or alters these rows but to mute and to acknowledge. */
  function writing(change: AlertChange): Sql[] {
    const { rule, subject, state, openedAt, lastAt, resolvedAt, count, detail, toldAt, toldCount, reopened } = change
    const anew = reopened ? raw(', acknowledged_at = null, acknowledged_by = null') : raw('')
    return [
      insertNew(sql`
        ${table} (${key}, rule, subject, state, opened_at, last_at, amount, detail, told_amount)
        values (${change.key}, ${rule}, ${subject}, ${state}, ${openedAt}, ${lastAt}, ${count}, ${detail}, 0)`),
      sql`
        update ${table} set state = ${state}, subject = ${subject}, opened_at = ${openedAt}, last_at = ${lastAt}, resolved_at = ${resolvedAt},
               amount = ${count}, detail = ${detail}, told_at = ${toldAt}, told_amount = ${toldCount} ${anew}
         where ${key} = ${change.key}`,
    ]
  }
}

function watched({ fence, state, now, failed }: SqlRow): AlertWatch {
  return {
    fence: Number(fence),
    state: state === null ? null : String(state),
    now: Number(now),
    lastFailed: Number(failed),
  }
}

function alert(row: SqlRow): Alert {
  return {
    id: Number(row.id),
    key: String(row.key),
    rule: row.rule as Alert['rule'],
    subject: String(row.subject),
    state: row.state as Alert['state'],
    openedAt: Number(row.opened_at),
    lastAt: Number(row.last_at),
    resolvedAt: numberOrNull(row.resolved_at),
    count: Number(row.amount),
    detail: String(row.detail),
    toldAt: numberOrNull(row.told_at),
    toldCount: Number(row.told_amount),
    mutedUntil: numberOrNull(row.muted_until),
    mutedBy: textOrNull(row.muted_by),
    acknowledgedAt: numberOrNull(row.acknowledged_at),
    acknowledgedBy: textOrNull(row.acknowledged_by),
  }
}

function failureCount(row: SqlRow): FailureCount {
  return {
    fingerprint: String(row.fingerprint),
    name: row.name === null ? null : String(row.name),
    queue: String(row.queue),
    headline: String(row.headline),
    count: Number(row.amount),
    later: Number(row.later),
    lastId: Number(row.last),
  }
}
