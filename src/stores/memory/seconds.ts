import { notAllowed } from '../../core/errors.ts'

/** The largest second an unsigned 32-bit column holds: where Laravel's tables end, every store ends. */
const LAST_SECOND = 4_294_967_295

export function wholeSecond(ms: number): number {
  return Math.floor(ms / 1_000) * 1_000
}

/**
 * When a job falls due: the first whole second that is not before the time asked for, so that no job runs early; without
 * a delay, at once. Unix ms. Throws BAD_ARGUMENT for what the column cannot hold.
 */
export function dueTime(now: number, { delayMs = 0, availableAt }: { delayMs?: number; availableAt?: number }): number {
  const at = availableAt ?? (delayMs > 0 ? now + delayMs : wholeSecond(now))
  if (!(at >= 0 && at <= LAST_SECOND * 1_000)) {
    throw notAllowed('BAD_ARGUMENT', 'availableAt', at, `0 to ${LAST_SECOND * 1_000} (unix ms, the year 2106)`)
  }
  return Math.ceil(at / 1_000) * 1_000
}
