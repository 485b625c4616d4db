import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Sidequest } from 'sidequest'
import { type Contestant, input, type Place, type Seen } from '../contestant.ts'
import { BenchJob } from './sidequest-jobs.js'

const AT_ONCE = 32
const jobsFilePath = fileURLToPath(new URL('./sidequest-jobs.js', import.meta.url))

function sidequestOn(backend: (place: Place) => { driver: string; config: unknown }): Contestant {
  // Configured once per process: what comes later is not looked at.
  const configuration = (place: Place, concurrency: number) => ({
    backend: backend(place),
    logger: { level: 'error', json: false } as const,
    manualJobResolution: true,
    jobsFilePath,
    fork: false,
    runner: 'inline' as const,
    maxConcurrentJobs: concurrency,
    queues: [{ name: 'default', concurrency }],
    jobPollingInterval: 10,
    gracefulShutdown: false,
  })
  return {
    async prepare(place) {
      await Sidequest.configure(configuration(place, 1))
    },
    async open(place) {
      let configured: Promise<unknown> | undefined
      const single = async (number: number, sentAt = 0, dueAt?: number) => {
        configured ??= Sidequest.configure({ ...configuration(place, 1), skipMigration: true })
        await configured
        const job = Sidequest.build(BenchJob as never)
        if (dueAt !== undefined) job.availableAt(new Date(dueAt))
        await job.enqueue(...([input(number, sentAt)] as never))
      }
      return {
        async bulk(from, count, dueAt) {
          let next = from
          const lane = async () => {
            while (next < from + count) await single(next++, 0, dueAt)
          }
          await Promise.all(Array.from({ length: AT_ONCE }, lane))
        },
        single,
        async work(concurrency, seen: Seen) {
          BenchJob.seen = seen
          const started = Sidequest.start({
            ...configuration(place, concurrency),
            skipMigration: true,
            dashboard: { enabled: false },
          })
          configured = started
          await started
          return { stop: () => Sidequest.stop() }
        },
      }
    },
  }
}

export const sidequestSqlite = sidequestOn(({ folder }) => ({
  driver: '@sidequest/sqlite-backend',
  config: join(folder, 'sidequest.sqlite'),
}))
export const sidequestPostgres = sidequestOn(({ url }) => ({ driver: '@sidequest/postgres-backend', config: url }))
