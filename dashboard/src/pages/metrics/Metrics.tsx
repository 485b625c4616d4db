import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { metricsQuery, queuesQuery } from '../../api/queries.ts'
import { formatAxisTime, formatDuration, formatNumber, formatPercent } from '../../i18n/format.ts'
import { useT } from '../../i18n/index.ts'
import { FilterBar } from '../../lists/FilterBar.tsx'
import { useEvery } from '../../live/use-live.ts'
import { quantile } from '../../metrics/quantile.ts'
import { attemptsOf, stepsOf, type Total, totalsOf } from '../../metrics/steps.ts'
import { mounted } from '../../mount.ts'
import type { Column } from '../../table/column.ts'
import { DataTable } from '../../table/DataTable.tsx'
import { Chart } from '../../ui/Chart.tsx'
import { Page, Section } from '../../ui/Page.tsx'
import { Empty, Failed, FilteredEmpty, Skeleton } from '../../ui/States.tsx'
import { useUrlState } from '../../ui/use-url-state.ts'
import { ViewSwitch } from '../../ui/ViewSwitch.tsx'

/** Hours back from now, with the length of one step. */
const STEPS: Readonly<Record<string, number>> = { '1': 60, '6': 300, '24': 900, '168': 7_200, '336': 14_400 }
const RANGES = ['1', '6', '24', '168', '336'] as const
const SHARES = [
  { share: 0.5, colour: '--c-blue', dash: undefined },
  { share: 0.95, colour: '--c-violet', dash: [6, 3] },
  { share: 0.99, colour: '--c-amber', dash: [2, 3] },
] as const
const READ_EVERY_MS = 30_000

/** What attempts came to over time, and how long they waited and ran. */
export default function Metrics() {
  const t = useT()
  const [{ range, queue, name }, setUrl] = useUrlState({ range: '6', queue: '', name: '' })
  const hours = RANGES.find((one) => one === range) ?? '6'
  const stepSeconds = STEPS[hours] ?? 300
  const narrowing = { ...(queue !== '' && { queue }), ...(name !== '' && { name }) }
  const refetchInterval = useEvery(READ_EVERY_MS)
  const query = useQuery({ ...metricsQuery(Number(hours), stepSeconds, narrowing), refetchInterval })
  const { data: queues } = useQuery(queuesQuery)
  const { data, error, dataUpdatedAt, refetch, isPlaceholderData } = query
  const steps = useMemo(() => {
    if (data === undefined) return []
    return stepsOf(data.points, data.step_seconds * 1_000, dataUpdatedAt - Number(hours) * 3_600_000, dataUpdatedAt)
  }, [data, dataUpdatedAt, hours])
  const totals = useMemo(() => totalsOf(data?.points ?? []), [data])
  const columns = useColumns(data?.bounds_ms ?? [])
  const times = steps.map(({ at }) => at)
  const perMinute = (value: number) => value / (stepSeconds / 60)
  const lengths = (of: 'waits' | 'runs') =>
    SHARES.map(({ share, colour, dash }) => ({
      label: t('metricsPage.percentile', { share: formatNumber(share * 100) }),
      colour,
      dash,
      values: steps.map((step) => quantile(step[of], data?.bounds_ms ?? [], share)),
    }))
  const formatTime = (ms: number) => formatAxisTime(ms, Number(hours))
  return (
    <Page
      title={t('metricsPage.title')}
      actions={
        <ViewSwitch
          label={t('metricsPage.range')}
          value={hours}
          options={RANGES.map((value) => ({ value, label: t(`metricsPage.ranges.${value}`) }))}
          onChange={(value) => setUrl({ range: value })}
        />
      }
    >
      <FilterBar
        fields={[
          { name: 'queue', label: t('filters.queue'), kind: 'choice', options: queues?.map((one) => one.queue) ?? [] },
          { name: 'name', label: t('metricsPage.job_name'), kind: 'text', options: totals.map((one) => one.name) },
        ]}
        values={{ queue, name }}
        onChange={setUrl}
      />
      {data === undefined ? (
        <div className="surface">
          {error === null ? <Skeleton /> : <Failed error={error} onRetry={() => void refetch()} />}
        </div>
      ) : (
        <>
          <div className="grid gap-4 xl:grid-cols-2 [&>:first-child]:xl:col-span-2">
            <Chart
              title={t('metricsPage.throughput')}
              label={t('metricsPage.throughputLabel')}
              times={times}
              format={formatNumber}
              formatTime={formatTime}
              height={240}
              series={[
                {
                  label: t('metricsPage.completed'),
                  colour: '--c-accent',
                  fill: true,
                  values: steps.map(({ completed }) => perMinute(completed)),
                },
                {
                  label: t('metricsPage.failed'),
                  colour: '--c-red',
                  dash: [6, 3],
                  values: steps.map(({ failed }) => perMinute(failed)),
                },
                {
                  label: t('metricsPage.retried'),
                  colour: '--c-amber',
                  dash: [2, 3],
                  values: steps.map(({ retried }) => perMinute(retried)),
                },
              ]}
            />
            <Chart
              title={t('metricsPage.waits')}
              label={t('metricsPage.waitsLabel')}
              times={times}
              format={formatDuration}
              formatTime={formatTime}
              series={lengths('waits')}
            />
            <Chart
              title={t('metricsPage.runs')}
              label={t('metricsPage.runsLabel')}
              times={times}
              format={formatDuration}
              formatTime={formatTime}
              series={lengths('runs')}
            />
          </div>
          <Section title={t('metricsPage.table')} flush>
            {totals.length > 0 ? (
              <DataTable
                label={t('metricsPage.table')}
                rows={totals}
                columns={columns}
                rowId={(row) => JSON.stringify([row.queue, row.name])}
                rowName={(row) => row.name}
                stale={isPlaceholderData}
              />
            ) : queue !== '' || name !== '' ? (
              <FilteredEmpty onClear={() => setUrl({ queue: '', name: '' })} />
            ) : (
              <Empty icon="metrics" title={t('metricsPage.empty')}>
                {t('metricsPage.emptyHint')}
              </Empty>
            )}
          </Section>
        </>
      )}
      <p className="text-faint text-xs">
        {t('metricsPage.prometheus')} <code className="font-mono">{`${location.origin}${mounted('/metrics')}`}</code>
      </p>
    </Page>
  )
}

