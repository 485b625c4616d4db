import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import { useIsDark } from '../prefs/theme.ts'
import type { ChartProps } from './Chart.tsx'

/** The lines themselves; fetched with the first chart that is shown. */
export default function ChartCanvas({ times, series, format, formatTime, height = 180 }: ChartProps) {
  const host = useRef<HTMLDivElement>(null)
  const readout = useRef<HTMLDivElement>(null)
  const isDark = useIsDark()

  // biome-ignore lint/correctness/useExhaustiveDependencies: colours are read from the page, which the theme decides
  useEffect(() => {
    const at = host.current
    if (at === null) return
    const colour = colourReader(at)
    const axis: uPlot.Axis = {
      stroke: colour('--c-faint'),
      grid: { stroke: colour('--c-line'), width: 1 },
      ticks: { show: false },
      font: '11px system-ui, sans-serif',
    }
    const plot = new uPlot(
      {
        width: at.clientWidth,
        height,
        padding: [8, 8, 0, 0],
        legend: { show: false },
        cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
        scales: { x: { time: false }, y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.1 : 1] } },
        axes: [
          {
            ...axis,
            grid: { show: false },
            space: 70,
            size: 28,
            incrs: ROUND_TIMES,
            values: (_plot, ticks) => ticks.map((tick) => formatTime(tick)),
          },
          {
            ...axis,
            size: (_plot, labels) => Math.max(44, ...(labels ?? []).map((label) => label.length * SIGN_PX + 14)),
            space: 36,
            values: (_plot, ticks) => ticks.map((tick) => format(tick)),
          },
        ],
        series: [
          {},
          ...series.map(({ label, colour: name, dash, fill }) => ({
            label,
            stroke: colour(name),
            width: 1.75,
            dash: dash === undefined ? undefined : [...dash],
            fill: fill ? colour(name, 0.1) : undefined,
            // A step alone between steps without figures has no line to either side: it is a point.
            points: {
              show: true,
              size: 5,
              filter: (_plot: uPlot, index: number) => lonely(series[index - 1]?.values ?? []),
            },
            spanGaps: false,
          })),
        ],
        hooks: {
          setCursor: [
            ({ cursor: { idx } }) => {
              if (readout.current === null) return
              readout.current.textContent = idx === null || idx === undefined ? '' : textAt(idx)
            },
          ],
        },
      },
      [[...times], ...series.map(({ values }) => [...values])] as uPlot.AlignedData,
      at,
    )
    function textAt(index: number): string {
      const time = times[index]
      const parts = series.map(({ label, values }) => {
        const value = values[index]
        return `${label} ${value === null || value === undefined ? '–' : format(value)}`
      })
      return time === undefined ? '' : `${formatTime(time)} · ${parts.join(' · ')}`
    }
    const resized = new ResizeObserver(() => plot.setSize({ width: at.clientWidth, height }))
    resized.observe(at)
    return () => {
      resized.disconnect()
      plot.destroy()
    }
  }, [times, series, format, formatTime, height, isDark])

  return (
    <div className="relative">
      <div ref={host} />
      <div
        ref={readout}
        className="pointer-events-none absolute -top-5 right-2 rounded-sm bg-surface px-1 text-soft text-xs"
      />
    </div>
  )
}

/** Of one sign of an axis, about. */
const SIGN_PX = 6
const MINUTE = 60_000
/** Steps of the axis of time: what people read as round. */
const ROUND_TIMES = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440, 2_880, 10_080].map(
  (minutes) => minutes * MINUTE,
)

function lonely(values: readonly (number | null)[]): number[] {
  const isNone = (at: number) => values[at] === null || values[at] === undefined
  return values.flatMap((_value, at) => (!isNone(at) && isNone(at - 1) && isNone(at + 1) ? [at] : []))
}

/** Canvas takes no custom properties: what a colour comes to is asked of the page. */
function colourReader(at: HTMLElement): (name: string, alpha?: number) => string {
  return (name, alpha = 1) => {
    const probe = document.createElement('span')
    probe.style.color = `color-mix(in srgb, var(${name}) ${alpha * 100}%, transparent)`
    at.append(probe)
    const { color } = getComputedStyle(probe)
    probe.remove()
    return color
  }
}
