import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, type MouseEvent, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { useT } from '../i18n/index.ts'
import { classes } from '../ui/classes.ts'
import { useWide } from '../ui/use-wide.ts'
import { Cell } from './Cell.tsx'
import type { Column } from './column.ts'
import { Header } from './Header.tsx'
import { focusRow, useFocusKept, useSelect } from './rows-by-key.ts'
import type { Selection } from './selection.ts'
import { useSorted } from './use-sorted.ts'

export interface DataTableProps<Row> {
  /** What the table is of, for those who can't see what stands around it. */
  label: string
  rows: readonly Row[]
  columns: readonly Column<Row>[]
  rowId: (row: Row) => string
  /** What a row is called where only it is spoken of: in the label of its checkbox. */
  rowName: (row: Row) => string
  /** A click on the row, or Enter on it. */
  onOpen?: (row: Row) => void
  selection?: Selection
  /** The list goes on where it ends. */
  onEnd?: () => void
  isReadingMore?: boolean
  /** Grey: of an earlier filter, or old. */
  stale?: boolean
  /** All rows there are, where that is known and more than are loaded. */
  total?: number
}

/** Below this width rows are cards. */
const CARDS_BELOW = 640
const ROW_PX = 41
const CARD_PX = 96
/** Rows before the end at which more are asked for. */
const AHEAD = 40

/**
 * Rows as a table, on phones as cards. However many there are, only those near the window are in the page; the page
 * itself scrolls. Arrow keys go from row to row, `x` selects, Enter opens.
 */
export function DataTable<Row extends object>(props: DataTableProps<Row>) {
  const {
    label,
    rows,
    columns,
    rowId,
    rowName,
    onOpen,
    selection,
    onEnd,
    isReadingMore = false,
    stale = false,
    total,
  } = props
  const t = useT()
  const width = useWide()
  const asCards = width < CARDS_BELOW
  const shown = columns.filter(({ from = 0 }) => asCards || width >= from)
  const sorted = useSorted(rows, columns, rowId)
  const ordered = sorted.rows

  const body = useRef<HTMLDivElement>(null)
  const [offset, setOffset] = useState(0)
  useLayoutEffect(() => {
    const top = (body.current?.getBoundingClientRect().top ?? 0) + window.scrollY
    if (Math.abs(top - offset) > 1) setOffset(top)
  })
  const virtualizer = useWindowVirtualizer({
    count: ordered.length,
    estimateSize: () => (asCards ? CARD_PX : ROW_PX),
    overscan: 24,
    scrollMargin: offset,
    getItemKey: (index) => ordered[index]?.id ?? index,
  })
  // Rows and cards differ in height: what was measured of the one is nothing to the other.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when the form changes
  useEffect(() => virtualizer.measure(), [asCards])

  const items = virtualizer.getVirtualItems()
  const lastIndex = items.at(-1)?.index ?? -1
  useEffect(() => {
    if (onEnd !== undefined && lastIndex >= ordered.length - AHEAD) onEnd()
  }, [lastIndex, ordered.length, onEnd])

  const noteFocus = useFocusKept(body, ordered)
  const tracks = [...(selection === undefined ? [] : ['2.25rem']), ...shown.map((column) => column.width)].join(' ')
  const select = useSelect(
    ordered.map(({ id }) => id),
    selection,
  )
  const onRowKey = (event: KeyboardEvent<HTMLDivElement>, index: number, row: Row) => {
    if (event.target !== event.currentTarget) return
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key]
    if (step !== undefined) {
      event.preventDefault()
      focusRow(body.current, index + step, (to) => virtualizer.scrollToIndex(to))
    } else if (event.key === 'Enter') onOpen?.(row)
    else if (event.key === 'x' && selection !== undefined) select(index, event.shiftKey)
  }
  const onRowClick = (event: MouseEvent<HTMLDivElement>, row: Row) => {
    const target = event.target as HTMLElement
    if (target.closest('a, button, input, label, [popover]') !== null || getSelection()?.toString()) return
    onOpen?.(row)
  }

  return (
    <div
      role="table"
      aria-label={label}
      aria-rowcount={(total ?? ordered.length) + 1}
      className={classes('overflow-clip rounded-lg text-sm', stale && 'stale')}
    >
      <Header columns={shown} sorted={sorted} selection={selection} tracks={tracks} asCards={asCards} />
      <div ref={body} role="rowgroup" className="relative" style={{ height: virtualizer.getTotalSize() }}>
        {items.map((item) => {
          const row = ordered[item.index]
          if (row === undefined) return null
          const { original, id } = row
          const isSelected = selection?.ids.has(id) ?? false
          return (
            <div
              key={item.key}
              ref={virtualizer.measureElement}
              data-index={item.index}
              role="row"
              aria-rowindex={item.index + 2}
              aria-selected={selection === undefined ? undefined : isSelected}
              tabIndex={0}
              onFocus={() => noteFocus(id, item.index)}
              onKeyDown={(event) => onRowKey(event, item.index, original)}
              onClick={(event) => onRowClick(event, original)}
              style={{
                transform: `translateY(${item.start - virtualizer.options.scrollMargin}px)`,
                gridTemplateColumns: asCards ? undefined : tracks,
              }}
              className={classes(
                'absolute inset-x-0 top-0 px-4 focus-visible:outline-offset-[-2px]',
                item.index < ordered.length - 1 && 'border-b',
                asCards
                  ? 'flex flex-wrap items-center gap-x-4 gap-y-1 py-2.5'
                  : 'grid min-h-10 items-center gap-x-4 py-1',
                isSelected ? 'bg-accent-soft' : 'hover:bg-hover',
                onOpen !== undefined && 'cursor-pointer',
              )}
            >
              {selection !== undefined && (
                <span role="cell" className="flex">
                  <input
                    type="checkbox"
                    aria-label={t('table.select', { name: rowName(original) })}
                    checked={isSelected}
                    onChange={(event) =>
                      select(item.index, (event.nativeEvent as unknown as { shiftKey?: boolean }).shiftKey ?? false)
                    }
                  />
                </span>
              )}
              {shown.map((column) => (
                <Cell key={column.id} column={column} row={original} asCard={asCards} />
              ))}
            </div>
          )
        })}
      </div>
      {isReadingMore && (
        <p className="flex min-h-10 items-center justify-center text-faint text-xs">
          <span className="pulse">{t('table.readingMore')}</span>
        </p>
      )}
    </div>
  )
}
