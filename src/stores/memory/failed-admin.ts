import { maxAttemptsOf, retriedPayload, tryReadPayload, withUuid } from '../../core/payload.ts'
import type {
  AdminStore,
  Chunk,
  ChunkDone,
  FailedFilter,
  FailedGroup,
  FailedJob,
  IdPage,
  JobRef,
  LabelKey,
  Page,
  Paged,
} from '../../store.ts'
import { failedJob } from './ending.ts'
import type { FailedRow, Label } from './failed-table.ts'
import { chunkOf, failedMatches, pageOf } from './filter.ts'
import { holderOf, takeKey } from './keys.ts'
import { wholeSecond } from './seconds.ts'
import { type Tables, wakeListeners } from './tables.ts'

type FailedAdmin = Pick<
  AdminStore,
  | 'getFailed'
  | 'listFailed'
  | 'countFailed'
  | 'failedGroups'
  | 'failedIds'
  | 'failedHistogram'
  | 'retry'
  | 'removeFailed'
  | 'unlabelled'
  | 'label'
>

export function failedAdmin(tables: Tables): FailedAdmin {
  const { failed } = tables
  return {
    getFailed: async (ref) => getFailed(tables, ref),
    listFailed: async (filter, page) => listFailed(tables, filter, page),
    countFailed: async (filter = {}) => failed.all().filter(failedMatches(filter)).length,
    failedGroups: async (filter, limit) => failedGroups(tables, filter, limit),
    retry: async (filter, chunk) => retry(tables, filter, chunk),
    removeFailed: async (filter, chunk) => removeFailed(tables, filter, chunk),
    failedIds: async (by, page) => failedIds(tables, by, page),
    failedHistogram: async (window) => histogram(tables, window),
    unlabelled: async (limit, above = 0, below = Number.POSITIVE_INFINITY) => {
      const rows = failed.all().filter(({ id, label }) => label === null && id > above && id < below)
      const jobs = rows.reverse().slice(0, limit).map(failedJob)
      return { jobs, next: jobs.length < limit ? null : jobs.at(-1)!.id }
    },
    label: async (labels) => {
      for (const label of labels) failed.label(label)
    },
  }
}

function getFailed({ failed }: Tables, ref: JobRef): FailedJob | undefined {
  const row = typeof ref === 'number' ? failed.byId(ref) : failed.byUuid(ref)
  return row && failedJob(row)
}

function listFailed({ failed }: Tables, filter: FailedFilter, page: Page): Paged<FailedJob> {
  const { rows, next } = pageOf(failed.all().filter(failedMatches(filter)), page)
  return { rows: rows.map(failedJob), next }
}

/** Rows come by ascending id, so the newest failure of a group is the one it shows. */
function failedGroups({ failed }: Tables, filter: FailedFilter, limit: number): FailedGroup[] {
  const groups = new Map<string, FailedGroup>()
  for (const { uuid, label, failedAt } of failed.all().filter(failedMatches(filter))) {
    if (label === null) continue
    const { fingerprint, name, headline } = label
    const group = groups.get(fingerprint)
    groups.set(fingerprint, {
      fingerprint,
      name,
      headline,
      count: (group?.count ?? 0) + 1,
      firstAt: Math.min(group?.firstAt ?? failedAt, failedAt),
      lastAt: Math.max(group?.lastAt ?? failedAt, failedAt),
      sample: uuid,
    })
  }
  return [...groups.values()].sort((a, b) => b.count - a.count || b.lastAt - a.lastAt).slice(0, limit)
}

function failedIds({ failed }: Tables, by: LabelKey, { limit, above = 0, below, order }: IdPage): number[] {
  const ids = failed
    .all()
    .filter(({ id, label }) => id > above && (below === undefined || id < below) && isLabelled(label, by))
    .map(({ id }) => id)
  if (order !== 'oldest') ids.reverse()
  return ids.slice(0, limit)
}

function isLabelled(label: Label | null, by: LabelKey): boolean {
  if ('all' in by) return true
  if (label === null) return false
  if ('fingerprint' in by) return label.fingerprint === by.fingerprint
  if ('name' in by) return label.name === by.name
  const fields = JSON.parse(label.surfaced ?? '{}') as Record<string, unknown>
  const { name, value } = by.field
  return Object.hasOwn(fields, name) && String(fields[name]) === value
}

/** To the minute, which is how finely the other stores look at the table's own times. */
function histogram({ failed }: Tables, { from, to, stepMs }: { from: number; to: number; stepMs: number }) {
  const steps = new Map<number, number>()
  for (const { failedAt } of failed.all()) {
    if (failedAt < wholeSecond(from) || failedAt >= wholeSecond(to)) continue
    const minute = Math.floor(failedAt / 60_000) * 60_000
    const at = from + Math.max(0, Math.floor((minute - from) / stepMs)) * stepMs
    steps.set(at, (steps.get(at) ?? 0) + 1)
  }
  return [...steps].map(([at, count]) => ({ at, count })).sort((a, b) => a.at - b.at)
}

function retry(tables: Tables, filter: FailedFilter, chunk: Chunk): ChunkDone {
  const { rows, next } = chunkOf(tables.failed.all().filter(failedMatches(filter)), chunk)
  const changed = rows.filter((row) => retryOne(tables, row)).length
  wakeListeners(tables)
  return { changed, skipped: rows.length - changed, next }
}

/** False where the job may not come back: its unique key is another's now, or a copy of it lives already. */
function retryOne(tables: Tables, failed: FailedRow): boolean {
  const now = tables.clock()
  const stored = failed.payload
  const payload = retriedPayload(withUuid(stored, failed.uuid), now)
  // What cannot be read goes back too: the worker that takes it up says once more what is wrong with it.
  const read = tryReadPayload(payload)
  const unique = read?.faena.unique
  const takes = unique !== undefined && unique.until !== 'window'
  if (tables.jobs.byUuid(failed.uuid) || (takes && holderOf(tables, unique.key))) return false
  const row = tables.jobs.insert({
    queue: failed.queue,
    payload,
    attempts: 0,
    reservedAt: null,
    availableAt: wholeSecond(now),
    createdAt: wholeSecond(now),
    name: read?.name ?? null,
    maxAttempts: read ? maxAttemptsOf(read) : null,
    priority: read?.faena.priority ?? 0,
    reservedBy: null,
  })
  if (takes) takeKey(tables, row, failed.uuid, unique)
  tables.failed.delete(failed)
  return true
}

function removeFailed({ failed }: Tables, filter: FailedFilter, chunk: Chunk): ChunkDone {
  const { rows, next } = chunkOf(failed.all().filter(failedMatches(filter)), chunk)
  for (const row of rows) failed.delete(row)
  return { changed: rows.length, skipped: 0, next }
}
