import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { failedGroupsQuery, queuesQuery } from '../../api/queries.ts'
import { useT } from '../../i18n/index.ts'
import { FIELD_PREFIX, useSurfaced } from '../../lists/surfaced.ts'
import { FilterBar, type FilterField } from '../../ui/FilterBar.tsx'
import type { FailedFilterState } from './use-failed-filter.ts'

const NO_ROWS: readonly object[] = []

export function FailedFilters({ filter }: { filter: FailedFilterState }) {
  const t = useT()
  const { data: queues } = useQuery(queuesQuery)
  const { data: groups } = useQuery(failedGroupsQuery({}))
  const surfaced = useSurfaced(NO_ROWS, filter.values)
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
      ...surfaced.map((name): FilterField => ({ name: `${FIELD_PREFIX}${name}`, label: name, kind: 'text' })),
      { name: 'from', label: t('filters.from'), kind: 'moment' },
      { name: 'to', label: t('filters.to'), kind: 'moment' },
    ],
    [t, queues, groups, surfaced],
  )
  return (
    <FilterBar
      fields={fields}
      values={filter.values}
      onChange={filter.change}
      search={filter.view === 'list' ? { name: 'q', placeholder: t('failed.search') } : undefined}
    />
  )
}
