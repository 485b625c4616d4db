import type { Figures } from '../roles/list.ts'
import { API } from './api.ts'
import type { Course } from './course.ts'
import { drained } from './drains.ts'

/** How much of everything; `--full` and a quick look differ in nothing else. */
export interface Scale {
  jobs: number
  singleMs: number
  pickups: number
  /** Waiting jobs of the backlog workload, the first being what the others are compared with. */
  backlogs: readonly number[]
  delayedBeside: number
  failedBeside: number
  snapshotJobs: number
  dueJobs: number
  processes: readonly number[]
  /** So many that the start of each process, a quarter of a second of compiling, does not decide. */
  processJobs: number
  dayMs: number
  /** Of the API's workload: jobs that wait, jobs that failed, and how long it is asked. */
  pendingMany: number
  failedMany: number
  askedMs: number
  capMs: number
}

export interface Context {
  scale: Scale
  course<T>(work: (course: Course) => Promise<T>): Promise<T>
}

/** Figures by the name of the measurement: `drain 100`, `backlog 1000000`; several where it was taken more than once. */
export type Measured = Record<string, Figures | readonly Figures[]>

export interface Workload {
  name: string
  /** W1 to W8 of the method; the day has no number. */
  number: string
  what: string
  /** Rounds beyond this tell nothing new, or take too long. */
  mostRounds: number
  measure(context: Context): Promise<Measured>
}

const FIRST_OF_A_BACKLOG = 50_000

