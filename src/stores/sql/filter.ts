import { isUuid } from '../../core/uuid.ts'
import type { FailedFilter, JobFilter, JobRef, LabelKey } from '../../store.ts'
import type { Dialect } from './dialect.ts'
import { fieldText } from './fields.ts'
import { joined, raw, type Sql, sql } from './sql.ts'

/** It lets everything through. */
export function isUnfiltered(filter: JobFilter | FailedFilter): boolean {
  return Object.values(filter).every((value) => value === undefined)
}

/** `where` of a list of jobs; columns of the table stand under the alias `j`. `second` is the store's clock in seconds. */
export function jobConditions(dialect: Dialect, filter: JobFilter, second: number): Sql {
  const all: Sql[] = [goingOn(dialect, filter, raw('j.id'))]
  const createdAt = dialect.createdAt ?? raw('j.created_at')
  if (filter.refs) all.push(references(dialect, filter.refs, raw('j.id'), dialect.jobUuid, dialect.jobUuidIn))
  if (filter.queue !== undefined) all.push(sql`j.queue = ${filter.queue}`)
  if (filter.name !== undefined) all.push(named(dialect, filter.name))
  if (filter.search !== undefined) all.push(containing(dialect, filter.search))
  if (filter.idAbove !== undefined) all.push(sql`j.id > ${filter.idAbove}`)
  if (filter.idBelow !== undefined) all.push(sql`j.id < ${filter.idBelow}`)
  if (filter.createdFrom !== undefined) all.push(sql`${createdAt} >= ${Math.ceil(filter.createdFrom / 1_000)}`)
  if (filter.createdBefore !== undefined) all.push(sql`${createdAt} < ${Math.ceil(filter.createdBefore / 1_000)}`)
  if (filter.status === 'reserved') all.push(dialect.reserved ?? raw('j.reserved_at is not null'))
  if (filter.status === 'pending' || filter.status === 'due' || filter.status === 'delayed')
    all.push(raw('j.reserved_at is null'))
  if (filter.status === 'due') all.push(sql`j.available_at <= ${second}`)
  if (filter.status === 'delayed') all.push(sql`j.available_at > ${second}`)
  return joined(all, ' and ')
}

/** `where` of a list of failed jobs; failed_jobs stands under `f`, faena_failed (left-joined) under `l`. */
export function failedConditions(dialect: Dialect, filter: FailedFilter, wallText: (ms: number) => string): Sql {
  const all: Sql[] = [goingOn(dialect, filter, raw('f.id'))]
  if (filter.refs) all.push(references(dialect, filter.refs, raw('f.id'), raw('f.uuid')))
  if (filter.queue !== undefined) all.push(sql`f.queue = ${filter.queue}`)
  // Of jobs that are named, the labels are looked up one by one, and not gathered by an index of all that are of that kind.
  const isLabelled = (column: Sql, value: string) =>
    filter.refs ? sql`case when ${column} = ${value} then 1 else 0 end = 1` : sql`${column} = ${value}`
  if (filter.name !== undefined) all.push(isLabelled(raw('l.name'), filter.name))
  if (filter.fingerprint !== undefined) all.push(isLabelled(raw('l.fingerprint'), filter.fingerprint))
  if (filter.error !== undefined) all.push(dialect.likeAnyCase(raw('f.exception'), anywhere(filter.error)))
  if (filter.search !== undefined) {
    const [exception, payload] = ['f.exception', 'f.payload'].map((column) =>
      dialect.likeAnyCase(raw(column), anywhere(filter.search!)),
    )
    all.push(sql`(${exception} or ${payload})`)
  }
  if (filter.idAbove !== undefined) all.push(sql`f.id > ${filter.idAbove}`)
  if (filter.idBelow !== undefined) all.push(sql`f.id < ${filter.idBelow}`)
  if (filter.failedBefore !== undefined) all.push(sql`f.failed_at < ${wallText(filter.failedBefore)}`)
  if (filter.failedAfter !== undefined) all.push(sql`f.failed_at >= ${wallText(filter.failedAfter)}`)
  return joined(all, ' and ')
}

/** What nothing narrows is not looked through: it is read in order, or counted in an index. */
function goingOn(dialect: Dialect, filter: JobFilter | FailedFilter, id: Sql): Sql {
  const isNarrowed = Object.values(filter).some((value) => value !== undefined)
  return (isNarrowed && dialect.mayGoOn?.(id)) || raw('1 = 1')
}

/** Where the ids of failed jobs of this key stand, in an index that begins with it and goes on with the id. */
export function labelSource({ tables }: Dialect, by: LabelKey): { from: Sql; id: Sql; where: Sql } {
  const id = raw('failed_id')
  if ('all' in by) return { from: tables.failedJobs, id: raw('id'), where: raw('1 = 1') }
  if ('fingerprint' in by) return { from: tables.failed, id, where: sql`fingerprint = ${by.fingerprint}` }
  if ('name' in by) return { from: tables.failed, id, where: sql`name = ${by.name}` }
  const { name, value } = by.field
  return { from: tables.failedFields, id, where: sql`field = ${name} and value = ${fieldText(value)}` }
}

/**
 * Rows that Laravel released have lost our column; their payload still says what they are, right behind the uuid it begins
 * with. Looking there and nowhere else keeps a job whose input speaks of the name out of what may be a removal.
 */
function named(dialect: Dialect, name: string): Sql {
  const text = `,"displayName":${JSON.stringify(name)}`
  const stored = sql`substr(j.payload, 47, ${[...text].length})`
  return sql`(j.name = ${name} or (j.name is null and ${dialect.exactly?.(stored) ?? stored} = ${text}))`
}

/** Row ids and uuids mixed, each looked up by its own index. No reference matches nothing. */
function references(dialect: Dialect, refs: readonly JobRef[], id: Sql, uuid: Sql, uuidIn?: Dialect['jobUuidIn']): Sql {
  const ids = refs.filter((ref) => typeof ref === 'number')
  const uuids = refs.filter((ref): ref is string => typeof ref === 'string' && isUuid(ref))
  const within = (column: Sql, values: readonly unknown[]) =>
    dialect.oneOf?.(column, values) ??
    sql`${column} in (${joined(
      values.map((value) => sql`${value}`),
      ', ',
    )})`
  const withUuid = () => uuidIn?.(uuids) ?? within(uuid, uuids)
  if (ids.length > 0 && uuids.length > 0) return sql`(${within(id, ids)} or ${withUuid()})`
  if (ids.length > 0) return within(id, ids)
  return uuids.length > 0 ? withUuid() : raw('1 = 0')
}

function containing(dialect: Dialect, text: string): Sql {
  const payload = raw('j.payload')
  return dialect.contains?.(payload, text) ?? dialect.like(payload, anywhere(text))
}

/** A pattern for literal text anywhere: `%` and `_` in it mean themselves. */
function anywhere(text: string): string {
  return `%${text.replace(/[!%_]/g, (sign) => `!${sign}`)}%`
}
