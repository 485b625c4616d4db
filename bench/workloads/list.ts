import type { Session } from '../contestant.ts'

export interface Signals {
  ready(): void
  readonly ended: Promise<void>
  now(): number
}

type Figures = Record<string, number>
type Workload = (session: Session, parameters: Figures, signals: Signals) => Promise<Figures>

const BULK_PER_CALL = 1_000

/** What a child measures; the same words as in docs/reference/benchmarks.md. */
export const WORKLOADS: Record<string, Workload> = {
  /** Bulk dispatch of `count` jobs, a thousand per call. */
  async bulk(session, { count = 0 }) {
    const started = performance.now()
    for (let from = 0; from < count; from += BULK_PER_CALL)
      await session.bulk(from, Math.min(BULK_PER_CALL, count - from))
    return { jobsPerSecond: rate(count, started) }
  },

  /** Single dispatches with `flight` promises open at any time, for `ms` after a second of warming up. */
  async single(session, { flight = 32, ms = 3_000 }) {
    let number = 0
    let counted = 0
    let from = performance.now() + 1_000
    const until = from + ms
    const lane = async () => {
      while (performance.now() < until) {
        await session.single(number++)
        if (performance.now() >= from) counted++
      }
    }
    await Promise.all(Array.from({ length: flight }, lane))
    from = Math.max(from, 0)
    return { jobsPerSecond: rate(counted, from) }
  },

  /** Drains `count` jobs that another process stored, from the start of the worker to the last acknowledgement. */
  async drain(session, { count = 0, concurrency = 10 }) {
    const runs = new Uint8Array(count)
    let left = count
    const cpu = process.cpuUsage()
    const started = performance.now()
    const worker = await new Promise<{ stop(): Promise<void> }>((resolve, reject) => {
      const working = session.work(concurrency, (number) => {
        if (runs[number]!++ === 0 && --left === 0) working.then(resolve, reject)
      })
      working.catch(reject)
    })
    const handled = rate(count, started)
    await worker.stop()
    const { user, system } = process.cpuUsage(cpu)
    return {
      jobsPerSecond: rate(count, started),
      handledPerSecond: handled,
      cpuMicros: (user + system) / count,
      memoryMiB: process.resourceUsage().maxRSS / 1024,
      exactlyOnce: runs.every((times) => times === 1) ? 1 : 0,
    }
  },

  /** An idle worker that notes how long each job took from its dispatch in another process to its handler. */
  async pickup(session, { count = 0 }, { ready, now }) {
    const late: number[] = []
    const cpu = process.cpuUsage()
    const started = performance.now()
    await new Promise<void>((resolve, reject) => {
      session
        .work(10, (_number, sentAt) => {
          late.push(now() - sentAt)
          if (late.length === count) resolve()
        })
        .then(ready, reject)
    })
    const { user, system } = process.cpuUsage(cpu)
    late.sort((a, b) => a - b)
    const at = (share: number) => late[Math.min(late.length - 1, Math.floor(late.length * share))]!
    return { p50: at(0.5), p99: at(0.99), cpuPercent: (user + system) / 10 / (performance.now() - started) }
  },

  /** Sends `count` jobs `gap` ms apart, each with the time of its call. */
  async send(session, { count = 0, gap = 50 }, { now }) {
    for (let number = 0; number < count; number++) {
      await session.send(number, now())
      await new Promise((resolve) => setTimeout(resolve, gap))
    }
    return { sent: count }
  },
}

function rate(count: number, started: number): number {
  return Math.round((count / (performance.now() - started)) * 1_000)
}
