import { meter } from './cpu.ts'
import type { Role } from './list.ts'

const BULK_PER_CALL = 5_000

/** Bulk dispatch of `count` jobs from number `from` on, five thousand per call; with `dueAt` they wait until then. No call begins after `capMs`. */
export const bulk: Role = async ({ session, parameters, ready, go }) => {
  const { count = 0, from = 0, dueAt, capMs = Number.MAX_VALUE } = parameters
  ready()
  await go
  const measured = meter()
  const deadline = performance.now() + capMs
  let stored = 0
  while (stored < count && performance.now() < deadline) {
    const size = Math.min(BULK_PER_CALL, count - stored)
    await session.bulk(from + stored, size, dueAt)
    stored += size
  }
  return { count: stored, cut: stored < count ? 1 : 0, ...measured() }
}

/** Single dispatches with `flight` promises open at any time, for `ms` after a second of warming up. */
export const single: Role = async ({ session, parameters, ready, go }) => {
  const { flight = 32, ms: lasts = 3_000, warmMs = 1_000 } = parameters
  ready()
  await go
  let number = 0
  const counted = async (until: number) => {
    let count = 0
    const lane = async () => {
      while (performance.now() < until) {
        await session.single(number++)
        count++
      }
    }
    await Promise.all(Array.from({ length: flight }, lane))
    return count
  }
  await counted(performance.now() + warmMs)
  const measured = meter()
  const count = await counted(performance.now() + lasts)
  return { count, ...measured() }
}

/** Puts `count` failed jobs beside the others. */
export const fail: Role = async ({ session, parameters, ready, go }) => {
  ready()
  await go
  await session.fail!(parameters.count ?? 0)
  return {}
}

/** Lets the database itself make many jobs, pending and failed ones. */
export const fill: Role = async ({ session, parameters, ready, go }) => {
  const { from = 1, pending = 0, failed = 0 } = parameters
  ready()
  await go
  await session.fill!({ from, pending, failed })
  return {}
}
