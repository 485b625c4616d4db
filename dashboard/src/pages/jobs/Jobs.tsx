import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback, useMemo, useRef, useState } from 'react'
import { api, ask, type JobRow } from '../../api/client.ts'
import { jobsQuery, queuesQuery } from '../../api/queries.ts'
import { useAction } from '../../api/use-action.ts'
import { formatNumber } from '../../i18n/format.ts'
import { useT } from '../../i18n/index.ts'
import { ListFrame } from '../../lists/ListFrame.tsx'
import { SelectionBar } from '../../lists/SelectionBar.tsx'
import { FIELD_PREFIX, fieldsIn, shown, useSurfaced } from '../../lists/surfaced.ts'
import { useRows } from '../../live/use-rows.ts'
import { useMay } from '../../session/use-me.ts'
import { Button } from '../../ui/Button.tsx'
import { confirm } from '../../ui/confirm.tsx'
import { type Column, DataTable } from '../../ui/DataTable.tsx'
import { FilterBar, type FilterField } from '../../ui/FilterBar.tsx'
import { Page } from '../../ui/Page.tsx'
import { QueueName } from '../../ui/QueueName.tsx'
import { Empty } from '../../ui/States.tsx'
import { WallTime } from '../../ui/Time.tsx'
import { useUrlState } from '../../ui/use-url-state.ts'
import { ViewSwitch } from '../../ui/ViewSwitch.tsx'
import { JobRowActions } from './JobRowActions.tsx'
import { JobStatus } from './JobStatus.tsx'

const USUAL = { state: 'all', q: '', queue: '', job_class: '', from: '', to: '' }
const STATES = ['all', 'pending', 'reserved'] as const
const MOST_FIELDS = 2
const MOST_SINGLE = 100

/** What waits and what runs. */
export default function Jobs() {
  const t = useT()
  const navigate = useNavigate()
  const mayAct = useMay('operator')
  const [url, setUrl] = useUrlState(USUAL)
  const search = useSearch({ strict: false }) as Record<string, string>
  const state = STATES.find((one) => one === url.state) ?? 'all'
  const query = useMemo(() => {
    const { q, queue, job_class, from, to } = url
    const given = Object.fromEntries(
      Object.entries({ q, queue, job_class, from, to }).filter(([, value]) => value !== ''),
    )
    const fields = fieldsIn(search)
    return { status: state, ...given, ...(fields && { fields }) }
  }, [url, search, state])
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set())
  const selected = useRef(ids)
  selected.current = ids
  const isBusy = useCallback(() => selected.current.size > 0 || scrollY > 200, [])
  const rows = useRows(jobsQuery(query), 'jobs', isBusy)
  const surfaced = useSurfaced(rows.rows, search)
  const { data: queues } = useQuery(queuesQuery)
  const letGo = useCallback(() => setIds(new Set()), [])
  const { busy, run } = useAction()

  const present = useMemo(() => new Set(rows.rows.map(({ id }) => String(id))), [rows.rows])
  const selectedIds = [...ids].filter((id) => present.has(id))
  const remove = async () => {
    const figures = { count: selectedIds.length, n: formatNumber(selectedIds.length) }
    const sure = await confirm({
      title: t('jobs.removeTitle', figures),
      body: t('jobs.removeBody'),
      action: t('jobs.removeAction', figures),
      danger: true,
    })
    if (!sure) return
    const done = await run(
      async () => {
        for (const id of selectedIds) await ask(api.DELETE('/api/v1/queue/jobs/{id}', { params: { path: { id } } }))
      },
      () => t('jobs.removed', figures),
    )
    if (done) letGo()
  }

  const fields = useMemo<FilterField[]>(
    () => [
      { name: 'queue', label: t('filters.queue'), kind: 'choice', options: queues?.map(({ queue }) => queue) ?? [] },
      { name: 'job_class', label: t('filters.job_class'), kind: 'text' },
      ...surfaced.map((name): FilterField => ({ name: `${FIELD_PREFIX}${name}`, label: name, kind: 'text' })),
      { name: 'from', label: t('filters.from'), kind: 'moment' },
      { name: 'to', label: t('filters.to'), kind: 'moment' },
    ],
    [t, queues, surfaced],
  )

  const columns = useMemo<Column<JobRow>[]>(
    () => [
      {
        id: 'class',
        header: t('columns.job_class'),
        width: 'minmax(9rem, 2fr)',
        card: 'title',
        cell: (row) => (
          <Link
            to="/jobs/$id"
            params={{ id: String(row.id) } as never}
            className="block truncate font-medium hover:underline"
            title={row.job_class}
          >
            {row.job_class}
          </Link>
        ),
      },
      { id: 'status', header: t('columns.status'), width: '6.5rem', cell: (row) => <JobStatus status={row.status} /> },
      {
        id: 'queue',
        header: t('columns.queue'),
        width: 'minmax(5rem, 1fr)',
        cell: (row) => <QueueName name={row.queue} />,
      },
      ...surfaced.slice(0, MOST_FIELDS).map(
        (name): Column<JobRow> => ({
          id: name,
          header: name,
          width: 'minmax(5rem, 0.7fr)',
          from: 1180,
          cell: (row) => <span className="block truncate">{shown(row[name])}</span>,
        }),
      ),
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
      ...(mayAct
        ? [
            {
              id: 'actions',
              header: t('common.actions'),
              quietHeader: true,
              width: '8.75rem',
              align: 'end' as const,
              card: 'corner' as const,
              cell: (row: JobRow) => <JobRowActions row={row} />,
            },
          ]
        : []),
    ],
    [t, surfaced, mayAct],
  )

  const isNarrowed = Object.keys(query).length > 1 || state !== 'all'
  const clear = () => {
    const names = Object.keys(search).filter((name) => name.startsWith(FIELD_PREFIX))
    setUrl({ ...Object.fromEntries(names.map((name) => [name, ''])), ...USUAL })
  }
  return (
    <Page title={t('nav.jobs')}>
      <div className="flex flex-wrap items-start gap-2">
        <ViewSwitch
          label={t('columns.status')}
          value={state}
          options={STATES.map((value) => ({ value, label: t(`jobs.${value}`) }))}
          onChange={(next) => setUrl({ state: next })}
        />
        <FilterBar
          fields={fields}
          values={{ ...search }}
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
            <SelectionBar count={selectedIds.length} onClear={letGo}>
              <Button
                icon="delete"
                busy={busy}
                disabled={selectedIds.length > MOST_SINGLE}
                onClick={() => void remove()}
              >
                {t('jobs.delete')}
              </Button>
            </SelectionBar>
          )
        }
      >
        <DataTable
          label={t('nav.jobs')}
          rows={rows.rows}
          columns={columns}
          rowId={(row) => String(row.id)}
          rowName={(row) => `${row.job_class} ${row.id}`}
          onOpen={(row) => void navigate({ to: '/jobs/$id', params: { id: String(row.id) } } as never)}
          selection={mayAct ? { ids, onChange: setIds } : undefined}
          onEnd={rows.readMore}
          isReadingMore={rows.isReadingMore}
          stale={rows.isStale}
        />
      </ListFrame>
    </Page>
  )
}
