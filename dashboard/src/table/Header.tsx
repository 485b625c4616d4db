import { useT } from '../i18n/index.ts'
import { classes } from '../ui/classes.ts'
import { Icon } from '../ui/Icon.tsx'
import type { Column } from './column.ts'
import type { Selection } from './selection.ts'
import type { Sorted } from './use-sorted.ts'

export interface HeaderProps<Row> {
  columns: readonly Column<Row>[]
  sorted: Sorted<Row>
  selection: Selection | undefined
  /** The grid that the rows stand on too. */
  tracks: string
  /** Cards name their values themselves: the header is read out only. */
  asCards: boolean
}

export function Header<Row>({ columns, sorted, selection, tracks, asCards }: HeaderProps<Row>) {
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: a row of headers is nothing one acts on
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
          <SelectAll ids={sorted.rows.map(({ id }) => id)} selection={selection} />
        </span>
      )}
      {columns.map((column) => (
        <Head key={column.id} column={column} sorted={sorted} />
      ))}
    </div>
  )
}

function Head<Row>({ column, sorted }: { column: Column<Row>; sorted: Sorted<Row> }) {
  const { id, header, quietHeader, align, sortBy } = column
  const order = sorted.orderOf(id)
  return (
    <span
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
          onClick={() => sorted.toggle(id)}
        >
          {header}
          {order !== undefined && <Icon name={order === 'asc' ? 'up' : 'down'} className="size-3" />}
        </button>
      )}
    </span>
  )
}

function SelectAll({ ids, selection }: { ids: readonly string[]; selection: Selection }) {
  const t = useT()
  const all = ids.length > 0 && ids.every((id) => selection.ids.has(id))
  const some = !all && ids.some((id) => selection.ids.has(id))
  return (
    <input
      type="checkbox"
      aria-label={t('table.selectLoaded')}
      checked={all}
      ref={(input) => {
        if (input !== null) input.indeterminate = some
      }}
      onChange={() => selection.onChange(new Set(all ? [] : ids))}
    />
  )
}
