import {
  createSortedRowModel,
  rowSortingFeature,
  type SortingState,
  sortFn_basic,
  tableFeatures,
  useTable,
} from '@tanstack/react-table'
import { useMemo } from 'react'
import { useUrlState } from '../ui/use-url-state.ts'
import type { Column } from './column.ts'

export type Order = 'asc' | 'desc'

export interface Sorted<Row> {
  rows: readonly { id: string; original: Row }[]
  /** By which way this column sorts now; undefined where it does not. */
  orderOf(column: string): Order | undefined
  /** One way, the other way, as it came. */
  toggle(column: string): void
}

const features = tableFeatures({
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { basic: sortFn_basic },
})

/** Rows in the order that somebody chose by a header; the choice stands in the address, as `sort=due` or `sort=-due`. */
export function useSorted<Row extends object>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  rowId: (row: Row) => string,
): Sorted<Row> {
  const [{ sort }, setUrl] = useUrlState({ sort: '' })
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
  const chosen = sort.replace(/^-/, '')
  const isKnown = columns.some(({ id, sortBy }) => id === chosen && sortBy !== undefined)
  const sorting = useMemo<SortingState>(
    () => (isKnown ? [{ id: chosen, desc: sort.startsWith('-') }] : []),
    [isKnown, chosen, sort],
  )
  const table = useTable({ features, columns: definitions, data: rows as Row[], getRowId: rowId, state: { sorting } })
  const orderOf = (column: string): Order | undefined => {
    const found = sorting.find(({ id }) => id === column)
    return found && (found.desc ? 'desc' : 'asc')
  }
  return {
    rows: table.getRowModel().rows,
    orderOf,
    toggle: (column) => {
      const now = orderOf(column)
      const next = now === undefined ? column : now === 'asc' ? `-${column}` : ''
      setUrl({ sort: next }, { replace: true })
    },
  }
}
