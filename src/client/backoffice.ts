import type { Masker } from '../core/mask.ts'
import type { SurfacedField } from '../core/surface.ts'
import type { WallClock } from '../core/wallclock.ts'
import type { Audit, AuditFilter, AuditStore, FailedGroup, JobRef, NewAudit, Page, Paged, Store } from '../store.ts'
import { type Accounts, accountsOf } from './accounts.ts'
import { type Board, boardReader } from './board.ts'
import { type FailedDetail, failedDetail, type JobDetail, jobDetail } from './detail.ts'
import { type ExportFormat, exportFailed } from './export.ts'
import { fateOf } from './fate.ts'
import { Feed } from './feed.ts'
import { checkPage } from './filters.ts'
import { Labeller } from './labeller.ts'
import { OperationRunner, type Operations, operationsOf } from './operations.ts'
import { jobRef } from './refs.ts'
import { type FailedRow, failedRow, type JobRow, jobRow } from './rows.ts'
import {
  type FailedSearch,
  type Found,
  failedFilterOf,
  type JobSearch,
  labelName,
  reservedIds,
  searches,
} from './search.ts'
import { checkedWindow, type SeriesPoint, type SeriesWindow, seriesOf } from './series.ts'
import { SharedRead } from './shared-read.ts'
import { notFound, type SingleActions, singleActions } from './single.ts'
import { type QueueStatus, queueStatuses } from './status.ts'
import { failedView, jobView } from './view.ts'

/** What the management API shows and does beyond the rest of `Admin`, in the form in which it shows it. */
export interface Backoffice extends SingleActions, Operations {
  /** Counts for `GET /status`, at most two seconds old; what was changed through this admin shows at once. */
  board(): Promise<Board>
  /** All queues with their counts, which are those of the board, who serves them, and whether they are paused. */
  queueBoard(): Promise<QueueStatus[]>
  /** Something was changed beside this part of the admin: what is kept of counts and groups is read anew. */
  touched(): void
  /** Newest first. */
  jobRows(search?: JobSearch, page?: Partial<Page>): Promise<Found<JobRow>>
  failedRows(search?: FailedSearch, page?: Partial<Page>): Promise<Found<FailedRow>>
  /** Throws NOT_FOUND. Secrets are masked unless it is asked otherwise. */
  jobDetail(ref: JobRef, options?: { unmasked?: boolean }): Promise<JobDetail>
  failedDetail(ref: JobRef, options?: { unmasked?: boolean }): Promise<FailedDetail>
  /** Failed jobs by what they have in common, most first; two seconds old, or twenty times what counting them takes. */
  failedGroups(
    search?: Pick<FailedSearch, 'queue' | 'jobClass' | 'error' | 'from' | 'to'>,
    limit?: number,
  ): Promise<FailedGroup[]>
  /** How many jobs failed in each step of time, oldest first, empty steps too. Unix ms; by default the last day in hours. */
  failedHistogram(window?: Partial<SeriesWindow>): Promise<{ at: number; count: number }[]>
  /** Text of all that fit, piece by piece and masked, for a stream. */
  exportFailed(search: FailedSearch, format: ExportFormat, options?: { signal?: AbortSignal }): AsyncIterable<string>
  /** What attempts came to, in steps of whole minutes. */
  series(window: SeriesWindow & { queue?: string; name?: string }): Promise<SeriesPoint[]>
  /** What became of a job that is not in its table, for people. */
  fate(table: 'job' | 'failed', ref: JobRef): Promise<string>
  record(...entries: NewAudit[]): Promise<void>
  /** Into the audit before it is done; the answer is for `recordEnd`, once it is known what came of it. */
  recordBegin: AuditStore['beginAudit']
  recordEnd: AuditStore['endAudit']
  auditLog(filter?: AuditFilter, page?: Partial<Page>): Promise<Paged<Audit>>
  /** What happens, as it happens. */
  readonly feed: Feed
  readonly accounts: Accounts
  /** Times as the API shows them. */
  readonly clock: WallClock
  readonly masker: Masker
  /** Carries operations on, begun here or left behind by a process that ended. Returns what stops that. */
  carryOn(options?: { onError?: (error: unknown) => void }): () => Promise<void>
}

export interface BackofficeOptions {
  store: Store
  surface: readonly SurfacedField[]
  clock: WallClock
  masker: Masker
  defaultTries: number
  budgetMs: number
}

const HOUR = 3_600_000
const MOST_GROUPS_KEPT = 50
/** Groups of a large table stand for so many times what it takes to count them: a twentieth of one core, and no more. */
const GROUPS_STAND = 20
/** A list shows what is labelled by then. */
const LABELLING_MS = 50

