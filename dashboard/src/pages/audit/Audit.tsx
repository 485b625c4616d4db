import { infiniteQueryOptions, keepPreviousData, type QueryKey } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { type AuditEntry, api, ask } from '../../api/client.ts'
import { PAGE_ROWS } from '../../api/queries.ts'
import { formatInstant } from '../../i18n/format.ts'
import { useT } from '../../i18n/index.ts'
import { Facts } from '../../lists/Facts.tsx'
import { FilterBar } from '../../lists/FilterBar.tsx'
import { ListFrame } from '../../lists/ListFrame.tsx'
import { useEvery } from '../../live/use-live.ts'
import { useRows, whileOnePage } from '../../live/use-rows.ts'
import { useMay } from '../../session/use-me.ts'
import type { Column } from '../../table/column.ts'
import { DataTable } from '../../table/DataTable.tsx'
import { Badge, type BadgeTone } from '../../ui/Badge.tsx'
import { IconButton } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Page } from '../../ui/Page.tsx'
import { Empty, Forbidden } from '../../ui/States.tsx'
import { Ago } from '../../ui/Time.tsx'
import { useUrlState } from '../../ui/use-url-state.ts'

/** No event tells of what is audited. */
const READ_EVERY_MS = 5_000

const NO_FILTER = { subject: '', action: '', target: '', from: '', to: '' }

/** Who did what, to what, with what result: every write, and every refused one. */
export default function Audit() {
  const t = useT()
  return useMay('admin') ? (
    <Entries />
  ) : (
    <Page title={t('auditPage.title')}>
      <div className="surface">
        <Forbidden role={t('roles.admin')} />
      </div>
    </Page>
  )
}

function Entries() {
  const t = useT()
  const [{ entry: shownId, ...filter }, setUrl] = useUrlState({ ...NO_FILTER, entry: '' })
  const every = useEvery(READ_EVERY_MS)
  const list = useRows({ ...auditQuery(filter), refetchInterval: whileOnePage(every) })
  const { rows } = list
  const columns = useColumns()
  const shown = rows.find(({ id }) => String(id) === shownId)
  const isNarrowed = Object.values(filter).some((value) => value !== '')
  return (
    <Page
      title={t('auditPage.title')}
      actions={<IconButton icon="retry" label={t('shortcuts.refresh')} onClick={list.readAgain} />}
    >
      <FilterBar
        fields={[
          { name: 'subject', label: t('auditPage.subject'), kind: 'text' },
          { name: 'action', label: t('auditPage.action'), kind: 'text', options: ACTIONS },
          { name: 'target', label: t('auditPage.target'), kind: 'text', placeholder: 'queue:mail' },
          { name: 'from', label: t('filters.from'), kind: 'moment' },
          { name: 'to', label: t('filters.to'), kind: 'moment' },
        ]}
        values={filter}
        onChange={setUrl}
      />
      <ListFrame
        rows={list}
        isNarrowed={isNarrowed}
        onClear={() => setUrl(NO_FILTER)}
        empty={
          <Empty icon="audit" title={t('auditPage.empty')}>
            {t('auditPage.emptyHint')}
          </Empty>
        }
      >
        <DataTable
          label={t('auditPage.table')}
          rows={rows}
          columns={columns}
          rowId={({ id }) => String(id)}
          rowName={({ action, subject }) => `${action} ${subject}`}
          onOpen={({ id }) => setUrl({ entry: String(id) })}
          onEnd={list.readMore}
          isReadingMore={list.isReadingMore}
          stale={list.isStale}
        />
      </ListFrame>
      {shown !== undefined && <EntryDetails entry={shown} onClose={() => setUrl({ entry: '' })} />}
    </Page>
  )
}

/** Those that the API writes: offered while one types. */
const ACTIONS = [
  'alert.acknowledge',
  'alert.mute',
  'alert.test',
  'alert.unmute',
  'failed.retry',
  'failed.retry-all',
  'failed.delete',
  'failed.clear',
  'failed.reveal',
  'job.delete',
  'job.change',
  'job.dispatch',
  'job.reveal',
  'job.run-now',
  'operation.cancel',
  'queue.pause',
  'queue.resume',
  'queue.clear',
  'worker.quiet',
  'workers.restart',
  'schedule.pause',
  'schedule.resume',
  'schedule.run',
  'session.login',
  'session.logout',
]

