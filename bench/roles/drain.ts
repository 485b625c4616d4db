import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { wallNow } from '../contestant.ts'
import { meter } from './cpu.ts'
import type { Role } from './list.ts'

/** Each word to the parent wakes a process that takes a core from whoever is measured. */
const TOLD_EVERY_MS = 50

/**
 * Runs what other processes stored, from the start of the worker to the last acknowledgement. `take` ends it after so many
 * jobs, unacknowledged (a part of a backlog); otherwise it is over when it has seen all `count` of them, at the time limit,
 * or when the parent says that several processes together have seen them all. Leaves how often it ran each number in a file.
 */
export const drain: Role = async ({ session, parameters, place, ready, go, stop, done }) => {
  const { count = 0, take = 0, concurrency = 10, capMs = Number.POSITIVE_INFINITY } = parameters
  const runs = new Uint8Array(count)
  const tenths: number[] = []
  const enough = Promise.withResolvers<void>()
  let handled = 0
  let lastAt = 0
  let told = 0
  ready()
  await go
  const measured = meter()
  const startedAt = wallNow()
  const deadline = performance.now() + capMs
  const tell = () => {
    if (told === handled) return
    told = handled
    done(handled)
  }
  const seen = (number: number) => {
    runs[number]!++
    lastAt = performance.now()
    handled++
    if (handled === Math.ceil(((tenths.length + 1) * (take || count)) / 10)) tenths.push(lastAt)
    // Looked at here, not by the parent: some never yield to their event loop while there is work, and hear no stop.
    if (handled === take || handled === count || lastAt > deadline) enough.resolve()
    return undefined
  }
  const worker = await session.work(concurrency, seen)
  const telling = setInterval(tell, TOLD_EVERY_MS)
  await Promise.race([enough.promise, stop])
  clearInterval(telling)
  tell()
  const seenAll = handled >= (take || count)
  if (take === 0 && seenAll) await (worker.settled ?? worker.stop)()
  const figures = measured()
  writeFileSync(join(place.folder, `runs-${process.pid}`), runs)
  const marks = tenths.map((at, index) => at - (tenths[index - 1] ?? at))
  return {
    ...figures,
    handled,
    startedAt,
    handledAt: performance.timeOrigin + lastAt,
    endedAt: wallNow(),
    firstTenthMs: marks[1] ?? Number.NaN,
    lastTenthMs: marks.at(-1) ?? Number.NaN,
  }
}
