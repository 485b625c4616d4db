import { useQuery } from '@tanstack/react-query'
import { api, ask, type ScheduleRow } from '../../api/client.ts'
import { schedulesQuery } from '../../api/queries.ts'
import { useAction } from '../../api/use-action.ts'
import { useT } from '../../i18n/index.ts'
import { Loaded } from '../../lists/Loaded.tsx'
import { useEvery } from '../../live/use-live.ts'
import { useMay } from '../../session/use-me.ts'
import type { Column } from '../../table/column.ts'
import { DataTable } from '../../table/DataTable.tsx'
import { Badge } from '../../ui/Badge.tsx'
import { confirm } from '../../ui/confirm.tsx'
import { Menu } from '../../ui/Menu.tsx'
import { Page } from '../../ui/Page.tsx'
import { Empty } from '../../ui/States.tsx'
import { Ago } from '../../ui/Time.tsx'
import { useUrlState } from '../../ui/use-url-state.ts'
import { ScheduleDetails } from './ScheduleDetails.tsx'
import { useTimingWords } from './timing.ts'

/** A schedule's next run moves when it fires, which no event tells. */
const READ_EVERY_MS = 10_000

/** What is dispatched again and again: when, in words, and next; paused, resumed or run by hand. */
export default function Schedules() {
  const t = useT()
  const refetchInterval = useEvery(READ_EVERY_MS)
  const schedules = useQuery({ ...schedulesQuery, refetchInterval })
  const [{ schedule: shownKey }, setUrl] = useUrlState({ schedule: '' })
  const columns = useColumns()
  const shown = schedules.data?.find(({ key }) => key === shownKey)
  return (
    <Page title={t('schedulesPage.title')}>
      <div className="surface">
        <Loaded
          reading={schedules}
          empty={
            <Empty icon="schedules" title={t('schedulesPage.empty')}>
              {t('schedulesPage.emptyHint')}
            </Empty>
          }
        >
          {(rows) => (
            <DataTable
              label={t('schedulesPage.table')}
              rows={rows}
              columns={columns}
              rowId={({ key }) => key}
              rowName={({ key }) => key}
              onOpen={({ key }) => setUrl({ schedule: key })}
            />
          )}
        </Loaded>
      </div>
      {shown !== undefined && <ScheduleDetails schedule={shown} onClose={() => setUrl({ schedule: '' })} />}
    </Page>
  )
}

function useColumns(): Column<ScheduleRow>[] {
  const t = useT()
  const mayRun = useMay('operator')
  const words = useTimingWords()
  const columns: Column<ScheduleRow>[] = [
    {
      id: 'key',
      header: t('schedulesPage.name'),
      width: 'minmax(9rem, 1.5fr)',
      card: 'title',
      sortBy: ({ key }) => key,
      cell: ({ key, job }) => (
        <span className="flex min-w-0 flex-col">
          <span className="truncate font-medium" title={key}>
            {key}
          </span>
          {job !== key && <span className="truncate font-mono text-faint text-xs">{job}</span>}
        </span>
      ),
    },
    {
      id: 'when',
      header: t('schedulesPage.when'),
      width: 'minmax(12rem, 2fr)',
      cell: (row) => (
        <span className="flex min-w-0 flex-col">
          <span>{words(row)}</span>
          {row.cron !== null && (
            <span className="text-faint text-xs">
              <code className="font-mono">{row.cron}</code> {row.zone}
            </span>
          )}
        </span>
      ),
    },
    {
      id: 'next',
      header: t('schedulesPage.next'),
      width: '7rem',
      sortBy: ({ next_at: at }) => at ?? '',
      cell: ({ next_at: at, paused_at: pausedAt }) => (at === null || pausedAt !== null ? '–' : <Ago at={at} />),
    },
    {
      id: 'last',
      header: t('schedulesPage.last'),
      width: '8rem',
      from: 1_200,
      cell: ({ last_at: at }) => (at === null ? t('common.never') : <Ago at={at} />),
    },
    {
      id: 'state',
      header: t('schedulesPage.state'),
      width: '6.5rem',
      cell: ({ paused_at: pausedAt }) =>
        pausedAt === null ? (
          <span className="text-soft">{t('schedulesPage.active')}</span>
        ) : (
          <Badge tone="amber" icon="pause">
            {t('schedulesPage.paused')}
          </Badge>
        ),
    },
  ]
  if (mayRun) {
    columns.push({
      id: 'actions',
      header: t('common.actions'),
      width: '5.5rem',
      align: 'end',
      card: 'corner',
      cell: (row) => <Actions row={row} />,
    })
  }
  return columns
}

function Actions({ row: { key, paused_at: pausedAt } }: { row: ScheduleRow }) {
  const t = useT()
  const { busy, run } = useAction()
  const params = { path: { key } }
  const runNow = async () => {
    const sure = await confirm({
      title: t('schedulesPage.runTitle', { key }),
      body: t('schedulesPage.runBody'),
      action: t('schedulesPage.run'),
    })
    if (!sure) return
    await run(
      () => ask(api.POST('/api/v1/queue/schedules/{key}/run', { params })),
      () => t('schedulesPage.runDone', { key }),
    )
  }
  const pause = () =>
    run(
      () => ask(api.POST('/api/v1/queue/schedules/{key}/pause', { params })),
      () => t('schedulesPage.pauseDone', { key }),
    )
  const resume = () =>
    run(
      () => ask(api.POST('/api/v1/queue/schedules/{key}/resume', { params })),
      () => t('schedulesPage.resumeDone', { key }),
    )
  const isPaused = pausedAt !== null
  return (
    <Menu
      label={`${t('common.actions')}: ${key}`}
      icon="more"
      items={[
        { label: t('schedulesPage.run'), icon: 'play', disabled: busy, onSelect: () => void runNow() },
        isPaused
          ? { label: t('schedulesPage.resume'), icon: 'retry', disabled: busy, onSelect: () => void resume() }
          : { label: t('schedulesPage.pause'), icon: 'pause', disabled: busy, onSelect: () => void pause() },
      ]}
    />
  )
}
