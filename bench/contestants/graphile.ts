import { Logger, makeWorkerUtils, type Runner, run, runMigrations, WorkerPreset } from 'graphile-worker'
import pg from 'pg'
import { type BenchInput, type Contestant, input, inputs } from '../contestant.ts'
import { untilNone } from './until-none.ts'

const quiet = new Logger(() => () => {})

function graphileAt(tuned: boolean): Contestant {
  return {
    async prepare({ url }) {
      await runMigrations({ connectionString: url, logger: quiet })
    },
    async open({ url }) {
      const pool = new pg.Pool({ connectionString: url, max: 20 })
      pool.on('error', () => {})
      pool.on('connect', (client) => client.on('error', () => {}))
      const utils = await makeWorkerUtils({ pgPool: pool, logger: quiet })
      return {
        async bulk(from, count, dueAt) {
          const runAt = dueAt === undefined ? undefined : new Date(dueAt)
          await utils.addJobs(inputs(from, count).map((payload) => ({ identifier: 'bench', payload, runAt })))
        },
        single: (number, sentAt) => utils.addJob('bench', input(number, sentAt)),
        async work(concurrency, seen, jobs) {
          const runner: Runner = await run({
            preset: {
              extends: [WorkerPreset],
              worker: {
                connectionString: url,
                concurrentJobs: concurrency,
                maxPoolSize: Math.min(concurrency + 2, 60),
                ...(tuned && { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 }),
                // Nothing but its poll finds a job that falls due; by default that is every two seconds.
                ...(tuned && jobs === 'delayed' && { pollInterval: 100 }),
              },
            },
            logger: quiet,
            noHandleSignals: true,
            taskList: {
              async bench(payload) {
                const { number, sentAt } = payload as BenchInput
                await seen(number, sentAt)
              },
            },
          })
          return {
            settled: () => untilNone(pool, 'select 1 from graphile_worker._private_jobs limit 1'),
            stop: () => runner.stop(),
          }
        },
      }
    },
  }
}

export const graphile = graphileAt(false)
export const graphileTuned = graphileAt(true)
