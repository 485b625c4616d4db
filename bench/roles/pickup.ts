import { setTimeout as delay } from 'node:timers/promises'
import { wallNow } from '../contestant.ts'
import { meter } from './cpu.ts'
import type { Figures, Role } from './list.ts'

/** An idle worker: what it takes when nothing comes, then how long each job took from its dispatch elsewhere to its handler. */
export const pickup: Role = async ({ session, parameters, ready, stop }) => {
  const { idleMs = 3_000, count = 0 } = parameters
  const late: number[] = []
  const all = Promise.withResolvers<void>()
  await session.work(10, (_number, sentAt) => {
    late.push(wallNow() - sentAt)
    if (late.length === count) all.resolve()
    return undefined
  })
  await delay(500)
  const idle = meter()
  await delay(idleMs)
  const idlePercent = percent(idle())
  const busy = meter()
  ready()
  await Promise.race([all.promise, stop])
  return { ...spread(late), idlePercent, busyPercent: percent(busy()), received: late.length, sent: count }
}

/** The same with dispatcher and worker in one process, as in a web server that runs its own jobs. */
export const pickupInside: Role = async (stage) => {
  const { session, parameters, stop } = stage
  const { count = 0, gap = 50 } = parameters
  const late: number[] = []
  const all = Promise.withResolvers<void>()
  await session.work(10, (_number, sentAt) => {
    late.push(wallNow() - sentAt)
    if (late.length === count) all.resolve()
    return undefined
  })
  await delay(500)
  await send({ ...stage, parameters: { count, gap }, go: Promise.resolve() })
  await Promise.race([all.promise, stop])
  return { ...spread(late), received: late.length, sent: count }
}

/** Sends `count` jobs `gap` ms apart, each with the time of its call. */
export const send: Role = async ({ session, parameters, ready, go }) => {
  const { count = 0, gap = 50 } = parameters
  ready()
  await go
  const took: number[] = []
  for (let number = 0; number < count; number++) {
    const at = wallNow()
    await session.single(number, at)
    took.push(wallNow() - at)
    await delay(gap)
  }
  return { dispatchP50: spread(took).p50 }
}

export function spread(numbers: readonly number[]): { p50: number; p99: number; most: number } {
  const sorted = numbers.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99), most: sorted.at(-1) ?? Number.NaN }
}

function percent({ cpuMs, ms }: Figures): number {
  return (cpuMs! / ms!) * 100
}
