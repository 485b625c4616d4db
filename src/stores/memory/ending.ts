import type { Failure } from '../../core/failure.ts'
import type { FailedJob } from '../../store.ts'
import { crashKey } from './crashes.ts'
import type { FailedRow } from './failed-table.ts'
import type { JobRow } from './job-table.ts'
import { freeKeyOf } from './keys.ts'
import { wholeSecond } from './seconds.ts'
import type { Tables } from './tables.ts'

/** Takes the row away with all that hung on the job while it lived: its key and its crash count. */
export function endJob(tables: Tables, row: JobRow): void {
  freeKeyOf(tables, row, 'ended')
  tables.crashes.delete(crashKey(row))
  tables.jobs.delete(row)
}

/** Moves the job to `failed_jobs`. */
export function failJob(tables: Tables, row: JobRow, failure: Failure): FailedJob {
  endJob(tables, row)
  const failedAt = wholeSecond(tables.clock())
  const { uuid, exception, name, fingerprint, headline, surfaced } = failure
  const failed = tables.failed.insert({
    uuid,
    connection: tables.connection,
    queue: row.queue,
    payload: failure.payload ?? row.payload,
    exception,
    failedAt,
    failedAtText: tables.wallClock.text(failedAt),
    label: { name, fingerprint, headline, surfaced },
  })
  return failedJob(failed)
}

/** Back to pending, not due before `availableAt`; with `restore` the attempt is given back. */
export function returnJob(tables: Tables, row: JobRow, restore: boolean, availableAt = row.availableAt): void {
  const attempts = restore ? Math.max(0, row.attempts - 1) : row.attempts
  tables.jobs.update(row, { attempts, availableAt, reservedAt: null, reservedBy: null })
}

export function failedJob(row: FailedRow): FailedJob {
  const { label, ...columns } = row
  return {
    ...columns,
    name: label?.name ?? null,
    fingerprint: label?.fingerprint ?? null,
    headline: label?.headline ?? null,
  }
}