function useColumns(bounds: readonly number[]): Column<Total>[] {
  const t = useT()
  const text = (value: string) => (
    <span className="block truncate" title={value}>
      {value}
    </span>
  )
  const duration = (ms: number | null) => (ms === null ? '–' : formatDuration(ms))
  const at95 = (counts: readonly number[]) => quantile(counts, bounds, 0.95)
  const figure = (
    id: string,
    header: string,
    value: (row: Total) => number,
    cell: (row: Total) => string,
  ): Column<Total> => ({
    id,
    header,
    width: 'minmax(5.5rem, 1fr)',
    align: 'end',
    sortBy: value,
    cell,
  })
  return [
    {
      id: 'job',
      header: t('metricsPage.job'),
      width: 'minmax(10rem, 2fr)',
      card: 'title',
      sortBy: ({ name }) => name,
      cell: ({ name }) => text(name),
    },
    {
      id: 'queue',
      header: t('metricsPage.queue'),
      width: 'minmax(7rem, 1fr)',
      sortBy: ({ queue }) => queue,
      cell: ({ queue }) => text(queue),
    },
    figure('attempts', t('metricsPage.attempts'), attemptsOf, (row) => formatNumber(attemptsOf(row))),
    figure('rate', t('metricsPage.failureRate'), failureRate, (row) => formatPercent(failureRate(row))),
    figure(
      'wait',
      t('metricsPage.wait95'),
      (row) => at95(row.waits) ?? -1,
      (row) => duration(at95(row.waits)),
    ),
    figure(
      'run',
      t('metricsPage.run95'),
      (row) => at95(row.runs) ?? -1,
      (row) => duration(at95(row.runs)),
    ),
  ]
}

/** Attempts that did not complete; those that are tried again too. */
function failureRate(row: Total): number {
  return (row.failed + row.retried) / Math.max(1, attemptsOf(row))
}
