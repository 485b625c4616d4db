import { meter } from './cpu.ts'
import type { Role } from './list.ts'

const TOLD_EVERY_MS = 50

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/**
 * Works for `ms` after `warmMs`, or until it is told to stop, on a backlog that does not end meanwhile, and gives back what it
 * holds. Tells how many jobs it has handled since it began, warming up included, and of the time it was measured the rate and
 * the longest while in which it handled none. A job takes `workMs`; by default it only notes that it ran.
 */
export const steady: Role = async ({ session, parameters, ready, go, stop, done }) => {
  const { concurrency = 100, workMs = 0, warmMs = 1_500, ms: lasts = 6_000 } = parameters
  let handled = 0
  let lastAt = 0
  let longestGapMs = 0
  const seen = () => {
    const now = performance.now()
    if (lastAt > 0) longestGapMs = Math.max(longestGapMs, now - lastAt)
    lastAt = now
    handled++
    return workMs > 0 ? pause(workMs) : undefined
  }
  ready()
  await go
  const worker = await session.work(concurrency, seen)
  const telling = setInterval(() => done(handled), TOLD_EVERY_MS)
  await Promise.race([pause(warmMs), stop])
  const before = handled
  longestGapMs = 0
  const measured = meter()
  await Promise.race([pause(lasts), stop])
  const figures = measured()
  const inTime = handled - before
  clearInterval(telling)
  await worker.stop()
  return { ...figures, handled, jobsPerSecond: (inTime / figures.ms) * 1_000, longestGapMs }
}
