import { setTimeout as delay } from 'node:timers/promises'
import { type DaySort, wallNow } from '../contestant.ts'
import { meter } from './cpu.ts'
import type { Role } from './list.ts'
import { spread } from './pickup.ts'

/** Of every twenty jobs: fourteen plain ones, two of each other sort. A unique one is dispatched twice at once, so that 800 jobs are 880 calls. */
function sortOf(number: number): DaySort {
  const at = number % 20
  return at < 14 ? 'plain' : at < 16 ? 'delayed' : at < 18 ? 'failing' : 'unique'
}

const TICK_MS = 5

/** Dispatches `perSecond` jobs for `ms`, evenly, each as its own call, whatever the store takes. */
export const dayProducer: Role = async ({ session, parameters, ready, go }) => {
  const { perSecond = 800, ms: lasts = 20_000 } = parameters
  const { dispatch } = session.day!
  const took: number[] = []
  const open = new Set<Promise<void>>()
  let stored = 0
  let skipped = 0
  ready()
  await go
  const measured = meter()
  const one = async (number: number) => {
    const at = wallNow()
    const sort = sortOf(number)
    const calls =
      sort === 'unique' ? [dispatch(sort, number, at), dispatch(sort, number, at)] : [dispatch(sort, number, at)]
    for (const outcome of await Promise.all(calls)) outcome === 'stored' ? stored++ : skipped++
    took.push(wallNow() - at)
  }
  const started = performance.now()
  for (let number = 0; performance.now() - started < lasts; ) {
    const expected = Math.floor(((performance.now() - started) * perSecond) / 1_000)
    for (; number <= expected; number++) {
      const running = one(number).finally(() => open.delete(running))
      open.add(running)
    }
    await delay(TICK_MS)
  }
  await Promise.all(open)
  const { p50, p99 } = spread(took)
  return { ...measured(), stored, skipped, dispatchP50: p50, dispatchP99: p99 }
}

/** Works a millisecond per job, fails the first attempt of `failing` ones, and keeps count of every ending. */
export const dayWorker: Role = async ({ session, parameters, ready, stop }) => {
  const { concurrency = 10 } = parameters
  const late: number[] = []
  const ran = new Map<number, number>()
  const resident: number[] = []
  const worker = await session.day!.work(concurrency, async (sort, number, sentAt, attempt) => {
    // A delay counts in whole seconds, so how late a delayed one is says nothing.
    if (attempt === 1 && sort !== 'delayed') late.push(wallNow() - sentAt)
    await delay(1)
    if (sort === 'failing' && attempt === 1) throw new Error('the first attempt of this sort fails')
    ran.set(number, (ran.get(number) ?? 0) + 1)
  })
  const sampling = setInterval(() => resident.push(process.memoryUsage.rss() / 2 ** 20), 1_000)
  ready()
  const measured = meter()
  await stop
  const figures = measured()
  clearInterval(sampling)
  await worker.stop()
  const third = Math.max(1, Math.floor(resident.length / 3))
  const mean = (numbers: number[]) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length
  const { p50, p99, most } = spread(late)
  return {
    ...figures,
    completed: ran.size,
    twice: [...ran.values()].filter((times) => times > 1).length,
    p50,
    p99,
    most,
    firstThirdMiB: mean(resident.slice(0, third)),
    lastThirdMiB: mean(resident.slice(-third)),
  }
}

/** Looks every `everyMs` as a dashboard does, until it is told to stop; then waits until nothing is left and says so. */
export const dayWatcher: Role = async ({ session, parameters, ready, go, stop }) => {
  const { everyMs = 2_000, patienceMs = 30_000 } = parameters
  const { look, left } = session.day!
  const took: number[] = []
  let stopped = false
  void stop.then(() => {
    stopped = true
  })
  ready()
  await go
  const measured = meter()
  while (!stopped) {
    const at = performance.now()
    await look()
    took.push(performance.now() - at)
    await Promise.race([delay(everyMs), stop])
  }
  const figures = measured()
  const deadline = performance.now() + patienceMs
  let remaining = await left()
  while (remaining.waiting > 0 && performance.now() < deadline) {
    await delay(100)
    remaining = await left()
  }
  const { p50, most } = spread(took)
  return { ...figures, looks: took.length, lookP50: p50, lookMost: most, ...remaining }
}
