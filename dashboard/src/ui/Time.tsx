import { useEffect, useState, useSyncExternalStore } from 'react'
import { onWallOffset, wallOffset } from '../api/wall-clock.ts'
import { formatAgo, formatInstant, formatWall, wallMs } from '../i18n/format.ts'
import { useT } from '../i18n/index.ts'

/** The time now, renewed every `ms`. */
export function useNow(ms = 10_000): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), ms)
    return () => clearInterval(timer)
  }, [ms])
  return now
}

/** How long ago an instant was: ISO 8601 or unix ms. The instant itself is in its title. */
export function Ago({ at }: { at: string | number }) {
  const now = useNow()
  const ms = typeof at === 'number' ? at : Date.parse(at)
  return (
    <time dateTime={new Date(ms).toISOString()} title={formatInstant(ms)} className="whitespace-nowrap">
      {formatAgo(now - ms)}
    </time>
  )
}

/** The server's clock on the wall, on the scale of `wallMs`; undefined until it was told. */
export function useWallNow(): number | undefined {
  const offset = useSyncExternalStore(onWallOffset, wallOffset)
  const now = useNow()
  return offset === undefined ? undefined : now + offset
}

/** How long ago a time of the server's wall clock was (`YYYY-MM-DD HH:MM:SS`). */
export function WallTime({ at }: { at: string }) {
  const t = useT()
  const now = useWallNow()
  const ms = wallMs(at)
  return (
    <time title={t('common.serverTime', { time: formatWall(at) })} className="whitespace-nowrap">
      {now === undefined || ms === undefined ? formatWall(at) : formatAgo(now - ms)}
    </time>
  )
}
