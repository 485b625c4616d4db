import type { JobRow } from './job-table.ts'
import type { Tables } from './tables.ts'

/** Workers that died while holding the job. A row without uuid is known by its id, which a reclaim keeps. */
export function crashesOf({ crashes }: Tables, row: JobRow): number {
  return crashes.get(crashKey(row)) ?? 0
}

export function crashKey(row: JobRow): string {
  return row.read?.uuid ?? `id ${row.id}`
}
