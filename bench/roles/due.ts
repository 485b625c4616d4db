import { wallNow } from '../contestant.ts'
import { meter } from './cpu.ts'
import type { Role } from './list.ts'
import { spread } from './pickup.ts'

/** A worker waits for `count` jobs that all fall due at `dueAt`: how late each begins, by the wall clock. */
export const due: Role = async ({ session, parameters, ready, stop, done }) => {
  const { count = 0, dueAt = 0, concurrency = 100 } = parameters
  const runs = new Uint8Array(count)
  const late: number[] = []
  const all = Promise.withResolvers<void>()
  let told = 0
  const seen = (number: number) => {
    runs[number]!++
    const now = wallNow()
    late.push(now - dueAt)
    if (late.length === count) all.resolve()
    if (now - told > 50) {
      told = now
      done(late.length)
    }
    return undefined
  }
  await session.work(concurrency, seen, 'delayed')
  ready()
  const measured = meter()
  await Promise.race([all.promise, stop])
  const { p50, p99, most } = spread(late)
  return {
    ...measured(),
    started: late.length,
    allAfterMs: most,
    p50,
    p99,
    firstMs: Math.min(...late),
    early: late.filter((ms) => ms < 0).length,
    twice: runs.reduce((sum, times) => sum + Math.max(0, times - 1), 0),
  }
}
