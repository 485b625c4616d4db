import { useEffect, useState } from 'react'
import { formatDuration } from '../i18n/format.ts'
import { useT } from '../i18n/index.ts'
import { live, useLive } from '../live/use-live.ts'
import { classes } from '../ui/classes.ts'
import { Icon } from '../ui/Icon.tsx'
import { Tooltip } from '../ui/Tooltip.tsx'

const DOTS = {
  live: 'bg-green',
  polling: 'bg-amber',
  connecting: 'bg-amber pulse',
  lost: 'bg-red pulse',
  paused: 'bg-faint',
  off: 'bg-faint',
}

/** Data older than this is called old. */
export const STALE_MS = 20_000

/** Whether what is shown is new, and the switch that lets it stand still. */
export function LiveSwitch() {
  const t = useT()
  const { mode } = useLive()
  const age = useAge()
  const paused = mode === 'paused'
  const showAge = (paused || mode === 'lost') && age >= 1_000
  return (
    <Tooltip text={paused ? t('live.resume') : t('live.pause')}>
      <button
        type="button"
        aria-pressed={paused}
        aria-label={`${t(`live.${mode}`)}. ${paused ? t('live.resume') : t('live.pause')}`}
        onClick={() => live.pause(!paused)}
        className="inline-flex min-h-8 items-center gap-2 rounded-md px-2 text-sm text-soft hover:bg-hover hover:text-ink"
      >
        <span className={classes('size-2 rounded-full', DOTS[mode])} />
        <span className="max-sm:hidden">
          {t(`live.${mode}`)}
          {showAge && <span className="text-faint"> · {formatDuration(age)}</span>}
        </span>
        <Icon name={paused ? 'play' : 'pause'} className="size-3.5 opacity-70" />
      </button>
    </Tooltip>
  )
}

/** How old what is shown is, in ms, counted by the second. */
export function useAge(): number {
  const { freshAt } = useLive()
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000)
    return () => clearInterval(timer)
  }, [])
  return freshAt === 0 ? 0 : Math.max(0, now - freshAt)
}

/** What is shown can't be renewed: said above it, and greyed below. */
export function useIsStale(): boolean {
  const { mode } = useLive()
  const age = useAge()
  return mode === 'lost' || (mode !== 'paused' && mode !== 'off' && age > STALE_MS && mode !== 'live')
}
