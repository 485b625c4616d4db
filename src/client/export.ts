import type { Masker } from '../core/mask.ts'
import type { SurfacedField } from '../core/surface.ts'
import { payloadShown } from './detail.ts'
import { type FailedRow, failedRow } from './rows.ts'
import type { FailedSearch, Searches } from './search.ts'
import type { FailedView } from './view.ts'

export type ExportFormat = 'jsonl' | 'csv'

const AT_ONCE = 200

/**
 * Failed jobs as text, piece by piece and masked: a page is in memory at a time, however many there are. What fails while
 * it runs is not in it. JSON lines hold payload and exception in full, CSV holds what a list shows.
 */
export async function* exportFailed(
  searches: Searches,
  search: FailedSearch,
  format: ExportFormat,
  { surface, masker, signal }: { surface: readonly SurfacedField[]; masker: Masker; signal?: AbortSignal },
): AsyncGenerator<string, void, void> {
  const columns = [
    'id',
    'uuid',
    'queue',
    'job_class',
    ...surface.map(({ name }) => name),
    'exception_short',
    'failed_at',
  ]
  if (format === 'csv') yield `${columns.join(',')}\r\n`
  let cursor: string | undefined
  do {
    signal?.throwIfAborted()
    const page = await searches.failed(search, { limit: AT_ONCE, cursor })
    const lines = page.rows.map((view) => {
      const row = failedRow(view, { surface, masker })
      return format === 'csv' ? csvLine(columns.map((column) => row[column])) : jsonLine(view, row, masker)
    })
    if (lines.length > 0) yield lines.join('')
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
}

function jsonLine(view: FailedView, row: FailedRow, masker: Masker): string {
  const payload = masker.value(payloadShown(view.payload))
  return `${JSON.stringify({ ...row, payload, exception: masker.text(view.exception) })}\n`
}

function csvLine(values: readonly unknown[]): string {
  return `${values.map(csvCell).join(',')}\r\n`
}

/** A text that a spreadsheet would take for a formula is kept from being one. */
function csvCell(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  const text = String(value).replace(/^(?=[=+\-@\t\r])/, "'")
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
