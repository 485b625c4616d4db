import { readCursor, writeCursor } from '../core/cursor.ts'
import { notAllowed } from '../core/errors.ts'
import { JOB_PREFIX } from '../core/payload.ts'
import type { SurfacedField } from '../core/surface.ts'
import type { FailedFilter, FailedJob, JobFilter, JobRef, LabelKey, Page, Paged, Store, StoredJob } from '../store.ts'
import { checkFailedFilter, checkJobFilter, checkPage } from './filters.ts'
import { type FailedView, failedView, type JobView, jobView } from './view.ts'

/** What lists of the management API are narrowed by. Times are unix ms, `from` inclusive and `to` exclusive. */
export interface JobSearch {
  ids?: readonly JobRef[]
  queue?: string
  /** `all` as if left out. */
  status?: JobFilter['status'] | 'all'
  /** Of the payload as it is, or the name of a job of ours. */
  jobClass?: string
  /** Literal text somewhere in the payload. */
  q?: string
  /** Surfaced fields by name; numbers and texts match alike. */
  fields?: Readonly<Record<string, string>>
  from?: number
  to?: number
}

export interface FailedSearch extends Omit<JobSearch, 'status'> {
  /** A fingerprint, or literal text of the exception. */
  error?: string
  /** Literal text somewhere in the exception or the payload, whatever its case. */
  q?: string
}

/** `partial`: the time for looking was over before the page was full; `next` goes on where it ended. */
export interface Found<Row> extends Paged<Row> {
  partial: boolean
}

export interface SearchOptions {
  store: Store
  surface: readonly SurfacedField[]
  /** How long one search may look at rows. */
  budgetMs: number
  /** As `reservedIds`, shared among those who ask. */
  reserved(): Promise<number[] | null>
}

export interface Searches {
  jobs(search: JobSearch, page?: Partial<Page>): Promise<Found<JobView>>
  failed(search: FailedSearch, page?: Partial<Page>): Promise<Found<FailedView>>
}

/** Rows of the first look, few enough that it is over at once; each quick look is followed by a wider one. */
const FIRST_SPAN = 2_000
const WIDEST_SPAN = 4_000_000
const QUICK_MS = 4
const SLOW_MS = 16
/** Reserved jobs are as many as all workers hold. */
const MOST_RESERVED = 1_000
/** Ids taken from an index at once. */
const IDS_AT_ONCE = 500

export function searches(options: SearchOptions): Searches {
  return {
    jobs: (search, page) => findJobs(options, search, page),
    failed: (search, page) => findFailed(options, search, page),
  }
}

async function findJobs(
  options: SearchOptions,
  search: JobSearch,
  wanted: Partial<Page> = {},
): Promise<Found<JobView>> {
  const { store, surface, budgetMs } = options
  const page = checkPage(wanted)
  const { ids, queue, status, jobClass, q, fields = {}, from, to } = search
  const filter = checkJobFilter({
    refs: ids,
    queue,
    status: status === 'all' ? undefined : status,
    search: q ?? literalIn(Object.values(fields)[0]) ?? literalIn(jobClass),
    createdFrom: from,
    createdBefore: to,
  })
  const meant = fieldsMeant(fields, surface)
  const matches = (view: JobView) => hasClass(view, jobClass) && hasFields(view, meant)
  const read = (row: StoredJob) => jobView(row, surface)
  const isNewest = page.order !== 'oldest'
  const last = page.cursor === undefined ? undefined : readCursor(page.cursor)
  if (filter.status === 'reserved' && filter.refs === undefined) {
    const reserved = await options.reserved()
    // They are few, and known: no table is looked through for them.
    if (reserved !== null) {
      const refs = reserved.filter((id) => last === undefined || (isNewest ? id < last : id > last))
      const rows = await rowsOf(store, { ...filter, refs }, page.order)
      const found = rows.map((row) => ({ id: row.id, view: read(row) })).filter(({ view }) => matches(view))
      return pageOf(found, page.limit, null)
    }
  }
  const narrowed = jobClass !== undefined || Object.keys(fields).length > 0
  if (filter.refs || (!narrowed && Object.values(filter).every((value) => value === undefined))) {
    const { rows, next } = await store.list(filter, page)
    return { rows: rows.map(read).filter(matches), next, partial: false }
  }
  const look = async (window: Window) => (await store.list({ ...filter, ...window }, oneMoreThan(page))).rows
  return inWindows({ ...{ look, read, matches, page, last, budgetMs }, newest: (await store.bounds()).job })
}

