import { lazy, type ReactNode, Suspense, useState } from 'react'
import { useT } from '../i18n/index.ts'
import { IconButton } from './Button.tsx'

export interface Series {
  label: string
  /** A custom property of styles.css, such as `--c-accent`. */
  colour: `--c-${string}`
  /** Drawn with dashes, so that it can be told from others without colour. */
  dash?: readonly number[]
  fill?: boolean
  values: readonly (number | null)[]
}

export interface ChartProps {
  /** What it shows, in a sentence: its name for who can't see it, and the caption of its table. */
  label: string
  /** Unix ms where each step begins. */
  times: readonly number[]
  series: readonly Series[]
  /** Of values, on the axis and in the table. */
  format: (value: number) => string
  formatTime: (ms: number) => string
  height?: number
}

const Canvas = lazy(() => import('./ChartCanvas.tsx'))

/** Lines over time, and the same figures as a table: a canvas says nothing to a screen reader. */
export function Chart({ title, actions, ...props }: ChartProps & { title: string; actions?: ReactNode }) {
  const t = useT()
  const [asTable, setTable] = useState(false)
  return (
    <section className="surface flex min-w-0 flex-col">
      <div className="flex min-h-11 flex-wrap items-center gap-x-4 gap-y-1 border-b px-4 py-1.5">
        <h2 className="font-medium text-base">{title}</h2>
        <div className="ml-auto flex items-center gap-1">
          {actions}
          <IconButton
            icon={asTable ? 'metrics' : 'table'}
            label={asTable ? t('chart.asChart') : t('chart.asTable')}
            aria-pressed={asTable}
            onClick={() => setTable(!asTable)}
          />
        </div>
      </div>
      {asTable ? (
        <ChartTable {...props} />
      ) : (
        <div
          role="img"
          aria-label={props.label}
          className="px-2 py-3"
          style={{ minHeight: (props.height ?? 180) + 44 }}
        >
          <Legend series={props.series} />
          {props.series.every(({ values }) => values.every((value) => value === null)) ? (
            <p className="flex items-center justify-center text-faint text-sm" style={{ height: props.height ?? 180 }}>
              {t('chart.nothing')}
            </p>
          ) : (
            <Suspense>
              <Canvas {...props} />
            </Suspense>
          )}
        </div>
      )}
    </section>
  )
}

function Legend({ series }: Pick<ChartProps, 'series'>) {
  return (
    <ul className="flex flex-wrap gap-x-3 px-2 pb-1 text-soft text-xs">
      {series.map(({ label, colour, dash }) => (
        <li key={label} className="flex items-center gap-1.5">
          <svg viewBox="0 0 16 4" className="h-1 w-4" aria-hidden="true">
            <line
              x1="0"
              x2="16"
              y1="2"
              y2="2"
              strokeWidth="2.5"
              style={{ stroke: `var(${colour})` }}
              strokeDasharray={dash?.join(' ')}
            />
          </svg>
          {label}
        </li>
      ))}
    </ul>
  )
}

function ChartTable({ label, times, series, format, formatTime }: ChartProps) {
  const t = useT()
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <div className="max-h-64 overflow-auto" tabIndex={0} role="region" aria-label={label}>
      <table className="w-full text-sm">
        <caption className="sr-only">{label}</caption>
        <thead className="sticky top-0 bg-surface text-faint text-xs">
          <tr>
            <th className="px-4 py-1.5 text-left font-medium">{t('chart.time')}</th>
            {series.map((one) => (
              <th key={one.label} className="px-4 py-1.5 text-right font-medium">
                {one.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {times.map((time, at) => (
            <tr key={time} className="border-t">
              <td className="px-4 py-1">{formatTime(time)}</td>
              {series.map((one) => {
                const value = one.values[at]
                return (
                  <td key={one.label} className="px-4 py-1 text-right">
                    {value === null || value === undefined ? '–' : format(value)}
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
