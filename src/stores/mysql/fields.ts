import type { FailedLabel } from '../../store.ts'
import { fieldsOf } from '../sql/fields.ts'
import { type Sql, sql } from '../sql/sql.ts'
import type { Names } from './names.ts'
import { among, rowList } from './text.ts'

/** The surfaced fields of a job that has just been written to `faena_failed`, where an index finds them. */
export function fieldStatements(names: Names, uuid: string, surfaced: string | null): Sql[] {
  return fieldsOf(surfaced).map(
    ({ field, value }) => sql`
      insert ignore into ${names.failedFields} (failed_id, field, value)
      select failed_id, ${field}, ${value} from ${names.failed} where uuid = ${uuid}`,
  )
}

/** The same of jobs that were labelled: what an earlier label said of them is forgotten. */
export function labelFields(names: Names, labels: readonly FailedLabel[]): Sql[] {
  const rows = labels.flatMap(({ id, surfaced }) => fieldsOf(surfaced).map(({ field, value }) => [id, field, value]))
  const dropped = dropFields(
    names,
    labels.map(({ id }) => id),
  )
  if (rows.length === 0) return [dropped]
  return [dropped, sql`insert ignore into ${names.failedFields} (failed_id, field, value) values ${rowList(rows)}`]
}

export function dropFields(names: Names, ids: readonly number[]): Sql {
  return sql`delete t from ${names.failedFields} t force index (primary) where ${among('t.failed_id', ids)} and t.value >= ''`
}
