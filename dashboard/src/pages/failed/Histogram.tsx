import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { type FailedNarrowing, failedHistogramQuery } from '../../api/queries.ts'
import { wallOffset } from '../../api/wall-clock.ts'
import { formatAxisTime, formatNumber, formatTime } from '../../i18n/format.ts'
import { useT } from '../../i18n/index.ts'
import { IconButton } from '../../ui/Button.tsx'
import { classes } from '../../ui/classes.ts'
import { useWide } from '../../ui/use-wide.ts'

const HOURS = 24
/** Wide enough to be hit with a finger: hours, on phones two of them. */
const STEP_SECONDS = { wide: 3_600, narrow: 7_200 }
const NARROW_PX = 760

/** When jobs failed, in the last day. A bar narrows the list to its time. */
export function Histogram({
  narrowing,
  onPick,
}: {
  narrowing: FailedNarrowing
  onPick: (period: { from: string; to: string }) => void
}) {
  const t = useT()
  const [asTable, setTable] = useState(false)
  const step = useWide() < NARROW_PX ? STEP_SECONDS.narrow : STEP_SECONDS.wide
  const { data } = useQuery(failedHistogramQuery(HOURS, step))
  const bars = barsOf(data?.step_seconds === step ? data.steps : [], step)
  const most = Math.max(1, ...bars.map(({ count }) => count))
  const total = bars.reduce((sum, { count }) => sum + count, 0)
  const label = t('failed.histogram', { n: formatNumber(total) })
  return (
    <section aria-label={label} className="surface px-4 pt-2 pb-2.5">
      <div className="flex items-center gap-3">
        <h2 className="text-soft text-sm">{label}</h2>
        <IconButton
          className="ml-auto"
          icon={asTable ? 'metrics' : 'table'}
          label={asTable ? t('chart.asChart') : t('chart.asTable')}
          aria-pressed={asTable}
          onClick={() => setTable(!asTable)}
        />
      </div>
      {asTable ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <div className="max-h-56 overflow-auto" tabIndex={0} role="region" aria-label={label}>
          <table className="w-full max-w-sm text-sm">
            <thead className="text-left text-faint text-xs">
              <tr>
                <th className="py-1 font-medium">{t('chart.time')}</th>
                <th className="py-1 text-right font-medium">{t('nav.failed')}</th>
              </tr>
            </thead>
            <tbody>
              {bars.map(({ at, count }) => (
                <tr key={at} className="border-t">
                  <td className="py-1">{formatAxisTime(at, HOURS)}</td>
                  <td className="py-1 text-right">{formatNumber(count)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <>
          <div className="flex h-14 items-end gap-px sm:gap-0.5">
            {bars.map(({ at, count }) => (
              <button
                key={at}
                type="button"
                disabled={count === 0}
                title={`${formatTime(at)} · ${formatNumber(count)}`}
                aria-label={t('failed.bar', { time: formatAxisTime(at, HOURS), count, n: formatNumber(count) })}
                onClick={() => onPick({ from: wallText(at), to: wallText(at + step * 1_000) })}
                className="group flex h-full min-w-0 grow items-end disabled:cursor-default"
              >
                <span
                  style={{ height: count === 0 ? '2px' : `${Math.max(6, (count / most) * 100)}%` }}
                  className={classes(
                    'w-full rounded-t-[2px]',
                    count === 0 ? 'bg-line' : isWithin(at, narrowing) ? 'bg-red group-hover:opacity-80' : 'bg-strong',
                  )}
                />
              </button>
            ))}
          </div>
          <div className="mt-1 flex justify-between text-2xs text-faint" aria-hidden="true">
            {bars.length > 0 &&
              [0, 0.25, 0.5, 0.75, 1]
                .map((share) => Math.round(share * (bars.length - 1)))
                .map((index) => <span key={index}>{formatAxisTime(bars[index]?.at ?? 0, HOURS)}</span>)}
          </div>
        </>
      )}
    </section>
  )
}

function barsOf(steps: readonly { at: string; count: number }[], stepSeconds: number): { at: number; count: number }[] {
  const stepMs = stepSeconds * 1_000
  const last = Math.floor(Date.now() / stepMs) * stepMs
  const counts = new Map(steps.map(({ at, count }) => [Date.parse(at), count]))
  const size = (HOURS * 3_600) / stepSeconds
  return Array.from({ length: size }, (_, index) => {
    const at = last - (size - 1 - index) * stepMs
    return { at, count: counts.get(at) ?? 0 }
  })
}

/** An instant as the server's wall clock writes it, which is what the list is narrowed by. */
function wallText(ms: number): string {
  return new Date(ms + (wallOffset() ?? 0)).toISOString().slice(0, 19).replace('T', ' ')
}

function isWithin(at: number, { from, to }: FailedNarrowing): boolean {
  const text = wallText(at)
  return (from === undefined || text >= from) && (to === undefined || text < to)
}