/** In order, however many refs there are. */
async function rowsOf(store: Store, filter: JobFilter, order: Page['order']): Promise<StoredJob[]> {
  if (filter.refs?.length === 0) return []
  return (await store.list(filter, { limit: MOST_RESERVED, order })).rows
}

/** Ids of the jobs that are reserved, newest first; null where they are too many to be held in memory. */
export async function reservedIds(store: Store): Promise<number[] | null> {
  const { rows, next } = await store.list({ status: 'reserved' }, { limit: MOST_RESERVED })
  return next === null ? rows.map(({ id }) => id) : null
}

async function findFailed(
  { store, surface, budgetMs }: SearchOptions,
  search: FailedSearch,
  wanted: Partial<Page> = {},
) {
  const page = checkPage(wanted)
  const fields = fieldsMeant(search.fields ?? {}, surface)
  const { jobClass } = search
  const { filter, key } = failedFilterOf(search)
  const read = (row: FailedJob) => failedView(row, surface)
  const matches = (view: FailedView) => hasClass(view, jobClass) && hasFields(view, fields)
  const { order } = page
  const last = page.cursor === undefined ? undefined : readCursor(page.cursor)
  if (key !== undefined) {
    const ids = (after: number | undefined) =>
      store.failedIds(key, { limit: IDS_AT_ONCE, order, ...(order === 'oldest' ? { above: after } : { below: after }) })
    const look = async (refs: number[]) =>
      (await store.listFailed({ ...filter, refs }, { limit: IDS_AT_ONCE, order })).rows
    return byIndex({ ids, look, read, matches, last, limit: page.limit, budgetMs })
  }
  if (filter.refs || Object.values(filter).every((value) => value === undefined)) {
    const { rows, next } = await store.listFailed(filter, page)
    return { rows: rows.map(read).filter(matches), next, partial: false }
  }
  const look = async (window: Window) => (await store.listFailed({ ...filter, ...window }, oneMoreThan(page))).rows
  return inWindows({ ...{ look, read, matches, page, last, budgetMs }, newest: (await store.bounds()).failed })
}

/** Ids that a look is bounded by, both exclusive. */
interface Window {
  idAbove: number
  idBelow: number
}

/** The row behind the page's last tells that there is another page. */
function oneMoreThan({ limit, order }: Page): Page {
  return { limit: limit + 1, order }
}

/** What of a search the rows themselves say, and by which index the rest is found. */
export function failedFilterOf(search: FailedSearch): { filter: FailedFilter; key: LabelKey | undefined } {
  const { ids, queue, jobClass, q, fields = {}, error, from, to } = search
  const isFingerprint = error !== undefined && FINGERPRINT.test(error)
  const filter = checkFailedFilter({
    refs: ids,
    queue,
    search: q,
    error: isFingerprint ? undefined : error,
    fingerprint: isFingerprint ? error : undefined,
    failedAfter: from,
    failedBefore: to,
  })
  const [field] = Object.entries(fields)
  if (ids !== undefined) return { filter, key: undefined }
  if (field) return { filter, key: { field: { name: field[0], value: field[1] } } }
  if (isFingerprint) return { filter, key: { fingerprint: error } }
  return { filter, key: jobClass === undefined ? undefined : { name: labelName(jobClass) } }
}

/** The label of a job of ours is its name. */
export function labelName(jobClass: string): string {
  return jobClass.startsWith(JOB_PREFIX) ? jobClass.slice(JOB_PREFIX.length) : jobClass
}

const FINGERPRINT = /^[0-9a-f]{16}$/

interface Looking<Row extends { id: number }, View> {
  read(row: Row): View
  matches(view: View): boolean
  /** The last id of the page before. */
  last: number | undefined
  budgetMs: number
}

