import { readCursor, writeCursor } from '../../core/cursor.ts'
import type { Page, Paged } from '../../store.ts'
import type { SqlRow } from './rows.ts'
import { raw, type Sql, sql } from './sql.ts'

/** `and id < cursor order by id desc limit n`, or its mirror; one row more than asked for tells whether there is a next page. */
export function pageOf(page: Page, id: string): Sql {
  const column = raw(id)
  const cursor = page.cursor === undefined ? undefined : readCursor(page.cursor)
  if (page.order === 'oldest') {
    return sql`${cursor === undefined ? raw('') : sql`and ${column} > ${cursor}`} order by ${column} limit ${page.limit + 1}`
  }
  return sql`${cursor === undefined ? raw('') : sql`and ${column} < ${cursor}`} order by ${column} desc limit ${page.limit + 1}`
}

export function paged<Row extends { id: number }>(rows: SqlRow[], page: Page, read: (row: SqlRow) => Row): Paged<Row> {
  const shown = rows.slice(0, page.limit).map(read)
  const last = shown.at(-1)
  return { rows: shown, next: rows.length > page.limit && last ? writeCursor(last.id) : null }
}