function auditQuery(filter: Readonly<Record<keyof typeof NO_FILTER, string>>) {
  const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== ''))
  return infiniteQueryOptions({
    queryKey: ['rows', 'audit', given] as QueryKey,
    queryFn: async ({ signal, pageParam }) => {
      const query = { ...given, limit: PAGE_ROWS, ...(pageParam !== '' && { cursor: pageParam }) }
      const { entries, next_cursor: next } = await ask(api.GET('/api/v1/queue/audit', { signal, params: { query } }))
      return { rows: entries, next, partial: false }
    },
    initialPageParam: '',
    getNextPageParam: ({ next }) => next ?? undefined,
    placeholderData: keepPreviousData,
  })
}

const TONES: Record<AuditEntry['outcome'], BadgeTone> = {
  begun: 'amber',
  done: 'green',
  refused: 'amber',
  failed: 'red',
}

function useColumns(): Column<AuditEntry>[] {
  const t = useT()
  const text = (value: string | null, className = '') => (
    <span className={`block truncate ${className}`} title={value ?? ''}>
      {value ?? '–'}
    </span>
  )
  return [
    {
      id: 'action',
      header: t('auditPage.action'),
      width: 'minmax(9rem, 1.5fr)',
      card: 'title',
      cell: ({ action }) => text(action, 'font-mono'),
    },
    {
      id: 'target',
      header: t('auditPage.target'),
      width: 'minmax(8rem, 1.5fr)',
      cell: ({ target }) => text(target, 'font-mono'),
    },
    { id: 'subject', header: t('auditPage.subject'), width: 'minmax(8rem, 1fr)', cell: ({ subject }) => text(subject) },
    {
      id: 'outcome',
      header: t('auditPage.outcome'),
      width: '7rem',
      card: 'corner',
      cell: ({ outcome }) => <Badge tone={TONES[outcome]}>{t(`auditPage.outcomes.${outcome}`)}</Badge>,
    },
    {
      id: 'source',
      header: t('auditPage.source'),
      width: 'minmax(7rem, 1fr)',
      from: 1_200,
      cell: ({ source }) => text(source),
    },
    { id: 'at', header: t('auditPage.at'), width: '8rem', cell: ({ at }) => <Ago at={at} /> },
  ]
}

function EntryDetails({ entry, onClose }: { entry: AuditEntry; onClose: () => void }) {
  const t = useT()
  const { id, at, subject, role, action, target, outcome, source, request_id: requestId, detail } = entry
  const facts: [string, ReactNode][] = [
    [t('auditPage.at'), formatInstant(Date.parse(at))],
    [t('auditPage.subject'), subject],
    [
      t('auditPage.role'),
      role === 'viewer' || role === 'operator' || role === 'admin' ? t(`roles.${role}`) : (role ?? '–'),
    ],
    [t('auditPage.action'), <code key="action">{action}</code>],
    [t('auditPage.target'), <code key="target">{target ?? '–'}</code>],
    [
      t('auditPage.outcome'),
      <Badge key="outcome" tone={TONES[outcome]}>
        {t(`auditPage.outcomes.${outcome}`)}
      </Badge>,
    ],
    [t('auditPage.source'), source ?? '–'],
    [
      t('auditPage.requestId'),
      <code key="request" className="text-xs">
        {requestId ?? '–'}
      </code>,
    ],
  ]
  return (
    <Dialog open onClose={onClose} title={t('auditPage.entry', { id })}>
      <Facts facts={facts} />
      {detail !== null && (
        <>
          <h3 className="mt-4 mb-1 text-faint text-sm">{t('auditPage.detail')}</h3>
          <pre className="overflow-x-auto whitespace-pre-wrap rounded-md bg-sunken p-2 font-mono text-xs">
            {JSON.stringify(detail, null, 2)}
          </pre>
        </>
      )}
    </Dialog>
  )
}
