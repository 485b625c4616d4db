import { useCallback, useMemo } from 'react'
import type { FailedFilter, FailedNarrowing } from '../../api/queries.ts'
import { listOrderOf } from '../../lists/OrderMenu.tsx'
import { useFieldSearch } from '../../lists/surfaced.ts'
import { useUrlState } from '../../ui/use-url-state.ts'
import { bulkOf } from './bulk-of.ts'

const NO_FILTER = { q: '', queue: '', job_class: '', error: '', from: '', to: '' }

export type FailedFilterState = ReturnType<typeof useFailedFilter>

/** What the page is narrowed by: all of it in the address. */
export function useFailedFilter() {
  const [url, set] = useUrlState({ ...NO_FILTER, view: 'list', order: 'newest' })
  const { search: fields, values: fieldValues, none } = useFieldSearch()
  const { view, order, q, queue, job_class, error, from, to } = url
  /** As groups are narrowed: by what their index knows. */
  const narrowing: FailedNarrowing = useMemo(
    () => given({ queue, job_class, error, from, to }),
    [queue, job_class, error, from, to],
  )
  const query: FailedFilter = useMemo(
    () => ({ ...narrowing, ...given({ q }), ...(fields && { fields }) }),
    [narrowing, q, fields],
  )
  const clear = useCallback(() => set({ ...none, ...NO_FILTER }), [none, set])
  return {
    view: view === 'groups' ? ('groups' as const) : ('list' as const),
    setView: (next: 'list' | 'groups') => set({ view: next }),
    order: listOrderOf(order),
    setPeriod: (period: { from: string; to: string }) => set(period),
    values: { ...fieldValues, q, queue, job_class, error, from, to } as Record<string, string>,
    narrowing,
    query,
    change: set as (change: Record<string, string>) => void,
    clear,
    isNarrowed: Object.keys(query).length > 0,
    bulk: bulkOf(query),
  }
}

function given<Values extends Record<string, string>>(values: Values): Partial<Values> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== '')) as Partial<Values>
}
