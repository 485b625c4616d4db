import { isUuid } from '../../core/uuid.ts'
import type { FailedFilter, JobFilter, JobRef } from '../../store.ts'
import { joined, raw, type Sql, sql } from './sql.ts'

/** `where` of a list of jobs; columns of the table stand under the alias `j`. `second` is the store's clock in seconds. */
export function jobConditions(filter: JobFilter, second: number): Sql {
  const all: Sql[] = [raw('1 = 1')]
  if (filter.refs) all.push(references(filter.refs, raw('j.id'), raw('substr(j.payload, 10, 36)')))
  if (filter.queue !== undefined) all.push(sql`j.queue = ${filter.queue}`)
  if (filter.name !== undefined) all.push(named(filter.name))
  if (filter.search !== undefined) all.push(contains(raw('j.payload'), filter.search))
  if (filter.status === 'reserved') all.push(raw('j.reserved_at is not null'))
  if (filter.status === 'pending' || filter.status === 'due' || filter.status === 'delayed') all.push(raw('j.reserved_at is null'))
  if (filter.status === 'due') all.push(sql`j.available_at <= ${second}`)
  if (filter.status === 'delayed') all.push(sql`j.available_at > ${second}`)
  return joined(all, ' and ')
}

/** `where` of a list of failed jobs; failed_jobs stands under `f`, faena_failed (left-joined) under `l`. */
export function failedConditions(filter: FailedFilter, wallText: (ms: number) => string): Sql {
  const all: Sql[] = [raw('1 = 1')]
  if (filter.refs) all.push(references(filter.refs, raw('f.id'), raw('f.uuid')))
  if (filter.queue !== undefined) all.push(sql`f.queue = ${filter.queue}`)
  if (filter.name !== undefined) all.push(sql`l.name = ${filter.name}`)
  if (filter.fingerprint !== undefined) all.push(sql`l.fingerprint = ${filter.fingerprint}`)
  if (filter.error !== undefined) all.push(contains(raw('lower(f.exception)'), filter.error.toLowerCase()))
  if (filter.failedBefore !== undefined) all.push(sql`f.failed_at < ${wallText(filter.failedBefore)}`)
  if (filter.failedAfter !== undefined) all.push(sql`f.failed_at >= ${wallText(filter.failedAfter)}`)
  return joined(all, ' and ')
}

/** Rows that Laravel released have lost our column; their payload still says what they are. */
function named(name: string): Sql {
  const text = JSON.stringify(name)
  const inPayload = sql`${contains(raw('j.payload'), `"job":"faena@${text.slice(1)}`)} or ${contains(raw('j.payload'), `"displayName":${text}`)}`
  return sql`(j.name = ${name} or (j.name is null and (${inPayload})))`
}

/** Row ids and uuids mixed, each looked up by its own index. No reference matches nothing. */
function references(refs: readonly JobRef[], id: Sql, uuid: Sql): Sql {
  const ids = refs.filter((ref) => typeof ref === 'number')
  const uuids = refs.filter((ref) => typeof ref === 'string' && isUuid(ref))
  const within = (column: Sql, values: readonly unknown[]) =>
    sql`${column} in (${joined(
      values.map((value) => sql`${value}`),
      ', ',
    )})`
  if (ids.length > 0 && uuids.length > 0) return sql`(${within(id, ids)} or ${within(uuid, uuids)})`
  if (ids.length > 0) return within(id, ids)
  return uuids.length > 0 ? within(uuid, uuids) : raw('1 = 0')
}

/** Literal text anywhere in a column: `%` and `_` in it mean themselves. */
function contains(column: Sql, text: string): Sql {
  const pattern = `%${text.replace(/[!%_]/g, (sign) => `!${sign}`)}%`
  return sql`${column} like ${pattern} escape '!'`
}
