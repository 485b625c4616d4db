import type { Dialect } from '../sql/dialect.ts'
import { joined, raw, type Sql, sql } from '../sql/sql.ts'
import type { Names } from './names.ts'

/** Where MySQL and MariaDB say what the shared reads ask in words of their own. */
export function mysqlDialect(names: Names): Dialect {
  return {
    tables: names,
    key: raw('`key`'),
    jobUuid: raw('substr(j.payload, 10, 36)'),
    jobUuidIn: (uuids) => payloadsOf(raw('j.payload'), uuids),
    exactly,
    like: (column, pattern) => sql`${exactly(column)} like ${pattern} escape '!'`,
    likeAnyCase: (column, pattern) => sql`lower(convert(${column} using utf8mb4)) like lower(${pattern}) escape '!'`,
    wallText: (column) => column,
    queuesWithJobs: sql`select distinct queue from ${names.jobs}`,
    oldestDue: (second) => sql`
      select queue, created_at, available_at from ${names.jobs}
       where reserved_at is null and available_at <= ${second}
         and queue not in (select name from ${names.queues} where paused_at is not null)
       order by available_at, id limit 1`,
    failureKinds: (most) => sql`
      select fingerprint, min(failed_id) as first, max(failed_id) as last
        from ${names.failed} where fingerprint is not null group by fingerprint limit ${most}`,
  }
}

/** A table that Laravel made minds no case, and may have an older character set. */
function exactly(text: Sql): Sql {
  return sql`convert(${text} using utf8mb4) collate utf8mb4_bin`
}

/**
 * Whether the row `j` can be the job of this uuid: it has it at its beginning, or begins in another way altogether. A table
 * that was truncated gives its ids out again, and what was kept beside an id may be another job's.
 */
export function isJobOf(uuid: Sql): Sql {
  return sql`(${exactly(raw('substr(j.payload, 10, 36)'))} = ${uuid} or ${exactly(raw('left(j.payload, 9)'))} <> '{"uuid":"')`
}

/** Payloads begin with {"uuid":"…": the beginning of the text is what is indexed, and finds the job. */
export function payloadsOf(column: Sql, uuids: readonly string[]): Sql {
  if (uuids.length === 0) return raw('1 = 0')
  const pattern = (uuid: string) => `{"uuid":"${uuid.replace(/[!%_]/g, (sign) => `!${sign}`)}%`
  const likes = uuids.map((uuid) => sql`${column} like ${pattern(uuid)} escape '!'`)
  return sql`(${joined(likes, ' or ')})`
}
