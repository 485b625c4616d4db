import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Status } from '../../api/client.ts'
import { metricsQuery } from '../../api/queries.ts'
import { formatDuration, formatNumber } from '../../i18n/format.ts'
import { useT } from '../../i18n/index.ts'
import { useEvery } from '../../live/use-live.ts'
import { latest, seriesOf } from '../../metrics/series.ts'
import { asAddress } from '../../ui/as-address.ts'
import { classes } from '../../ui/classes.ts'
import { ALARM_SECONDS } from './Alarms.tsx'
import { useDueAge } from './use-due-age.ts'

const RATE_MINUTES = 5

export function Tiles({ status }: { status: Status }) {
  const t = useT()
  const age = useDueAge(status)
  const total = (counts: Status['pending_jobs']) => counts.reduce((sum, { count }) => sum + count, 0)
  const delayed = total(status.delayed_jobs)
  const { data } = useQuery({ ...metricsQuery(1, 60), refetchInterval: useEvery(30_000) })
  const rate = data && latest(seriesOf(data, Date.now() - 3_600_000, Date.now(), 60_000), RATE_MINUTES)
  const isLate = age !== null && age > ALARM_SECONDS
  return (
    <dl className="grid grid-cols-2 gap-3 sm:grid-cols-3 xl:grid-cols-6">
      <Tile
        name={t('overview.pending')}
        to="/jobs"
        search={{ state: 'pending' }}
        note={delayed > 0 && t('overview.ofThemDelayed', { n: formatNumber(delayed) })}
      >
        {formatNumber(total(status.pending_jobs))}
      </Tile>
      <Tile name={t('overview.reserved')} to="/jobs" search={{ state: 'reserved' }}>
        {formatNumber(total(status.reserved_jobs))}
      </Tile>
      <Tile name={t('overview.failed')} to="/failed" tone={status.failed_jobs_count > 0 ? 'text-red' : undefined}>
        {formatNumber(status.failed_jobs_count)}
      </Tile>
      <Tile
        name={t('overview.oldest')}
        note={status.oldest_pending_job?.queue}
        tone={isLate ? 'text-amber' : undefined}
      >
        {age === null ? '–' : <Duration ms={age * 1_000} />}
      </Tile>
      <Tile name={t('overview.perMinute')} note={t('overview.lastMinutes', { n: RATE_MINUTES })}>
        {rate === undefined ? '–' : formatNumber(rate.perMinute)}
      </Tile>
      <Tile name={t('overview.wait')} note={t('overview.lastMinutes', { n: RATE_MINUTES })}>
        {rate === undefined || rate.waitMs === null ? '–' : <Duration ms={rate.waitMs} />}
      </Tile>
    </dl>
  )
}

interface TileProps {
  name: string
  children: ReactNode
  note?: ReactNode
  tone?: string
  to?: string
  search?: Record<string, string>
}

function Tile({ name, children, note, tone, to, search }: TileProps) {
  return (
    <div
      className={classes(
        'surface relative flex min-w-0 flex-col px-3.5 py-3',
        to !== undefined && 'hover:border-strong',
      )}
    >
      <dt className="truncate text-soft text-sm">
        {to === undefined ? (
          name
        ) : (
          <Link to={to} search={asAddress(search ?? {})} className="after:absolute after:inset-0 after:rounded-lg">
            {name}
          </Link>
        )}
      </dt>
      <dd className={classes('mt-0.5 whitespace-nowrap font-semibold text-2xl leading-tight tracking-tight', tone)}>
        {children}
      </dd>
      <dd className="min-h-4 truncate text-faint text-xs">{note}</dd>
    </div>
  )
}

/** Figures large, their units small: a long time stays within its tile. */
function Duration({ ms }: { ms: number }) {
  return formatDuration(ms)
    .split(' ')
    .map((part, at) =>
      at % 2 === 0 ? (
        `${at > 0 ? ' ' : ''}${part}`
      ) : (
        <span key={part} className="ml-0.5 font-medium text-base tracking-normal">
          {part}
        </span>
      ),
    )
}