export const WORKLOADS: readonly Workload[] = [
  {
    name: 'single',
    number: 'W1',
    mostRounds: 9,
    what: 'single dispatches, 32 in flight',
    async measure({ scale, course }) {
      return course(async (on) => {
        const figures = await on.measured('single', { ms: scale.singleMs })
        return { single: { ...perJob(figures, on.entry.on === 'sqlite') } }
      })
    },
  },
  {
    name: 'drain',
    number: 'W2, W3',
    mostRounds: 9,
    what: 'bulk dispatch, then a drain at concurrency 10 and at 100',
    async measure({ scale, course }) {
      const loads: Figures[] = []
      const measured: Measured = { bulk: loads }
      const stored = (on: Course, load: Figures) =>
        loads.push({ ...perJob(load, on.entry.on === 'sqlite'), cut: load.cut! })
      for (const concurrency of [10, 100]) {
        await course(async (on) => {
          const count = Math.min(scale.jobs, on.entry.most ?? scale.jobs)
          const load = await on.load(count)
          if (count === scale.jobs) stored(on, load)
          measured[`drain ${concurrency}`] = await drained(on, { count, concurrency, capMs: scale.capMs })
        })
      }
      // Who gets fewer jobs to drain is as slow there only: its bulk calls have as many to store as everybody's.
      if (loads.length === 0) await course(async (on) => stored(on, await on.load(scale.jobs, { capMs: scale.capMs })))
      return measured
    },
  },
  {
    name: 'pickup',
    number: 'W4',
    mostRounds: 3,
    what: 'an idle worker: from the dispatch to the handler',
    async measure({ scale, course }) {
      const across = await course(async (on) => {
        const worker = await on.start('pickup', { count: scale.pickups })
        await worker.ready
        const server = await on.serverMeter()
        const sent = await on.run('send', { count: scale.pickups, gap: 50 })
        const waiting = setTimeout(() => worker.stop(), 5_000)
        const figures = await worker.result
        clearTimeout(waiting)
        return { ...heard(figures), ...sent, ...(await server()) }
      })
      const inside = await course(async (on) => {
        const worker = await on.start('pickupInside', { count: scale.pickups })
        const waiting = setTimeout(() => worker.stop(), scale.pickups * 60 + 10_000)
        const figures = await worker.result
        clearTimeout(waiting)
        return heard(figures)
      })
      return { pickup: across, 'pickup inside': inside }
    },
  },
  {
    name: 'backlog',
    number: 'W5',
    mostRounds: 3,
    what: `the first ${FIRST_OF_A_BACKLOG.toLocaleString('en')} of 10k, 100k, 1M waiting; of 100k with 1M delayed or 5M failed beside`,
    async measure({ scale, course }) {
      const measured: Measured = {}
      const first = (count: number) => Math.min(FIRST_OF_A_BACKLOG, count)
      for (const size of scale.backlogs) {
        await course(async (on) => {
          // Who is slow shows with less how a backlog weighs.
          if (on.entry.most !== undefined && size > 100 * on.entry.most) return
          await on.load(size)
          measured[`backlog ${size}`] = await drained(on, {
            count: size,
            take: first(size),
            concurrency: 100,
            capMs: scale.capMs,
          })
        })
      }
      const beside = 100_000
      if (scale.delayedBeside > 0) {
        await course(async (on) => {
          if (on.entry.most !== undefined) return
          await on.load(scale.delayedBeside, { from: beside, dueAt: Date.now() + 86_400_000 })
          await on.load(beside)
          const count = beside + scale.delayedBeside
          measured['beside delayed'] = await drained(on, {
            count,
            take: first(beside),
            concurrency: 100,
            capMs: scale.capMs,
          })
        })
      }
      if (scale.failedBeside > 0) {
        await course(async (on) => {
          if (!on.contestant.startsWith('faena')) return
          await on.run('fail', { count: scale.failedBeside })
          await on.load(beside)
          measured['beside failed'] = await drained(on, {
            count: beside,
            take: first(beside),
            concurrency: 100,
            capMs: scale.capMs,
          })
        })
      }
      return measured
    },
  },
  {
    name: 'processes',
    number: 'W6',
    mostRounds: 3,
    what: 'a drain by one, two and four worker processes',
    async measure({ scale, course }) {
      const measured: Measured = {}
      for (const processes of scale.processes) {
        await course(async (on) => {
          const count = Math.min(scale.processJobs, on.entry.most ?? scale.processJobs)
          await on.load(count)
          measured[`processes ${processes}`] = await drained(on, {
            count,
            concurrency: 100,
            processes,
            capMs: scale.capMs,
          })
        })
      }
      return measured
    },
  },
  {
    name: 'snapshot',
    number: 'W7',
    mostRounds: 3,
    what: 'a drain while another connection holds an old snapshot, and one without',
    async measure({ scale, course }) {
      const measured: Measured = {}
      for (const held of [true, false]) {
        await course(async (on) => {
          if (on.server.snapshot === undefined) return
          const count = Math.min(scale.snapshotJobs, (on.entry.most ?? scale.snapshotJobs) * 4)
          await on.load(count)
          const release = held ? await on.server.snapshot(on.place) : undefined
          measured[held ? 'snapshot held' : 'snapshot none'] = await drained(on, {
            count,
            concurrency: 100,
            capMs: scale.capMs,
          })
          await release?.()
        })
      }
      return measured
    },
  },
  {
    name: 'due',
    number: 'W8',
    mostRounds: 3,
    what: 'jobs due at one second: when the last has begun',
    async measure({ scale, course }) {
      return course(async (on) => {
        const count = Math.min(scale.dueJobs, on.entry.most ?? scale.dueJobs)
        // A load of 20,000 takes the slowest bulk call some two seconds; single calls take a millisecond or two each.
        const loadMs = on.entry.most === undefined ? 4_000 : 1_000 + count * 3
        const dueAt = Math.ceil((Date.now() + loadMs + 3_000) / 1_000) * 1_000
        await on.load(count, { dueAt })
        const worker = await on.start('due', { count, dueAt })
        await worker.ready
        if (Date.now() > dueAt - 200)
          throw new Error(
            `${on.contestant}: the load took so long that the jobs fell due before the worker stood ready`,
          )
        const server = await on.serverMeter()
        const cap = setTimeout(() => worker.stop(), dueAt - Date.now() + scale.capMs)
        const figures = await worker.result
        clearTimeout(cap)
        const { twice = 0, started = 0 } = figures
        const flaws = { exactlyOnce: twice === 0 ? 1 : 0, cut: started < count ? 1 : 0 }
        return { due: { ...figures, ...flaws, ...(await server()) } }
      })
    },
  },
  {
    name: 'day',
    number: 'the mixed day',
    mostRounds: 3,
    what: '800 jobs/s of 1 ms work (880 calls: unique ones are dispatched twice) with retries, delays, unique keys and a dashboard that looks every 2 s',
    async measure({ scale, course }) {
      return course(async (on): Promise<Measured> => {
        if (!on.contestant.startsWith('faena')) return {}
        const worker = await on.start('dayWorker', { concurrency: 10 })
        const producer = await on.start('dayProducer', { perSecond: 800, ms: scale.dayMs })
        const watcher = await on.start('dayWatcher', {})
        await Promise.all([worker.ready, producer.ready, watcher.ready])
        const server = await on.serverMeter()
        for (const child of [worker, producer, watcher]) child.go()
        const dispatched = await producer.result
        watcher.stop()
        const watched = await watcher.result
        worker.stop()
        const worked = await worker.result
        const costs = await server()
        return {
          day: {
            ...worked,
            stored: dispatched.stored!,
            skipped: dispatched.skipped!,
            dispatchP50: dispatched.dispatchP50!,
            dispatchP99: dispatched.dispatchP99!,
            looks: watched.looks!,
            lookP50: watched.lookP50!,
            lookMost: watched.lookMost!,
            waitingAfter: watched.waiting!,
            failedAfter: watched.failed!,
            workerPercent: (worked.cpuMs! / worked.ms!) * 100,
            serverPercent: (costs.serverCpuMs / worked.ms!) * 100,
            exactlyOnce:
              worked.twice === 0 &&
              worked.completed === dispatched.stored &&
              watched.waiting === 0 &&
              watched.failed === 0
                ? 1
                : 0,
            serverMiB: on.server.memoryMiB(),
          },
        }
      })
    },
  },
  ...API,
]

/** Who has not been given every job within the wait is cut off. */
function heard(figures: Figures): Figures {
  return { ...figures, cut: figures.received! < figures.sent! ? 1 : 0 }
}

function perJob(figures: Figures, inFile: boolean): Figures {
  const { count = 0, ms = 0, cpuMs = 0, serverCpuMs = 0, logBytes, logSyncs, writtenBytes, peakMiB } = figures
  return {
    jobsPerSecond: (count / ms) * 1_000,
    nodeMicros: (cpuMs / count) * 1_000,
    serverMicros: (serverCpuMs / count) * 1_000,
    logBytesPerJob: (inFile ? writtenBytes! : logBytes!) / count,
    logSyncsPer1000: (logSyncs! / count) * 1_000,
    peakMiB: peakMiB!,
  }
}
