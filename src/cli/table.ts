import { type Style, widthOf } from './style.ts'

export interface Column<Row> {
  title: string
  /** What a cell shows; may hold colours, must be one line. */
  cell: (row: Row) => string
  align?: 'left' | 'right'
}

/** A heading and one line per row, columns two spaces apart, numbers on the right. */
export function tableLines<Row>(columns: readonly Column<Row>[], rows: readonly Row[], style: Style): string[] {
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row)))
  const widths = columns.map(({ title }, at) => Math.max(widthOf(title), ...cells.map((row) => widthOf(row[at] ?? ''))))
  const line = (parts: readonly string[]) =>
    `  ${parts.map((part, at) => padded(part, widths[at] ?? 0, columns[at]?.align ?? 'left')).join('  ')}`.trimEnd()
  const heading = style.dim(line(columns.map(({ title }) => title)))
  return [heading, ...cells.map(line)]
}

function padded(text: string, width: number, align: 'left' | 'right'): string {
  const gap = ' '.repeat(Math.max(0, width - widthOf(text)))
  return align === 'right' ? gap + text : text + gap
}