/** Looks at the rows of a window of ids, then at those of the next, in steps as wide as their speed allows, until the page is full. */
async function inWindows<Row extends { id: number }, View>({
  look,
  read,
  matches,
  last,
  page: { limit, order },
  newest,
  budgetMs,
}: Looking<Row, View> & { look(window: Window): Promise<Row[]>; page: Page; newest: number }): Promise<Found<View>> {
  const deadline = performance.now() + budgetMs
  const found: { id: number; view: View }[] = []
  const isNewest = order !== 'oldest'
  // The id looked at last: what is left lies below it, or with the oldest first above it.
  let at = last ?? (isNewest ? newest + 1 : 0)
  const isOver = () => (isNewest ? at <= 1 : at >= newest)
  let span = FIRST_SPAN
  while (!isOver()) {
    const began = performance.now()
    const end = isNewest ? Math.max(0, at - 1 - span) : Math.min(newest + 1, at + 1 + span)
    const rows = await look(isNewest ? { idAbove: end, idBelow: at } : { idAbove: at, idBelow: end })
    const took = performance.now() - began
    for (const row of rows) {
      const view = read(row)
      if (matches(view)) found.push({ id: row.id, view })
    }
    if (found.length > limit) break
    // A look that was cut off at its limit goes on behind its last row.
    at = rows.length > limit ? rows.at(-1)!.id : isNewest ? end + 1 : end - 1
    if (took < QUICK_MS) span = Math.min(span * 4, WIDEST_SPAN)
    else if (took > SLOW_MS) span = Math.max(FIRST_SPAN, Math.ceil(span / 2))
    // A look that would most likely end too late isn't begun.
    if (!isOver() && performance.now() + Math.min(took, SLOW_MS) > deadline) return pageOf(found, limit, at)
  }
  return pageOf(found, limit, null)
}

async function byIndex<Row extends { id: number }, View>({
  ids,
  look,
  read,
  matches,
  last,
  limit,
  budgetMs,
}: Looking<Row, View> & {
  ids(after: number | undefined): Promise<number[]>
  look(ids: number[]): Promise<Row[]>
  limit: number
}): Promise<Found<View>> {
  const deadline = performance.now() + budgetMs
  const found: { id: number; view: View }[] = []
  let after = last
  for (;;) {
    const some = await ids(after)
    if (some.length === 0) return pageOf(found, limit, null)
    // As many as fill the page, where all of them match: payloads are not read for nothing.
    for (let at = 0; at < some.length && found.length <= limit; at += limit + 1) {
      const part = some.slice(at, at + limit + 1)
      for (const row of await look(part)) {
        const view = read(row)
        if (matches(view)) found.push({ id: row.id, view })
      }
      after = part.at(-1)!
    }
    if (found.length > limit || some.length < IDS_AT_ONCE) return pageOf(found, limit, null)
    if (performance.now() > deadline) return pageOf(found, limit, some.at(-1)!)
  }
}

/** `goOn`: where a search that ran out of time goes on; null if it saw all, or more than the page holds. */
function pageOf<View>(found: { id: number; view: View }[], limit: number, goOn: number | null): Found<View> {
  const shown = found.slice(0, limit)
  const rows = shown.map(({ view }) => view)
  if (found.length > limit) return { rows, next: writeCursor(shown.at(-1)!.id), partial: false }
  return { rows, next: goOn === null ? null : writeCursor(goOn), partial: goOn !== null }
}

function hasClass(view: { jobClass: string; name: string | null }, wanted: string | undefined): boolean {
  return wanted === undefined || view.jobClass === wanted || view.name === wanted
}

function hasFields(
  view: { surfaced: Readonly<Record<string, unknown>> },
  fields: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(fields).every(([name, value]) => {
    const own = view.surfaced[name]
    return own !== undefined && own !== null && String(own) === value
  })
}

function fieldsMeant(fields: Readonly<Record<string, string>>, surface: readonly SurfacedField[]) {
  const unknown = Object.keys(fields).find((name) => !surface.some((field) => field.name === name))
  if (unknown === undefined) return fields
  const names = surface.map(({ name }) => name).join(', ')
  throw notAllowed('BAD_ARGUMENT', 'field', unknown, names === '' ? 'none, until FAENA_SURFACE names some' : names)
}

/**
 * Text that stands in every payload with this value, however it was written: the longest run of it that neither JSON nor
 * PHP writes otherwise. Undefined where there is none worth a look: then every payload is read.
 */
function literalIn(value: string | undefined): string | undefined {
  const runs = value?.match(/[A-Za-z0-9_.: -]+/g) ?? []
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), '')
  return longest.length > 0 ? longest : undefined
}
