import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useEffect, useMemo, useState } from 'react'
import { api, ask, type FailedRow } from '../../api/client.ts'
import { failedGroupsQuery, failedQuery } from '../../api/queries.ts'
import { useT } from '../../i18n/index.ts'
import { visible } from '../../json/visible.ts'
import { actionsColumn, queueColumn, surfacedColumns } from '../../lists/columns.tsx'
import { ListFrame } from '../../lists/ListFrame.tsx'
import { SelectionBar } from '../../lists/SelectionBar.tsx'
import { useSurfaced } from '../../lists/surfaced.ts'
import { useSelectableRows } from '../../lists/use-list.ts'
import { useBulk } from '../../operations/bulk.ts'
import { MOST_SINGLE, useRemoveSelected } from '../../operations/remove-selected.ts'
import { useMay } from '../../session/use-me.ts'
import type { Column } from '../../table/column.ts'
import { DataTable } from '../../table/DataTable.tsx'
import { asAddress } from '../../ui/as-address.ts'
import { Button } from '../../ui/Button.tsx'
import { Empty } from '../../ui/States.tsx'
import { WallTime } from '../../ui/Time.tsx'
import { FailedRowActions } from './FailedRowActions.tsx'
import type { FailedFilterState } from './use-failed-filter.ts'

/** As many as the API answers at once: beyond them not all are counted. */
const MOST_GROUPS = 200

export function FailedList({ filter }: { filter: FailedFilterState }) {
  const t = useT()
  const navigate = useNavigate()
  const mayRetry = useMay('operator')
  const mayClear = useMay('admin')
  const bulk = useBulk()
  const single = useRemoveSelected('bulk', (id) =>
    ask(api.DELETE('/api/v1/queue/failed/{id}', { params: { path: { id } } })),
  )
  const { order, query } = filter
  const { rows, selection, selectedIds, letGo } = useSelectableRows(failedQuery({ ...query, order }), 'failed')
  const [isAll, setAll] = useState(false)
  // Another selection, or another filter, and those that matched before are no longer meant.
  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever they change
  useEffect(() => setAll(false), [selection.ids, query])
  const counted = useMatching(filter, rows)
  const columns = useColumns(mayRetry)

  const count = isAll ? counted : selectedIds.length
  const meant = () => (isAll && filter.bulk !== undefined ? filter.bulk : { ids: [...selectedIds] })
  const retry = async () => {
    if (await bulk.retry(meant(), count)) letGo()
  }
  const remove = async () => {
    if (mayClear ? await bulk.remove(meant(), count) : await single.removeSelected(selectedIds)) letGo()
  }
  const hasOthers = rows.hasMore || rows.rows.length > selectedIds.length
  return (
    <ListFrame
      rows={rows}
      isNarrowed={filter.isNarrowed}
      onClear={filter.clear}
      empty={<Empty title={t('failed.empty')}>{t('failed.emptyHint')}</Empty>}
      bar={
        selectedIds.length > 0 && (
          <SelectionBar
            count={selectedIds.length}
            isAll={isAll}
            all={counted}
            onAll={hasOthers && filter.bulk !== undefined ? () => setAll(true) : undefined}
            note={rows.hasMore && filter.bulk === undefined ? t('failed.loadedOnly') : undefined}
            onClear={letGo}
          >
            <Button icon="retry" busy={bulk.busy} onClick={() => void retry()}>
              {t('failed.retry')}
            </Button>
            {(mayClear || (!isAll && selectedIds.length <= MOST_SINGLE)) && (
              <Button icon="delete" busy={bulk.busy || single.busy} onClick={() => void remove()}>
                {t('failed.delete')}
              </Button>
            )}
          </SelectionBar>
        )
      }
    >
      <DataTable
        label={t('nav.failed')}
        rows={rows.rows}
        columns={columns}
        rowId={(row) => String(row.id)}
        rowName={(row) => `${row.job_class} ${row.id}`}
        onOpen={(row) => void navigate(asAddress({ to: '/failed/$id', params: { id: String(row.id) } }))}
        selection={mayRetry ? selection : undefined}
        onEnd={rows.readMore}
        isReadingMore={rows.isReadingMore}
        stale={rows.isStale}
        total={counted}
      />
    </ListFrame>
  )
}

/** How many fit the filter, where that is known: all are loaded, or their groups have been counted. */
function useMatching(
  { query, narrowing }: FailedFilterState,
  { rows, hasMore }: { rows: readonly unknown[]; hasMore: boolean },
): number | undefined {
  const isGrouped = query.q === undefined && query.fields === undefined
  const { data: groups } = useQuery({
    ...failedGroupsQuery(narrowing, MOST_GROUPS),
    enabled: isGrouped && hasMore,
  })
  if (!hasMore) return rows.length
  if (!isGrouped || groups === undefined || groups.length >= MOST_GROUPS) return undefined
  return groups.reduce((sum, { count }) => sum + count, 0)
}

function useColumns(mayRetry: boolean): Column<FailedRow>[] {
  const t = useT()
  const surfaced = useSurfaced()
  return useMemo<Column<FailedRow>[]>(
    () => [
      {
        id: 'class',
        header: t('columns.class_error'),
        width: 'minmax(12rem, 5fr)',
        card: 'title',
        cell: (row) => (
          <span className="block py-0.5">
            <Link
              to="/failed/$id"
              params={asAddress({ id: String(row.id) })}
              className="block truncate font-medium hover:underline"
              title={row.job_class}
            >
              {row.job_class}
            </Link>
            <span className="block truncate font-normal text-soft text-xs" title={row.exception_short}>
              {visible(row.exception_short)}
            </span>
          </span>
        ),
      },
      ...surfacedColumns<FailedRow>(surfaced),
      queueColumn(t),
      {
        id: 'failed_at',
        header: t('columns.failed_at'),
        width: '7.5rem',
        cell: (row) => <WallTime at={row.failed_at} />,
      },
      ...(mayRetry ? [actionsColumn<FailedRow>(t, (row) => <FailedRowActions row={row} />)] : []),
    ],
    [t, surfaced, mayRetry],
  )
}
