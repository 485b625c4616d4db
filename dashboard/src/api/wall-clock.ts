import { wallMs } from '../i18n/format.ts'

/**
 * The API writes the times of rows in the server's own zone without naming it. What they are compared with is the
 * `timestamp` of its status: how far that is from this machine's clock.
 */
let offset: number | undefined
const listeners = new Set<() => void>()

/** Zones differ by quarters of an hour; what is left over within these seconds is the way of the answer. */
const ZONE_STEP_MS = 900_000
const CLOCKS_AGREE_MS = 5_000
/** Less than this is the way of the answer, not another clock. */
const JITTER_MS = 2_000

export function setWallClock(timestamp: string): void {
  const ms = wallMs(timestamp)
  if (ms === undefined) return
  const told = ms - Date.now()
  const zone = Math.round(told / ZONE_STEP_MS) * ZONE_STEP_MS
  const next = Math.abs(told - zone) < CLOCKS_AGREE_MS ? zone : told
  if (offset !== undefined && Math.abs(next - offset) < JITTER_MS) return
  offset = next
  for (const listener of listeners) listener()
}

export function wallOffset(): number | undefined {
  return offset
}

export function onWallOffset(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
