import { useEffect, useState } from 'react'
import type { Status } from '../../api/client.ts'
import { useLive } from '../../live/use-live.ts'

/**
 * Seconds the oldest due job has been due, as of now: events come only when something changes, so the seconds since the
 * last one are counted here. Stands still while the panel does.
 */
export function useDueAge(status: Status): number | null {
  const told = status.oldest_pending_age_seconds
  const { mode } = useLive()
  const [seen, setSeen] = useState({ status, at: Date.now() })
  const [now, setNow] = useState(Date.now)
  if (seen.status !== status) setSeen({ status, at: Date.now() })
  const counts = told !== null && mode !== 'paused' && mode !== 'lost'
  useEffect(() => {
    if (!counts) return
    const timer = setInterval(() => setNow(Date.now()), 1_000)
    return () => clearInterval(timer)
  }, [counts])
  return told === null ? null : told + Math.max(0, Math.floor((now - seen.at) / 1_000))
}
