import { readCursor, writeCursor } from '../../core/cursor.ts'
import type { Chunk, FailedFilter, JobFilter, JobRef, JobStatus, Page, Paged } from '../../store.ts'
import type { FailedRow } from './failed-table.ts'
import { type JobRow, nameOf } from './job-table.ts'
import { wholeSecond } from './seconds.ts'

export function statusOf(row: JobRow, now: number): 'due' | 'delayed' | 'reserved' {
  if (row.reservedAt !== null) return 'reserved'
  return row.availableAt <= now ? 'due' : 'delayed'
}

export function jobMatches(filter: JobFilter, now: number): (row: JobRow) => boolean {
  const { refs, queue, name, status, search, idAbove = 0, idBelow = Number.POSITIVE_INFINITY } = filter
  const { createdFrom = 0, createdBefore } = filter
  const wanted = refs && new Set(refs)
  return (row) =>
    isWanted(wanted, row.id, row.read?.uuid) &&
    (queue === undefined || row.queue === queue) &&
    (name === undefined || isCalled(row, name)) &&
    (status === undefined || hasStatus(row, status, now)) &&
    (search === undefined || row.payload.includes(search)) &&
    row.id > idAbove &&
    row.id < idBelow &&
    row.createdAt >= createdFrom &&
    (createdBefore === undefined || row.createdAt < createdBefore)
}

export function failedMatches(filter: FailedFilter): (row: FailedRow) => boolean {
  const {
    queue,
    name,
    fingerprint,
    failedBefore,
    failedAfter,
    idAbove = 0,
    idBelow = Number.POSITIVE_INFINITY,
  } = filter
  const wanted = filter.refs && new Set(filter.refs)
  const error = filter.error?.toLowerCase()
  const search = filter.search?.toLowerCase()
  return (row) =>
    isWanted(wanted, row.id, row.uuid) &&
    (queue === undefined || row.queue === queue) &&
    (name === undefined || row.label?.name === name) &&
    (fingerprint === undefined || row.label?.fingerprint === fingerprint) &&
    (error === undefined || row.exception.toLowerCase().includes(error)) &&
    (search === undefined || `${row.exception}\n${row.payload}`.toLowerCase().includes(search)) &&
    row.id > idAbove &&
    row.id < idBelow &&
    (failedBefore === undefined || row.failedAt < wholeSecond(failedBefore)) &&
    (failedAfter === undefined || row.failedAt >= wholeSecond(failedAfter))
}

/** One page of rows given by ascending id. The cursor is the last id shown, so rows that come and go move nothing. */
export function pageOf<Row extends { id: number }>(rows: Row[], page: Page): Paged<Row> {
  const oldest = page.order === 'oldest'
  const last = page.cursor === undefined ? undefined : readCursor(page.cursor)
  if (!oldest) rows.reverse()
  const rest = last === undefined ? rows : rows.filter(({ id }) => (oldest ? id > last : id < last))
  const shown = rest.slice(0, page.limit)
  const end = rest.length > shown.length ? shown.at(-1) : undefined
  return { rows: shown, next: end ? writeCursor(end.id) : null }
}

/** One chunk of rows given by ascending id, and where the next begins. */
export function chunkOf<Row extends { id: number }>(rows: Row[], chunk: Chunk): { rows: Row[]; next: number | null } {
  const rest = rows.filter(({ id }) => id > (chunk.after ?? 0) && id <= chunk.upTo)
  const shown = rest.slice(0, chunk.limit)
  return { rows: shown, next: rest.length > shown.length ? (shown.at(-1)?.id ?? null) : null }
}

/** Jobs of another runtime have no name; what people call them stands in their payload. */
function isCalled(row: JobRow, name: string): boolean {
  return (nameOf(row) ?? row.read?.displayName) === name
}

function hasStatus(row: JobRow, status: JobStatus, now: number): boolean {
  return status === 'pending' ? row.reservedAt === null : statusOf(row, now) === status
}

/** No list of refs means all rows; an empty list means none. */
function isWanted(wanted: Set<JobRef> | undefined, id: number, uuid: string | null | undefined): boolean {
  return wanted === undefined || wanted.has(id) || (uuid != null && wanted.has(uuid))
}
