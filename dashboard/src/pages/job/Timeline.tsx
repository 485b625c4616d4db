import type { RunRow } from '../../api/client.ts'
import { formatDuration, formatWall, wallMs } from '../../i18n/format.ts'
import { useT } from '../../i18n/index.ts'
import { classes } from '../../ui/classes.ts'
import { useWallNow } from '../../ui/Time.tsx'

export interface Moment {
  label: string
  /** `YYYY-MM-DD HH:MM:SS` of the server's wall clock. */
  at: string
  tone?: 'red' | 'green' | 'accent' | 'violet'
  /** It has not come yet. */
  ahead?: boolean
}

const DOTS = { red: 'bg-red', green: 'bg-green', accent: 'bg-accent', violet: 'bg-violet' }

/** What happened to a job, and how long it took from one to the next. */
export function Timeline({ moments }: { moments: readonly Moment[] }) {
  const t = useT()
  const now = useWallNow()
  const ordered = moments.map((moment) => ({ ...moment, ms: wallMs(moment.at) ?? 0 })).toSorted((a, b) => a.ms - b.ms)
  return (
    <ol className="flex flex-col">
      {ordered.map(({ label, at, ms, tone, ahead = false }, index) => {
        const next = ordered[index + 1]?.ms ?? (ahead ? undefined : now)
        const gap = next === undefined ? undefined : next - ms
        const isLast = index === ordered.length - 1
        return (
          <li key={`${label} ${at}`} className="relative flex gap-3 pb-3 last:pb-0">
            {!isLast && (
              <span className="absolute top-3 bottom-[-0.25rem] left-[0.2rem] w-px bg-strong" aria-hidden="true" />
            )}
            <span
              className={classes(
                'relative mt-1.5 size-2 shrink-0 rounded-full',
                ahead ? 'border border-strong bg-surface' : tone === undefined ? 'bg-strong' : DOTS[tone],
              )}
              aria-hidden="true"
            />
            <span className="min-w-0 grow text-sm">
              <span className="block">{label}</span>
              <span className="block text-faint text-xs">
                {formatWall(at)}
                {gap !== undefined &&
                  gap >= 1_000 &&
                  !isLast &&
                  ` · ${t('job.untilNext', { time: formatDuration(gap) })}`}
              </span>
            </span>
          </li>
        )
      })}
    </ol>
  )
}

/** Begins and ends of attempts, as moments of a timeline. */
export function momentsOf(
  runs: readonly RunRow[],
  words: { began: (n: number) => string; ended: (n: number, outcome: string) => string },
): Moment[] {
  return runs.flatMap(({ attempt, started_at_human, ended_at_human, outcome }): Moment[] => [
    { label: words.began(attempt), at: started_at_human, tone: 'accent' },
    ...(ended_at_human === null
      ? []
      : [
          {
            label: words.ended(attempt, outcome),
            at: ended_at_human,
            tone: outcome === 'completed' ? ('green' as const) : ('red' as const),
          },
        ]),
  ])
}
