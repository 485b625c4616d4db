import { classes } from '../ui/classes.ts'
import type { Column } from './column.ts'

/** A value in its column; in a card beside its header, unless the card gives it a place of its own. */
export function Cell<Row>({ column, row, asCard }: { column: Column<Row>; row: Row; asCard: boolean }) {
  const { header, cell, align, card } = column
  if (!asCard) {
    return (
      <span role="cell" className={classes('min-w-0', align === 'end' && 'text-right')}>
        {cell(row)}
      </span>
    )
  }
  if (card === 'none') return null
  if (card === 'title')
    return (
      <span role="cell" className="min-w-0 grow basis-[70%] font-medium">
        {cell(row)}
      </span>
    )
  if (card === 'corner')
    return (
      <span role="cell" className="ml-auto flex items-center gap-1">
        {cell(row)}
      </span>
    )
  return (
    <span role="cell" className="flex min-w-0 max-w-full items-baseline gap-1.5 text-xs">
      <span className="text-faint">{header}</span>
      <span className="min-w-0">{cell(row)}</span>
    </span>
  )
}