export function backoffice({ store, surface, clock, masker, defaultTries, budgetMs }: BackofficeOptions): Backoffice {
  const rows = { surface, clock, defaultTries, masker }
  const rowsFor = (unmasked: boolean) => (unmasked ? { ...rows, masker: null } : rows)
  const reserved = new SharedRead(() => reservedIds(store))
  const found = searches({ store, surface, budgetMs, reserved: () => reserved.read() })
  const labeller = new Labeller(store, surface)
  const board = new SharedRead(boardReader(store))
  const groups = new Map<string, SharedRead<FailedGroup[]>>()
  const feed = new Feed({ store, board: () => board.read() })
  const changed = () => {
    board.changed()
    reserved.changed()
    groups.clear()
  }
  let tell: ((error: unknown) => void) | undefined
  const runner = new OperationRunner({
    store,
    onError: (error) => tell?.(error),
    onProgress: (id) => {
      changed()
      feed.operation(id)
    },
    prepare: () => labeller.catchUp(),
  })

  return {
    ...singleActions(store, changed),
    ...operationsOf(store, runner),
    board: () => board.read(),
    touched: changed,

    async queueBoard() {
      const [{ queues }, states, workers] = await Promise.all([board.read(), store.queues(), store.workers()])
      return queueStatuses(queues, states, workers)
    },

    async jobRows(search = {}, page) {
      const [{ now }, { rows: views, ...rest }] = await Promise.all([store.ping(), found.jobs(search, page)])
      return { ...rest, rows: views.map((view) => jobRow(view, now, rows)) }
    },

    async failedRows(search = {}, page) {
      if (failedFilterOf(search).key) await labeller.catchUp(LABELLING_MS)
      const { rows: views, ...rest } = await found.failed(search, page)
      return { ...rest, rows: views.map((view) => failedRow(view, rows)) }
    },

    async jobDetail(given, { unmasked = false } = {}) {
      const ref = jobRef(given)
      const row = await store.get(ref)
      if (row === undefined) throw notFound('Job', ref)
      const view = jobView(row, surface)
      const [{ now }, runs] = await Promise.all([store.ping(), runsOf(store, view.uuid)])
      return jobDetail(view, now, runs, rowsFor(unmasked))
    },

    async failedDetail(given, { unmasked = false } = {}) {
      const ref = jobRef(given)
      const row = await store.getFailed(ref)
      if (row === undefined) throw notFound('Failed job', ref)
      return failedDetail(failedView(row, surface), await runsOf(store, row.uuid), rowsFor(unmasked))
    },

    async failedGroups(search = {}, limit = 20) {
      const { filter } = failedFilterOf(search)
      const most = checkPage({ limit }).limit
      const named = search.jobClass === undefined ? filter : { ...filter, name: labelName(search.jobClass) }
      await labeller.catchUp(LABELLING_MS)
      const key = JSON.stringify([named, most])
      if (groups.size >= MOST_GROUPS_KEPT) groups.clear()
      const read = groups.get(key) ?? new SharedRead(() => store.failedGroups(named, most), { costs: GROUPS_STAND })
      groups.set(key, read)
      return (await read.read()).map((group) => ({ ...group, headline: masker.text(group.headline) }))
    },

    async failedHistogram(given = {}) {
      const to = given.to ?? (await store.ping()).now
      const { stepMs = HOUR, from = to - 24 * HOUR } = given
      const window = checkedWindow({ from, to, stepMs })
      const counts = new Map((await store.failedHistogram(window)).map(({ at, count }) => [at, count]))
      const steps = Math.ceil((window.to - window.from) / window.stepMs)
      return Array.from({ length: steps }, (_, step) => {
        const at = window.from + step * window.stepMs
        return { at, count: counts.get(at) ?? 0 }
      })
    },

    exportFailed: (search, format, { signal } = {}) => exportFailed(found, search, format, { surface, masker, signal }),

    async series({ queue, name, ...given }) {
      const window = checkedWindow(given)
      return seriesOf(await store.metrics({ from: window.from, to: window.to, queue, name }), window)
    },

    fate: (table, ref) => fateOf(store, table, jobRef(ref), clock),
    record: (...entries) => store.appendAudit(entries),
    recordBegin: (entry) => store.beginAudit(entry),
    recordEnd: (id, end) => store.endAudit(id, end),
    auditLog: async (filter = {}, page = {}) => store.audit(filter, checkPage(page)),
    feed,
    accounts: accountsOf(store),
    clock,
    masker,

    carryOn({ onError } = {}) {
      tell = onError
      runner.start()
      return async () => {
        await runner.stop()
        await feed.close()
      }
    },
  }
}

async function runsOf(store: Store, uuid: string | null) {
  return uuid === null ? [] : (await store.runs({ uuid }, { limit: 100 })).rows
}
