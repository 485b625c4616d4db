import { useQuery } from '@tanstack/react-query'
import { useCallback, useMemo } from 'react'
import { metricsQuery } from '../../api/queries.ts'
import { formatAxisTime, formatDuration, formatNumber } from '../../i18n/format.ts'
import { useT } from '../../i18n/index.ts'
import { useEvery } from '../../live/use-live.ts'
import { RANGES, rangeOf } from '../../metrics/ranges.ts'
import { quantilesOf, seriesOf } from '../../metrics/series.ts'
import { Chart } from '../../ui/Chart.tsx'
import { Failed } from '../../ui/States.tsx'
import { useUrlState } from '../../ui/use-url-state.ts'
import { ViewSwitch } from '../../ui/ViewSwitch.tsx'

const NONE = { points: [], bounds_ms: [] }

/** How much is done, and how long it takes. */
export function Charts() {
  const t = useT()
  const [url, setUrl] = useUrlState({ range: '1h' })
  const range = rangeOf(url.range)
  const { hours, step } = RANGES[range]
  const { data, error, refetch, dataUpdatedAt } = useQuery({
    ...metricsQuery(hours, step),
    refetchInterval: useEvery(30_000),
  })
  const series = useMemo(
    () =>
      seriesOf(
        data ?? NONE,
        (dataUpdatedAt || Date.now()) - hours * 3_600_000,
        dataUpdatedAt || Date.now(),
        step * 1_000,
      ),
    [data, dataUpdatedAt, hours, step],
  )
  const formatTime = useCallback((ms: number) => formatAxisTime(ms, hours), [hours])
  const throughput = useMemo(
    () => [
      { label: t('overview.completed'), colour: '--c-accent' as const, fill: true, values: series.completed },
      { label: t('overview.failedPerMinute'), colour: '--c-red' as const, dash: [4, 3], values: series.failed },
    ],
    [series, t],
  )
  const latency = useMemo(
    () => [
      {
        label: t('overview.waitHalf'),
        colour: '--c-faint' as const,
        values: quantilesOf(series.waits, series.boundsMs, 0.5),
      },
      {
        label: t('overview.waitMost'),
        colour: '--c-blue' as const,
        values: quantilesOf(series.waits, series.boundsMs, 0.95),
      },
      {
        label: t('overview.runMost'),
        colour: '--c-violet' as const,
        dash: [4, 3],
        values: quantilesOf(series.runs, series.boundsMs, 0.95),
      },
    ],
    [series, t],
  )
  if (error !== null && data === undefined) {
    return (
      <div className="surface">
        <Failed error={error} onRetry={() => void refetch()} />
      </div>
    )
  }
  const shared = { times: series.times, formatTime }
  return (
    <div className="grid gap-4 xl:grid-cols-2">
      <Chart
        {...shared}
        title={t('overview.throughput')}
        label={t('overview.throughputLabel', { range: t(`ranges.${range}`) })}
        series={throughput}
        format={formatNumber}
        actions={
          <ViewSwitch
            label={t('ranges.label')}
            value={range}
            options={Object.keys(RANGES).map((value) => ({
              value: rangeOf(value),
              label: t(`ranges.${rangeOf(value)}`),
            }))}
            onChange={(next) => setUrl({ range: next }, { replace: true })}
          />
        }
      />
      <Chart
        {...shared}
        title={t('overview.latency')}
        label={t('overview.latencyLabel', { range: t(`ranges.${range}`) })}
        series={latency}
        format={formatDuration}
      />
    </div>
  )
}
