import { memoryStore } from '../../src/stores/memory/store.ts'
import { testClock } from './clock.ts'
import type { Harness, HarnessOptions } from './harness.ts'
import { failedColumns, jobColumns, type RawTables } from './raw.ts'

export async function openMemory({ timezone, connection }: HarnessOptions = {}): Promise<Harness> {
  const clock = testClock()
  const store = memoryStore({ clock: clock.now, timezone, connection })
  await store.open()
  await store.migrate()
  return {
    store,
    clock,
    second: async () => store,
    raw: rawTables(store, clock.now),
    close: () => store.close(),
  }
}

function rawTables({ tables }: ReturnType<typeof memoryStore>, now: () => number): RawTables {
  const { jobs, failed, wallClock } = tables
  return {
    insertJob: (row) => {
      const columns = jobColumns(row, now())
      return jobs.insert({
        queue: columns.queue,
        payload: columns.payload,
        attempts: columns.attempts,
        reservedAt: columns.reserved_at === null ? null : columns.reserved_at * 1_000,
        availableAt: columns.available_at * 1_000,
        createdAt: columns.created_at * 1_000,
        name: columns.name,
        maxAttempts: columns.max_attempts,
        priority: columns.priority,
        reservedBy: columns.reserved_by,
      }).id
    },
    insertFailed: (row) => {
      const { failed_at, ...columns } = failedColumns(row)
      const failedAt = wallClock.read(failed_at) ?? 0
      return failed.insert({ ...columns, failedAt, failedAtText: failed_at, label: null }).id
    },
    deleteJob: (id) => {
      const row = jobs.byId(id)
      if (row) jobs.delete(row)
    },
    deleteAllJobs: () => {
      for (const row of jobs.all()) jobs.delete(row)
    },
    jobRows: () =>
      jobs.all().map((row) => ({
        id: row.id,
        queue: row.queue,
        payload: row.payload,
        attempts: row.attempts,
        reserved_at: row.reservedAt === null ? null : row.reservedAt / 1_000,
        available_at: row.availableAt / 1_000,
        created_at: row.createdAt / 1_000,
        name: row.name,
        max_attempts: row.maxAttempts,
        priority: row.priority,
        reserved_by: row.reservedBy,
      })),
    failedRows: () =>
      failed.all().map(({ id, uuid, connection, queue, payload, exception, failedAtText }) => ({
        id,
        uuid,
        connection,
        queue,
        payload,
        exception,
        failed_at: failedAtText,
      })),
  }
}
