import { useQuery } from '@tanstack/react-query'
import { api, ask, type WorkerRow } from '../../api/client.ts'
import { workersQuery } from '../../api/queries.ts'
import { useAction } from '../../api/use-action.ts'
import { formatBytes, formatNumber } from '../../i18n/format.ts'
import { useT } from '../../i18n/index.ts'
import { Loaded } from '../../lists/Loaded.tsx'
import { useEvery } from '../../live/use-live.ts'
import { useMay } from '../../session/use-me.ts'
import type { Column } from '../../table/column.ts'
import { DataTable } from '../../table/DataTable.tsx'
import { Badge, type BadgeTone } from '../../ui/Badge.tsx'
import { Button, IconButton } from '../../ui/Button.tsx'
import { confirm } from '../../ui/confirm.tsx'
import { Page } from '../../ui/Page.tsx'
import { Empty } from '../../ui/States.tsx'
import { Ago, useNow } from '../../ui/Time.tsx'

/** Memory, running jobs and heartbeats are told by no event. */
const READ_EVERY_MS = 3_000
/** A worker beats about once a second; after so long something is wrong with it. */
const SILENT_AFTER_MS = 10_000

/** Live workers: where they run, what they do, when they were last heard of. */
export default function Workers() {
  const t = useT()
  const refetchInterval = useEvery(READ_EVERY_MS)
  const workers = useQuery({ ...workersQuery, refetchInterval })
  const columns = useColumns()
  return (
    <Page title={t('workersPage.title')} actions={<RestartAll disabled={!workers.data?.length} />}>
      <div className="surface">
        <Loaded
          reading={workers}
          empty={
            <Empty icon="workers" title={t('workersPage.empty')}>
              {t('workersPage.emptyHint')} <code className="font-mono">faena work</code>
            </Empty>
          }
        >
          {(rows) => (
            <DataTable
              label={t('workersPage.table')}
              rows={rows}
              columns={columns}
              rowId={({ id }) => String(id)}
              rowName={({ name, id }) => `${name} ${id}`}
            />
          )}
        </Loaded>
      </div>
    </Page>
  )
}

function useColumns(): Column<WorkerRow>[] {
  const t = useT()
  const mayQuiet = useMay('admin')
  const columns: Column<WorkerRow>[] = [
    {
      id: 'name',
      header: t('workersPage.name'),
      width: 'minmax(7rem, 1.2fr)',
      card: 'title',
      sortBy: ({ name }) => name,
      cell: ({ name, id }) => (
        <span className="block truncate font-medium" title={name}>
          {name} <span className="font-normal text-faint">{id}</span>
        </span>
      ),
    },
    { id: 'state', header: t('workersPage.state'), width: '6.5rem', cell: (row) => <State row={row} /> },
    {
      id: 'running',
      header: t('workersPage.running'),
      width: '6.5rem',
      align: 'end',
      sortBy: ({ running }) => running,
      cell: ({ running, concurrency }) =>
        t('workersPage.runningOf', { running: formatNumber(running), concurrency: formatNumber(concurrency) }),
    },
    {
      id: 'queues',
      header: t('workersPage.queues'),
      width: 'minmax(8rem, 2fr)',
      cell: ({ queues }) => (
        <span className="block truncate" title={queues.join(', ')}>
          {queues.join(', ')}
        </span>
      ),
    },
    {
      id: 'host',
      header: t('workersPage.host'),
      width: 'minmax(7rem, 1.2fr)',
      from: 1_200,
      sortBy: ({ host }) => host,
      cell: ({ host, pid }) => (
        <span className="flex min-w-0 flex-col">
          <span className="truncate" title={host}>
            {host}
          </span>
          {/* A number of a process is a name, not an amount: it is not grouped. */}
          <span className="text-faint text-xs">
            {t('workersPage.pid')} {String(pid)}
          </span>
        </span>
      ),
    },
    { id: 'version', header: t('workersPage.version'), width: '4.5rem', from: 1_400, cell: ({ version }) => version },
    {
      id: 'memory',
      header: t('workersPage.memory'),
      width: '5.5rem',
      align: 'end',
      from: 1_280,
      sortBy: ({ memory_bytes: bytes }) => bytes,
      cell: ({ memory_bytes: bytes }) => formatBytes(bytes),
    },
    {
      id: 'started',
      header: t('workersPage.started'),
      width: '7rem',
      from: 1_500,
      card: 'none',
      cell: ({ started_at: at }) => <Ago at={at} />,
    },
    { id: 'beat', header: t('workersPage.beat'), width: '7rem', cell: ({ beat_at: at }) => <Ago at={at} /> },
  ]
  if (mayQuiet) {
    columns.push({
      id: 'actions',
      header: t('common.actions'),
      width: '4.5rem',
      align: 'end',
      card: 'corner',
      cell: (row) => <Quiet row={row} />,
    })
  }
  return columns
}

const TONES: Record<WorkerRow['state'], BadgeTone> = { running: 'green', quiet: 'blue', stopping: 'neutral' }

function State({ row: { state, beat_at: beat } }: { row: WorkerRow }) {
  const t = useT()
  const now = useNow(2_000)
  if (now - Date.parse(beat) > SILENT_AFTER_MS) return <Badge tone="amber">{t('workersPage.silent')}</Badge>
  return <Badge tone={TONES[state]}>{t(`workersPage.states.${state}`)}</Badge>
}

function Quiet({ row: { id, name, state } }: { row: WorkerRow }) {
  const t = useT()
  const { busy, run } = useAction()
  const quiet = async () => {
    const sure = await confirm({
      title: t('workersPage.quietTitle', { name }),
      body: t('workersPage.quietBody'),
      action: t('workersPage.quietAction'),
    })
    if (!sure) return
    await run(
      () => ask(api.POST('/api/v1/queue/workers/{id}/quiet', { params: { path: { id: String(id) } } })),
      () => t('workersPage.quietDone', { name }),
    )
  }
  return (
    <IconButton
      icon="pause"
      label={`${t('workersPage.quiet')}: ${name} ${id}`}
      busy={busy}
      disabled={state !== 'running'}
      onClick={quiet}
    />
  )
}

function RestartAll({ disabled }: { disabled: boolean }) {
  const t = useT()
  const mayRestart = useMay('admin')
  const { busy, run } = useAction()
  if (!mayRestart) return null
  const restart = async () => {
    const sure = await confirm({
      title: t('workersPage.restartTitle'),
      body: t('workersPage.restartBody'),
      action: t('workersPage.restart'),
    })
    if (!sure) return
    await run(
      () => ask(api.POST('/api/v1/queue/workers/restart')),
      ({ workers: count }) => t('workersPage.restartDone', { count, shown: formatNumber(count) }),
    )
  }
  return (
    <Button icon="retry" busy={busy} disabled={disabled} onClick={restart}>
      {t('workersPage.restart')}
    </Button>
  )
}
