import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { api, ask, type QueueRow } from '../../api/client.ts'
import { queuesQuery } from '../../api/queries.ts'
import { useAction } from '../../api/use-action.ts'
import { formatNumber } from '../../i18n/format.ts'
import { useT } from '../../i18n/index.ts'
import { Loaded } from '../../lists/Loaded.tsx'
import { useMay } from '../../session/use-me.ts'
import type { Column } from '../../table/column.ts'
import { DataTable } from '../../table/DataTable.tsx'
import { asAddress } from '../../ui/as-address.ts'
import { Badge } from '../../ui/Badge.tsx'
import { IconButton } from '../../ui/Button.tsx'
import { confirm } from '../../ui/confirm.tsx'
import { Page } from '../../ui/Page.tsx'
import { Empty } from '../../ui/States.tsx'
import { PauseDialog } from './PauseDialog.tsx'
import { PausedState } from './PausedState.tsx'

/** All queues: what waits in each, who serves it, and whether it is paused. */
export default function Queues() {
  const t = useT()
  const queues = useQuery(queuesQuery)
  const [pausing, setPausing] = useState<string>()
  const columns = useColumns(setPausing)
  return (
    <Page title={t('queuesPage.title')}>
      <div className="surface">
        <Loaded
          reading={queues}
          empty={
            <Empty icon="queues" title={t('queuesPage.empty')}>
              {t('queuesPage.emptyHint')}
            </Empty>
          }
        >
          {(rows) => (
            <DataTable
              label={t('queuesPage.table')}
              rows={rows}
              columns={columns}
              rowId={({ queue }) => queue}
              rowName={({ queue }) => queue}
            />
          )}
        </Loaded>
      </div>
      {pausing !== undefined && <PauseDialog queue={pausing} onClose={() => setPausing(undefined)} />}
    </Page>
  )
}

function useColumns(onPause: (queue: string) => void): Column<QueueRow>[] {
  const t = useT()
  const mayPause = useMay('operator')
  const columns: Column<QueueRow>[] = [
    {
      id: 'queue',
      header: t('queuesPage.queue'),
      width: 'minmax(8rem, 2fr)',
      card: 'title',
      sortBy: ({ queue }) => queue,
      cell: ({ queue }) => (
        <Link
          to="/jobs"
          search={asAddress({ queue })}
          className="block truncate font-medium hover:underline"
          title={queue}
        >
          {queue}
        </Link>
      ),
    },
    {
      id: 'state',
      header: t('queuesPage.state'),
      width: 'minmax(9rem, 3fr)',
      cell: (row) => <PausedState row={row} />,
    },
    figure('due', t('figures.due'), ({ due }) => due),
    { ...figure('delayed', t('figures.delayed'), ({ delayed }) => delayed), from: 1_100 },
    figure('reserved', t('figures.reserved'), ({ reserved }) => reserved),
    {
      ...figure('workers', t('queuesPage.workers'), ({ workers }) => workers),
      cell: ({ workers, due }) =>
        workers === 0 && due > 0 ? <Badge tone="amber">{t('queuesPage.unserved')}</Badge> : formatNumber(workers),
    },
  ]
  if (mayPause) {
    columns.push({
      id: 'actions',
      header: t('common.actions'),
      width: '5.5rem',
      align: 'end',
      card: 'corner',
      cell: (row) => <Actions row={row} onPause={onPause} />,
    })
  }
  return columns
}

function figure(id: string, header: string, value: (row: QueueRow) => number): Column<QueueRow> {
  return {
    id,
    header,
    width: 'minmax(4.5rem, 1fr)',
    align: 'end',
    sortBy: value,
    cell: (row) => formatNumber(value(row)),
  }
}

function Actions({ row, onPause }: { row: QueueRow; onPause: (queue: string) => void }) {
  const t = useT()
  const mayClear = useMay('admin')
  const { busy, run } = useAction()
  const { queue, paused_at: pausedAt, due, delayed, reserved } = row
  const path = { name: queue }
  const resume = () =>
    run(
      () => ask(api.POST('/api/v1/queue/queues/{name}/resume', { params: { path } })),
      () => t('queuesPage.resumeDone', { name: queue }),
    )
  const clear = async () => {
    const count = due + delayed + reserved
    const sure = await confirm({
      title: t('queuesPage.clearTitle', { name: queue }),
      body: t('queuesPage.clearBody', { count, shown: formatNumber(count) }),
      action: t('queuesPage.clearAction'),
      danger: true,
      typed: queue,
    })
    if (!sure) return
    await run(
      () => ask(api.POST('/api/v1/queue/queues/{name}/clear', { params: { path }, body: { queue } })),
      ({ deleted_count: deleted }) =>
        t('queuesPage.clearDone', { name: queue, count: deleted, shown: formatNumber(deleted) }),
    )
  }
  return (
    <span className="inline-flex justify-end">
      {pausedAt === null ? (
        <IconButton
          icon="pause"
          label={`${t('queuesPage.pause')}: ${queue}`}
          busy={busy}
          onClick={() => onPause(queue)}
        />
      ) : (
        <IconButton icon="play" label={`${t('queuesPage.resume')}: ${queue}`} busy={busy} onClick={resume} />
      )}
      {mayClear && (
        <IconButton icon="delete" label={`${t('queuesPage.clear')}: ${queue}`} busy={busy} onClick={clear} />
      )}
    </span>
  )
}
