/** The tables as somebody else sees and writes them: columns by their own names, times in unix seconds. */
export interface RawTables {
  /** Answers the row's id. Columns left out are as Laravel would leave them. */
  insertJob(row: RawJob): number
  insertFailed(row: RawFailed): number
  deleteJob(id: number): void
  deleteAllJobs(): void
  jobRows(): RawJobRow[]
  failedRows(): RawFailedRow[]
}

export interface RawJob {
  queue?: string
  payload: string
  attempts?: number
  reserved_at?: number | null
  available_at?: number
  created_at?: number
  name?: string | null
  max_attempts?: number | null
  priority?: number | null
  reserved_by?: number | null
}

export type RawJobRow = Required<RawJob> & { id: number }

export interface RawFailed {
  uuid: string
  connection?: string
  queue?: string
  payload: string
  exception?: string
  /** `YYYY-MM-DD HH:MM:SS` in the configured zone. */
  failed_at?: string
}

export type RawFailedRow = Required<RawFailed> & { id: number }

export function jobColumns(row: RawJob, now: number): Omit<RawJobRow, 'id'> {
  const second = Math.floor(now / 1_000)
  return {
    queue: 'default',
    attempts: 0,
    reserved_at: null,
    available_at: second,
    created_at: second,
    name: null,
    max_attempts: null,
    priority: null,
    reserved_by: null,
    ...row,
  }
}

export function failedColumns(row: RawFailed): Omit<RawFailedRow, 'id'> {
  return {
    connection: 'database',
    queue: 'default',
    exception: 'RuntimeException: No route to host in /app/Sync.php:12\nStack trace:\n#0 {main}',
    failed_at: '2026-01-05 11:00:00',
    ...row,
  }
}
