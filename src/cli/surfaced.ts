import { safe } from './style.ts'
import type { Column } from './table.ts'

/** A column for each field that FAENA_SURFACE names and one of the rows has. */
export function surfacedColumns<Row extends { surfaced: Readonly<Record<string, unknown>> }>(
  rows: readonly Row[],
): Column<Row>[] {
  const names = [...new Set(rows.flatMap(({ surfaced }) => Object.keys(surfaced)))]
  return names.map((name) => ({
    title: name.toUpperCase(),
    cell: ({ surfaced }) => (surfaced[name] === undefined ? '' : safe(String(surfaced[name]))),
  }))
}
