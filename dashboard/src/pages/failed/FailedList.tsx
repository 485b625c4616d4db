import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useCallback, useMemo, useRef, useState } from 'react'
import { api, ask, type FailedRow } from '../../api/client.ts'
import { failedGroupsQuery, failedQuery } from '../../api/queries.ts'
import { useAction } from '../../api/use-action.ts'
import { useT } from '../../i18n/index.ts'
import { visible } from '../../json/visible.ts'
import { ListFrame } from '../../lists/ListFrame.tsx'
import { SelectionBar } from '../../lists/SelectionBar.tsx'
import { shown, useSurfaced } from '../../lists/surfaced.ts'
import { useRows } from '../../live/use-rows.ts'
import { useBulk } from '../../operations/bulk.ts'
import { useMay } from '../../session/use-me.ts'
import { Button } from '../../ui/Button.tsx'
import { type Column, DataTable } from '../../ui/DataTable.tsx'
import { QueueName } from '../../ui/QueueName.tsx'
import { Empty } from '../../ui/States.tsx'
import { WallTime } from '../../ui/Time.tsx'
import { FailedRowActions } from './FailedRowActions.tsx'
import type { FailedFilterState } from './use-failed-filter.ts'

/** More rows than this nobody shows their fields for: the table would be wider than any screen. */
const MOST_FIELDS = 2
/** Rows that one who may not clear deletes one by one. */
const MOST_SINGLE = 100

export function FailedList({ filter }: { filter: FailedFilterState }) {
  const t = useT()
  const navigate = useNavigate()
  const mayRetry = useMay('operator')
  const mayClear = useMay('admin')
  const bulk = useBulk()
  const { busy: removing, run } = useAction()
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set())
  const [isAll, setAll] = useState(false)
  const selected = useRef(ids)
  selected.current = ids
  const isBusy = useCallback(() => selected.current.size > 0 || scrollY > 200, [])
  const rows = useRows(failedQuery(filter.query), 'failed', isBusy)
  const fields = useSurfaced(rows.rows, filter.values)
  const all = useMatching(filter, rows)

  // What is no longer in the list is no longer selected.
  const selectedIds = useMemo(() => {
    const present = new Set(rows.rows.map(({ id }) => String(id)))
    return [...ids].filter((id) => present.has(id))
  }, [rows.rows, ids])
  const select = useCallback((next: ReadonlySet<string>) => {
    setIds(next)
    setAll(false)
  }, [])
  const letGo = useCallback(() => select(new Set()), [select])

  const columns = useMemo<Column<FailedRow>[]>(
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
              params={{ id: String(row.id) } as never}
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
      ...fields.slice(0, MOST_FIELDS).map(
        (name): Column<FailedRow> => ({
          id: name,
          header: name,
          width: 'minmax(5rem, 0.7fr)',
          from: 1180,
          cell: (row) => <span className="block truncate">{shown(row[name])}</span>,
        }),
      ),
      {
        id: 'queue',
        header: t('columns.queue'),
        width: 'minmax(5rem, 0.9fr)',
        cell: (row) => <QueueName name={row.queue} />,
      },
      {
        id: 'failed_at',
        header: t('columns.failed_at'),
        width: '7.5rem',
        cell: (row) => <WallTime at={row.failed_at} />,
      },
      ...(mayRetry
        ? [
            {
              id: 'actions',
              header: t('common.actions'),
              quietHeader: true,
              width: '8.75rem',
              align: 'end' as const,
              card: 'corner' as const,
              cell: (row: FailedRow) => <FailedRowActions row={row} />,
            },
          ]
        : []),
    ],
    [t, fields, mayRetry],
  )

  const count = isAll && all !== undefined ? all : selectedIds.length
  const meant = () => (isAll && filter.bulk !== undefined ? filter.bulk : { ids: selectedIds })
  const retry = async () => {
    if (await bulk.retry(meant(), count)) letGo()
  }
  const remove = async () => {
    if (mayClear ? await bulk.remove(meant(), count) : await removeSingly()) letGo()
  }
  const removeSingly = async () => {
    const { confirm } = await import('../../ui/confirm.tsx')
    const figures = { count, n: String(count) }
    const sure = await confirm({
      title: t('bulk.removeTitle', figures),
      body: t('bulk.removeBody'),
      action: t('bulk.removeAction', figures),
      danger: true,
    })
    if (!sure) return false
    return run(
      async () => {
        for (const id of selectedIds) await ask(api.DELETE('/api/v1/queue/failed/{id}', { params: { path: { id } } }))
      },
      () => t('bulk.removed', figures),
    )
  }

  return (
    <ListFrame
      rows={rows}
      isNarrowed={filter.isNarrowed}
      onClear={filter.clear}
      empty={<Empty title={t('failed.empty')}>{t('failed.emptyHint')}</Empty>}
      bar={
        count > 0 && (
          <SelectionBar count={count} all={all} onAll={() => setAll(true)} onClear={letGo}>
            <Button icon="retry" busy={bulk.busy} onClick={() => void retry()}>
              {t('failed.retry')}
            </Button>
            {(mayClear || (!isAll && count <= MOST_SINGLE)) && (
              <Button icon="delete" busy={bulk.busy || removing} onClick={() => void remove()}>
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
        onOpen={(row) => void navigate({ to: '/failed/$id', params: { id: String(row.id) } } as never)}
        selection={mayRetry ? { ids, onChange: select } : undefined}
        onEnd={rows.readMore}
        isReadingMore={rows.isReadingMore}
        stale={rows.isStale}
        total={all}
      />
    </ListFrame>
  )
}

/** How many fit the filter, where all of them can be meant at once: the sum of their groups. */
function useMatching(
  filter: FailedFilterState,
  { rows, hasMore }: { rows: readonly unknown[]; hasMore: boolean },
): number | undefined {
  const { data: groups } = useQuery({
    ...failedGroupsQuery(filter.narrowing),
    enabled: filter.bulk !== undefined && hasMore,
  })
  if (!hasMore) return rows.length
  if (filter.bulk === undefined || groups === undefined || groups.length >= 200) return undefined
  return groups.reduce((sum, { count }) => sum + count, 0)
}
