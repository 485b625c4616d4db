import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import { api, ask, type JobRow } from '../../api/client.ts'
import { type JobsFilter, jobsQuery, queuesQuery } from '../../api/queries.ts'
import { useT } from '../../i18n/index.ts'
import { actionsColumn, queueColumn, surfacedColumns } from '../../lists/columns.tsx'
import { FilterBar, type FilterField } from '../../lists/FilterBar.tsx'
import { ListFrame } from '../../lists/ListFrame.tsx'
import { listOrderOf, OrderMenu } from '../../lists/OrderMenu.tsx'
import { SelectionBar } from '../../lists/SelectionBar.tsx'
import { surfacedFilters, useFieldSearch, useSurfaced } from '../../lists/surfaced.ts'
import { useSelectableRows } from '../../lists/use-list.ts'
import { MOST_SINGLE, useRemoveSelected } from '../../operations/remove-selected.ts'
import { useMay } from '../../session/use-me.ts'
import type { Column } from '../../table/column.ts'
import { DataTable } from '../../table/DataTable.tsx'
import { asAddress } from '../../ui/as-address.ts'
import { Button } from '../../ui/Button.tsx'
import { Page } from '../../ui/Page.tsx'
import { Empty } from '../../ui/States.tsx'
import { WallTime } from '../../ui/Time.tsx'
import { useUrlState } from '../../ui/use-url-state.ts'
import { ViewSwitch } from '../../ui/ViewSwitch.tsx'
import { JobRowActions } from './JobRowActions.tsx'
import { JobStatus } from './JobStatus.tsx'

const NO_FILTER = { state: 'all', q: '', queue: '', job_class: '', from: '', to: '' }
const STATES = ['all', 'pending', 'reserved'] as const

/** What waits and what runs. */
export default function Jobs() {
  const t = useT()
  const navigate = useNavigate()
  const mayAct = useMay('operator')
  const { url, setUrl, filter, order, isNarrowed, clear } = useJobsFilter()
  const { rows, selection, selectedIds, letGo } = useSelectableRows(jobsQuery({ ...filter, order }), 'jobs')
  const { busy, removeSelected } = useRemoveSelected('jobs', (id) =>
    ask(api.DELETE('/api/v1/queue/jobs/{id}', { params: { path: { id } } })),
  )
  const remove = async () => {
    if (await removeSelected(selectedIds)) letGo()
  }
  const isTooMany = selectedIds.length > MOST_SINGLE
  return (
    <Page title={t('nav.jobs')}>
      <div className="flex flex-wrap items-start gap-2">
        <ViewSwitch
          label={t('columns.status')}
          value={filter.status}
          options={STATES.map((value) => ({ value, label: t(`jobs.${value}`) }))}
          onChange={(next) => setUrl({ state: next })}
        />
        <OrderMenu order={order} onChange={(next) => setUrl({ order: next })} />
        <FilterBar
          fields={useFilterFields()}
          values={{ ...url, ...useFieldSearch().values }}
          onChange={(change) => setUrl(change)}
          search={{ name: 'q', placeholder: t('jobs.search') }}
        />
      </div>
      <ListFrame
        rows={rows}
        isNarrowed={isNarrowed}
        onClear={clear}
        empty={<Empty title={t('jobs.empty')}>{t('jobs.emptyHint')}</Empty>}
        bar={
          selectedIds.length > 0 && (
            <SelectionBar
              count={selectedIds.length}
              note={isTooMany ? t('jobs.tooMany', { n: MOST_SINGLE }) : undefined}
              onClear={letGo}
            >
              <Button icon="delete" busy={busy} disabled={isTooMany} onClick={() => void remove()}>
                {t('jobs.delete')}
              </Button>
            </SelectionBar>
          )
        }
      >
        <DataTable
          label={t('nav.jobs')}
          rows={rows.rows}
          columns={useColumns(mayAct)}
          rowId={(row) => String(row.id)}
          rowName={(row) => `${row.job_class} ${row.id}`}
          onOpen={(row) => void navigate(asAddress({ to: '/jobs/$id', params: { id: String(row.id) } }))}
          selection={mayAct ? selection : undefined}
          onEnd={rows.readMore}
          isReadingMore={rows.isReadingMore}
          stale={rows.isStale}
        />
      </ListFrame>
    </Page>
  )
}

/** What the page is narrowed by: all of it in the address. */
function useJobsFilter() {
  const [url, setUrl] = useUrlState({ ...NO_FILTER, order: 'newest' })
  const { search: fields, none } = useFieldSearch()
  const filter = useMemo<JobsFilter>(() => {
    const { q, queue, job_class, from, to } = url
    const given = Object.entries({ q, queue, job_class, from, to }).filter(([, value]) => value !== '')
    const status = STATES.find((one) => one === url.state) ?? 'all'
    return { status, ...Object.fromEntries(given), ...(fields && { fields }) }
  }, [url, fields])
  return {
    ...{ url, setUrl, filter, order: listOrderOf(url.order) },
    isNarrowed: Object.keys(filter).length > 1 || filter.status !== 'all',
    clear: () => setUrl({ ...none, ...NO_FILTER }),
  }
}

function useFilterFields(): FilterField[] {
  const t = useT()
  const { data: queues } = useQuery(queuesQuery)
  const surfaced = useSurfaced()
  return useMemo(
    () => [
      { name: 'queue', label: t('filters.queue'), kind: 'choice', options: queues?.map(({ queue }) => queue) ?? [] },
      { name: 'job_class', label: t('filters.job_class'), kind: 'text' },
      ...surfacedFilters(surfaced),
      { name: 'from', label: t('filters.from'), kind: 'moment' },
      { name: 'to', label: t('filters.to'), kind: 'moment' },
    ],
    [t, queues, surfaced],
  )
}

function useColumns(mayAct: boolean): Column<JobRow>[] {
  const t = useT()
  const surfaced = useSurfaced()
  return useMemo<Column<JobRow>[]>(
    () => [
      {
        id: 'class',
        header: t('columns.job_class'),
        width: 'minmax(9rem, 2fr)',
        card: 'title',
        cell: (row) => (
          <Link
            to="/jobs/$id"
            params={asAddress({ id: String(row.id) })}
            className="block truncate font-medium hover:underline"
            title={row.job_class}
          >
            {row.job_class}
          </Link>
        ),
      },
      { id: 'status', header: t('columns.status'), width: '6.5rem', cell: (row) => <JobStatus status={row.status} /> },
      queueColumn(t),
      ...surfacedColumns<JobRow>(surfaced),
      {
        id: 'attempts',
        header: t('columns.attempts'),
        width: '5rem',
        align: 'end',
        from: 1320,
        card: 'none',
        cell: (row) => (
          <>
            {row.attempts}
            <span className="text-faint"> / {row.max_attempts === 0 ? '∞' : row.max_attempts}</span>
          </>
        ),
      },
      {
        id: 'when',
        header: t('columns.when'),
        width: '7.5rem',
        cell: (row) => <WallTime at={row.reserved_at_human ?? row.available_at_human} />,
      },
      ...(mayAct ? [actionsColumn<JobRow>(t, (row) => <JobRowActions row={row} />)] : []),
    ],
    [t, surfaced, mayAct],
  )
}
