import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Figures } from '../roles/list.ts'
import type { Course } from './course.ts'

export interface Drain {
  /** Jobs in the place, numbered from 0. */
  count: number
  concurrency: number
  processes?: number
  /** Only so many of them. */
  take?: number
  capMs: number
}

/** Workers on what lies in the place, until all jobs ran once, or enough of them, or the time is over. */
export async function drained(
  course: Course,
  { count, concurrency, processes = 1, take = 0, capMs }: Drain,
): Promise<Figures> {
  const children = await Promise.all(
    Array.from({ length: processes }, () => course.start('drain', { count, concurrency, take, capMs })),
  )
  await Promise.all(children.map(({ ready }) => ready))
  const server = await course.serverMeter()
  const enough = Promise.withResolvers<void>()
  const cap = setTimeout(() => enough.resolve(), capMs)
  for (const child of children) {
    child.onDone(() => {
      if (children.reduce((sum, { done }) => sum + done, 0) >= (take || count)) enough.resolve()
    })
    child.result.then(() => enough.resolve(), enough.reject)
    child.go()
  }
  await enough.promise
  clearTimeout(cap)
  const serverMiB = course.server.memoryMiB()
  for (const child of children) child.stop()
  // One that never yields to its event loop hears nothing: it is cut off for good.
  const killing = setTimeout(() => {
    for (const child of children) child.kill()
  }, 30_000)
  const all = await Promise.all(children.map(({ result }) => result))
  clearTimeout(killing)
  const costs = await server()
  const sum = (name: string) => all.reduce((total, figures) => total + figures[name]!, 0)
  const least = (name: string) => Math.min(...all.map((figures) => figures[name]!))
  const most = (name: string) => Math.max(...all.map((figures) => figures[name]!))
  const handled = sum('handled')
  const from = least('startedAt')
  const rate = (until: number) => (handled / (until - from)) * 1_000
  // The end is the last acknowledgement where one process did it all; of several, none knows when it is done.
  const handledPerSecond = rate(most('handledAt'))
  return {
    handled,
    jobsPerSecond: processes === 1 && take === 0 ? rate(most('endedAt')) : handledPerSecond,
    handledPerSecond,
    cut: handled < (take || count) ? 1 : 0,
    nodeMicros: (sum('cpuMs') / handled) * 1_000,
    serverMicros: (costs.serverCpuMs / handled) * 1_000,
    logBytesPerJob: course.entry.on === 'sqlite' ? sum('writtenBytes') / handled : costs.logBytes / handled,
    logSyncsPer1000: (costs.logSyncs / handled) * 1_000,
    peakMiB: most('peakMiB'),
    serverMiB,
    lastToFirstTenth: all[0]!.firstTenthMs! / all[0]!.lastTenthMs!,
    exactlyOnce: runsOf(course, count, take === 0 && handled === count),
  }
}

/** 1 where every number ran once (or, of a part, none ran twice), by the files the workers left. */
function runsOf(course: Course, count: number, all: boolean): number {
  const { folder } = course.place
  const total = new Uint8Array(count)
  for (const file of readdirSync(folder).filter((name) => name.startsWith('runs-'))) {
    for (const [number, times] of readFileSync(join(folder, file)).entries()) total[number]! += times
    rmSync(join(folder, file))
  }
  return total.every((times) => (all ? times === 1 : times <= 1)) ? 1 : 0
}
