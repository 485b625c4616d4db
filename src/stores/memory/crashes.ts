import type { JobRow } from './job-table.ts'
import type { Tables } from './tables.ts'

/** What is known of the workers that were lost with a job. */
export interface Crashes {
  count: number
  /** The workers that each gave one count; one that comes back takes its count away. */
  readonly workers: Set<number>
  /** Who noted that it begins the job alone, and the number of its last settlement then. */
  begun: { worker: number; seq: number } | null
}

/** Workers that died while holding the job. A row without uuid is known by its id, which a reclaim keeps. */
export function crashesOf({ crashes }: Tables, row: JobRow): number {
  return crashes.get(crashKey(row))?.count ?? 0
}

export function crashKey(row: JobRow): string {
  return row.read?.uuid ?? `id ${row.id}`
}
