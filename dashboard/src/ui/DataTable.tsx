import {
  createSortedRowModel,
  rowSortingFeature,
  type SortingState,
  sortFn_alphanumeric,
  sortFn_basic,
  tableFeatures,
  useTable,
} from '@tanstack/react-table'
import { useWindowVirtualizer } from '@tanstack/react-virtual'
import {
  type KeyboardEvent,
  type MouseEvent,
  type ReactNode,
  type RefObject,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react'
import { useT } from '../i18n/index.ts'
import { classes } from './classes.ts'
import { Icon } from './Icon.tsx'
import { useWide } from './use-wide.ts'

export interface Column<Row> {
  id: string
  header: string
  /** The header is read out, not shown: for actions. */
  quietHeader?: boolean
  cell: (row: Row) => ReactNode
  /** A track of a CSS grid, such as `minmax(10rem, 2fr)` or `6rem`. */
  width: string
  align?: 'end'
  /** Makes the header sort by this value; only for lists that are there as a whole. */
  sortBy?: (row: Row) => string | number
  /** Left out below this width of the window, in px. */
  from?: number
  /** On phones a row is a card: its title comes first and large, `corner` stands at its right, `none` is left out; the rest follows with its header. */
  card?: 'title' | 'corner' | 'none'
}

export interface Selection {
  ids: ReadonlySet<string>
  onChange: (ids: ReadonlySet<string>) => void
}

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

const features = tableFeatures({
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { alphanumeric: sortFn_alphanumeric, basic: sortFn_basic },
})

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
  const [sorting, setSorting] = useState<SortingState>([])
  const definitions = useMemo(
    () =>
      columns.map(({ id, sortBy }) => ({
        id,
        accessorFn: sortBy ?? (() => ''),
        enableSorting: sortBy !== undefined,
        sortFn: 'basic' as const,
      })),
    [columns],
  )
  const table = useTable({
    features,
    columns: definitions,
    data: rows as Row[],
    getRowId: rowId,
    state: { sorting },
    onSortingChange: setSorting,
  })
  const ordered = table.getRowModel().rows
  const sortable = columns.some(({ sortBy }) => sortBy !== undefined)

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
      {/* biome-ignore lint/a11y/useFocusableInteractive: a row of headers is nothing one acts on */}
      <div
        role="row"
        aria-rowindex={1}
        style={{ gridTemplateColumns: tracks }}
        className={classes(
          'sticky top-(--header-height) z-10 grid items-center gap-x-4 rounded-t-lg border-b bg-surface px-4 text-faint text-xs',
          asCards ? 'sr-only' : 'min-h-9',
        )}
      >
        {selection !== undefined && (
          <span role="columnheader" tabIndex={-1} className="flex">
            <SelectAll rows={ordered.map(({ id }) => id)} selection={selection} label={t('table.selectLoaded')} />
          </span>
        )}
        {shown.map(({ id, header, quietHeader, align, sortBy }) => {
          const column = sortable ? table.getColumn(id) : undefined
          const order = sortBy === undefined ? false : column?.getIsSorted()
          return (
            <span
              key={id}
              role="columnheader"
              tabIndex={-1}
              aria-sort={order === 'asc' ? 'ascending' : order === 'desc' ? 'descending' : undefined}
              className={classes('min-w-0 font-medium', align === 'end' && 'text-right')}
            >
              {sortBy === undefined ? (
                <span className={quietHeader ? 'sr-only' : undefined}>{header}</span>
              ) : (
                <button
                  type="button"
                  className="inline-flex items-center gap-0.5 hover:text-ink"
                  onClick={() => column?.toggleSorting()}
                >
                  {header}
                  {order !== false && order !== undefined && (
                    <Icon name={order === 'asc' ? 'up' : 'down'} className="size-3" />
                  )}
                </button>
              )}
            </span>
          )
        })}
      </div>
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

function Cell<Row>({ column, row, asCard }: { column: Column<Row>; row: Row; asCard: boolean }) {
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

function SelectAll({ rows, selection, label }: { rows: readonly string[]; selection: Selection; label: string }) {
  const all = rows.length > 0 && rows.every((id) => selection.ids.has(id))
  const some = !all && rows.some((id) => selection.ids.has(id))
  return (
    <input
      type="checkbox"
      aria-label={label}
      checked={all}
      ref={(input) => {
        if (input !== null) input.indeterminate = some
      }}
      onChange={() => selection.onChange(new Set(all ? [] : rows))}
    />
  )
}

/** Selects or lets go of a row; with shift also what lies between it and the one before. */
function useSelect(ids: readonly string[], selection: Selection | undefined) {
  const before = useRef<number | undefined>(undefined)
  return useCallback(
    (index: number, through: boolean) => {
      const id = ids[index]
      if (selection === undefined || id === undefined) return
      const on = !selection.ids.has(id)
      const next = new Set(selection.ids)
      const from = through && before.current !== undefined ? before.current : index
      for (const one of ids.slice(Math.min(from, index), Math.max(from, index) + 1)) {
        if (on) next.add(one)
        else next.delete(one)
      }
      before.current = index
      selection.onChange(next)
    },
    [ids, selection],
  )
}

/** When the row that was worked on goes, the focus goes to the one that took its place, not to nowhere. */
function useFocusKept(body: RefObject<HTMLElement | null>, rows: readonly { id: string }[]) {
  const last = useRef<{ id: string; index: number } | undefined>(undefined)
  useEffect(() => {
    const { id, index } = last.current ?? {}
    if (id === undefined || index === undefined || document.activeElement !== document.body) return
    if (rows.length === 0 || rows.some((row) => row.id === id)) return
    last.current = undefined
    body.current?.querySelector<HTMLElement>(`[data-index="${Math.min(index, rows.length - 1)}"]`)?.focus()
  }, [rows, body])
  return useCallback((id: string, index: number) => {
    last.current = { id, index }
  }, [])
}

function focusRow(body: HTMLElement | null, index: number, scrollTo: (index: number) => void): void {
  const find = () => body?.querySelector<HTMLElement>(`[data-index="${index}"]`)
  const row = find()
  if (row) row.focus()
  else {
    scrollTo(index)
    requestAnimationFrame(() => find()?.focus())
  }
}
