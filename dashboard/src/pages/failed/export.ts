import type { FailedFilter } from '../../api/queries.ts'
import { mounted } from '../../mount.ts'

/** Where the browser fetches what fits as a file; the session goes along. */
export function exportAddress(format: 'jsonl' | 'csv', { fields, ...filter }: FailedFilter): string {
  const given = Object.entries({ ...filter, ...fields }).filter((entry): entry is [string, string] => Boolean(entry[1]))
  return `${mounted('/api/v1/queue/failed/export')}?${new URLSearchParams([['format', format], ...given])}`
}
