import { useSearch } from '@tanstack/react-router'
import { useCallback, useMemo } from 'react'
import type { FailedFilter, FailedNarrowing } from '../../api/queries.ts'
import { FIELD_PREFIX, fieldsIn } from '../../lists/surfaced.ts'
import { useUrlState } from '../../ui/use-url-state.ts'

const USUAL = { view: 'list', q: '', queue: '', job_class: '', error: '', from: '', to: '' }

export type FailedFilterState = ReturnType<typeof useFailedFilter>

/** What the page is narrowed by: all of it in the address. */
export function useFailedFilter() {
  const [url, set] = useUrlState(USUAL)
  const search = useSearch({ strict: false }) as Record<string, string>
  const fields = useMemo(() => fieldsIn(search), [search])
  const { view, q, queue, job_class, error, from, to } = url
  const narrowing: FailedNarrowing = useMemo(
    () => given({ queue, job_class, error, from, to }),
    [queue, job_class, error, from, to],
  )
  const query: FailedFilter = useMemo(
    () => ({ ...narrowing, ...given({ q }), ...(fields && { fields }) }),
    [narrowing, q, fields],
  )
  const change = useCallback((values: Record<string, string>) => set(values), [set])
  const clear = useCallback(() => {
    const names = Object.keys(fieldsIn(search) ?? {}).map((name) => `${FIELD_PREFIX}${name}`)
    set({
      ...Object.fromEntries(names.map((name) => [name, ''])),
      q: '',
      queue: '',
      job_class: '',
      error: '',
      from: '',
      to: '',
    })
  }, [search, set])
  return {
    view: view === 'groups' ? ('groups' as const) : ('list' as const),
    setView: (next: 'list' | 'groups') => set({ view: next }),
    setPeriod: (period: { from: string; to: string }) => set(period),
    values: { ...search, q, queue, job_class, error, from, to } as Record<string, string>,
    narrowing,
    query,
    change,
    clear,
    isNarrowed: Object.keys(query).length > 0,
    /**
     * What a bulk action would be told so that it means the same rows; undefined where it can't be told: it knows no
     * search text, no fields and no beginning.
     */
    bulk:
      q === '' && from === '' && fields === undefined
        ? { ...given({ queue, job_class, error, failed_before: to }) }
        : undefined,
  }
}

function given<Values extends Record<string, string>>(values: Values): Partial<Values> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== '')) as Partial<Values>
}
