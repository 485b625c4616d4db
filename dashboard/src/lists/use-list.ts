import type { DefaultError, InfiniteData, QueryKey, UseInfiniteQueryOptions } from '@tanstack/react-query'
import { useCallback, useMemo, useRef, useState } from 'react'
import type { News } from '../live/topics.ts'
import { type Rows, type RowsPage, useRows } from '../live/use-rows.ts'
import type { Selection } from '../table/selection.ts'

export interface SelectableRows<Row> {
  rows: Rows<Row>
  selection: Selection
  /** Of those that are in the list: what left it is no longer selected. */
  selectedIds: readonly string[]
  letGo(): void
}

/** Further down than this somebody reads. */
const TOP_PX = 200

/** A list of rows that people work on: it keeps still while some are selected, or somebody has scrolled down. */
export function useSelectableRows<Row extends { id: unknown }, Key extends QueryKey>(
  options: UseInfiniteQueryOptions<RowsPage<Row>, DefaultError, InfiniteData<RowsPage<Row>>, Key, string>,
  news: News,
): SelectableRows<Row> {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set())
  const selected = useRef(ids)
  selected.current = ids
  const isBusy = useCallback(() => selected.current.size > 0 || scrollY > TOP_PX, [])
  const rows = useRows(options, news, isBusy)
  const selectedIds = useMemo(() => {
    const present = new Set(rows.rows.map(({ id }) => String(id)))
    return [...ids].filter((id) => present.has(id))
  }, [rows.rows, ids])
  const selection = useMemo<Selection>(() => ({ ids, onChange: setIds }), [ids])
  return { rows, selection, selectedIds, letGo: useCallback(() => setIds(new Set()), []) }
}
