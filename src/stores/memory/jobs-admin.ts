import type {
  AdminStore,
  Chunk,
  ChunkDone,
  JobFilter,
  JobPatch,
  JobRef,
  Page,
  Paged,
  QueueCounts,
  StoredJob,
} from '../../store.ts'
import { endJob } from './ending.ts'
import { chunkOf, jobMatches, pageOf, statusOf } from './filter.ts'
import { type JobRow, nameOf } from './job-table.ts'
import { dueTime } from './seconds.ts'
import { type Tables, wakeListeners } from './tables.ts'

type JobsAdmin = Pick<AdminStore, 'get' | 'list' | 'counts' | 'oldestDue' | 'change' | 'remove' | 'bounds'>

export function jobsAdmin(tables: Tables): JobsAdmin {
  return {
    get: async (ref) => get(tables, ref),
    list: async (filter, page) => list(tables, filter, page),
    counts: async () => counts(tables),
    oldestDue: async () => oldestDue(tables),
    change: async (filter, patch, chunk) => change(tables, filter, patch, chunk),
    remove: async (filter, chunk) => remove(tables, filter, chunk),
    bounds: async () => ({ job: tables.jobs.lastId, failed: tables.failed.lastId }),
  }
}

function get({ jobs, clock }: Tables, ref: JobRef): StoredJob | undefined {
  const row = typeof ref === 'number' ? jobs.byId(ref) : jobs.byUuid(ref)
  return row && storedJob(row, clock())
}

function list({ jobs, clock }: Tables, filter: JobFilter, page: Page): Paged<StoredJob> {
  const now = clock()
  const { rows, next } = pageOf(jobs.all().filter(jobMatches(filter, now)), page)
  return { rows: rows.map((row) => storedJob(row, now)), next }
}

function counts({ jobs, clock }: Tables): QueueCounts[] {
  const now = clock()
  const byQueue = new Map<string, QueueCounts>()
  for (const row of jobs.all()) {
    const count = byQueue.get(row.queue) ?? { queue: row.queue, due: 0, delayed: 0, reserved: 0 }
    count[statusOf(row, now)] += 1
    byQueue.set(row.queue, count)
  }
  return [...byQueue.values()].sort((a, b) => (a.queue < b.queue ? -1 : 1))
}

function oldestDue({ jobs, queues, clock }: Tables) {
  const now = clock()
  let oldest: JobRow | undefined
  for (const row of jobs.all()) {
    if (statusOf(row, now) !== 'due' || queues.get(row.queue)?.pausedAt != null) continue
    if (oldest === undefined || row.availableAt < oldest.availableAt) oldest = row
  }
  if (oldest === undefined) return undefined
  const { queue, createdAt, availableAt } = oldest
  return { queue, createdAt, availableAt, ageMs: now - availableAt }
}

function change(tables: Tables, filter: JobFilter, patch: JobPatch, chunk: Chunk): ChunkDone {
  const { jobs, clock } = tables
  const now = clock()
  const { rows, next } = chunkOf(jobs.all().filter(jobMatches(filter, now)), chunk)
  const pending = rows.filter((row) => row.reservedAt === null)
  const moved = patch.delayMs !== undefined || patch.availableAt !== undefined
  const availableAt = moved ? dueTime(now, patch) : undefined
  for (const row of pending) {
    jobs.update(row, {
      availableAt: availableAt ?? row.availableAt,
      priority: patch.priority ?? row.priority,
      queue: patch.queue ?? row.queue,
    })
  }
  wakeListeners(tables)
  return { changed: pending.length, skipped: rows.length - pending.length, next }
}

function remove(tables: Tables, filter: JobFilter, chunk: Chunk): ChunkDone {
  const { rows, next } = chunkOf(tables.jobs.all().filter(jobMatches(filter, tables.clock())), chunk)
  for (const row of rows) endJob(tables, row)
  return { changed: rows.length, skipped: 0, next }
}

function storedJob(row: JobRow, now: number): StoredJob {
  const { read: _, ...columns } = row
  return { ...columns, name: nameOf(row), priority: row.priority ?? 0, status: statusOf(row, now) }
}
