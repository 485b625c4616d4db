import { type Dialect, SQLITE } from '../sql/dialect.ts'
import { type Sql, sql } from '../sql/sql.ts'

/** What SQLite says in words that the other databases do not have. A list goes in as one JSON text, however long it is. */
export const DIALECT: Dialect = {
  ...SQLITE,
  jobUuidIn: (uuids) => sql`j.id in (${jobsOfUuids(uuids)})`,
  oneOf,
  // LIKE minds no case here.
  contains: (column, text) => sql`instr(${column}, ${text}) > 0`,
}

export function oneOf(column: Sql, values: readonly unknown[]): Sql {
  return sql`${column} in (select value from json_each(${JSON.stringify(values)}))`
}

/**
 * A select of the ids of jobs that have one of these uuids. Nearly every payload begins with its uuid and is found by an
 * index; of the odd ones, which somebody else wrote and another index lists, each is looked into.
 */
export function jobsOfUuids(uuids: readonly string[]): Sql {
  const list = sql`(select value from json_each(${JSON.stringify(uuids)}))`
  return sql`
    select id from jobs where substr(payload, 10, 36) in ${list}
    union all
    select id from jobs where substr(payload, 1, 9) <> '{"uuid":"'
       and case when json_valid(payload) then json_extract(payload, '$.uuid') end in ${list}`
}
