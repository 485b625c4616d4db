import { notAllowed } from '../../core/errors.ts'

/** The largest second an unsigned 32-bit column holds: where Laravel's tables end, every store ends. */
const LAST_SECOND = 4_294_967_295

export function wholeSecond(ms: number): number {
  return Math.floor(ms / 1_000) * 1_000
}

/**
 * When a job falls due: the first whole second that is not before the time asked for, so that no job runs early; a time
 * that has come already is due at once. Unix ms. Throws BAD_ARGUMENT for what the column cannot hold.
 */
export function dueTime(now: number, asked: { delayMs?: number; availableAt?: number }): number {
  const at = asked.availableAt ?? now + (asked.delayMs ?? 0)
  if (!(at >= 0 && at <= LAST_SECOND * 1_000)) {
    throw notAllowed('BAD_ARGUMENT', 'availableAt', at, `0 to ${LAST_SECOND * 1_000} (unix ms, the year 2106)`)
  }
  const second = Math.ceil(at / 1_000) * 1_000
  return at <= now ? Math.min(second, wholeSecond(now)) : second
}
