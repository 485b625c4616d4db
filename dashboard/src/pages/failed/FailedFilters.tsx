import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { failedGroupsQuery, queuesQuery } from '../../api/queries.ts'
import { useT } from '../../i18n/index.ts'
import { FilterBar, type FilterField } from '../../lists/FilterBar.tsx'
import { OrderMenu } from '../../lists/OrderMenu.tsx'
import { surfacedFilters, useSurfaced } from '../../lists/surfaced.ts'
import type { FailedFilterState } from './use-failed-filter.ts'

/** Groups are narrowed by less than the list: what they would pass over is not shown beside them. */
export function FailedFilters({ filter }: { filter: FailedFilterState }) {
  const t = useT()
  const { data: queues } = useQuery(queuesQuery)
  const { data: groups } = useQuery(failedGroupsQuery({}))
  const surfaced = useSurfaced()
  const isList = filter.view === 'list'
  const fields = useMemo<FilterField[]>(
    () => [
      { name: 'queue', label: t('filters.queue'), kind: 'choice', options: queues?.map(({ queue }) => queue) ?? [] },
      {
        name: 'job_class',
        label: t('filters.job_class'),
        kind: 'text',
        options: [...new Set(groups?.flatMap(({ name }) => (name === null ? [] : [name])) ?? [])].sort(),
      },
      { name: 'error', label: t('filters.error'), kind: 'text', placeholder: t('failed.errorHint') },
      ...(isList ? surfacedFilters(surfaced) : []),
      { name: 'from', label: t('filters.from'), kind: 'moment' },
      { name: 'to', label: t('filters.to'), kind: 'moment' },
    ],
    [t, queues, groups, surfaced, isList],
  )
  return (
    <>
      {isList && <OrderMenu order={filter.order} onChange={(order) => filter.change({ order })} />}
      <FilterBar
        fields={fields}
        values={filter.values}
        onChange={filter.change}
        search={isList ? { name: 'q', placeholder: t('failed.search') } : undefined}
      />
    </>
  )
}
