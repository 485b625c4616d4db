import type { Retention } from '../../store.ts'
import { type Sql, sql } from './sql.ts'

const DAY = 86_400_000
const AUDIT_MS = 90 * DAY
/** An operation that ended can be asked after for so long. */
const OPERATIONS_MS = 30 * DAY
/** So long is it remembered that something was wrong. */
const ALERTS_MS = 30 * DAY

/** What of the management API's records is past its time; `table` without the prefix, `key` its primary key. */
export function deskPastItsTime(keep: Retention, now: Sql): { table: DeskTable; key: string; past: Sql }[] {
  const ended = sql`state in ('done', 'cancelled', 'failed') and ended_at < ${now} - ${OPERATIONS_MS}`
  return [
    { table: 'audit', key: 'id', past: sql`at < ${now} - ${keep.auditMs ?? AUDIT_MS}` },
    { table: 'operations', key: 'id', past: ended },
    { table: 'sessions', key: 'id', past: sql`expires_at <= ${now}` },
    { table: 'revocations', key: 'id', past: sql`expires_at <= ${now}` },
    { table: 'idempotency', key: 'key', past: sql`expires_at <= ${now}` },
    {
      table: 'alerts',
      key: 'id',
      past: sql`state = 'resolved' and resolved_at < ${now} - ${ALERTS_MS} and (muted_until is null or muted_until <= ${now})`,
    },
  ]
}

type DeskTable = 'audit' | 'operations' | 'sessions' | 'revocations' | 'idempotency' | 'alerts'
