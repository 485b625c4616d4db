import { join } from 'node:path'
import Database from 'better-sqlite3'
import { better, defineQueue, defineWorker } from 'plainjob'
import { type BenchInput, type Contestant, input, inputs } from '../contestant.ts'

const quiet = { error() {}, warn() {}, info() {}, debug() {} }

/** plainjob in its documented form, with a short poll; `full` commits as durably as Faena does. */
function plainjobAt(full: boolean): Contestant {
  return {
    async open({ folder }) {
      const database = new Database(join(folder, 'plainjob.db'))
      const queue = defineQueue({ connection: better(database), logger: quiet })
      if (full) database.pragma('synchronous = full')
      return {
        async bulk(from, count, dueAt) {
          const delay = dueAt === undefined ? undefined : { delay: Math.max(0, dueAt - Date.now()) }
          queue.addMany('bench', inputs(from, count), delay)
        },
        single: async (number, sentAt) => queue.add('bench', input(number, sentAt)),
        async work(_concurrency, seen) {
          const worker = defineWorker(
            'bench',
            async (job) => {
              const { number, sentAt } = JSON.parse(job.data) as BenchInput
              await seen(number, sentAt)
            },
            { queue, pollIntervall: 5, logger: quiet },
          )
          void worker.start()
          return { stop: () => worker.stop() }
        },
      }
    },
  }
}

export const plainjob = plainjobAt(false)
export const plainjobFull = plainjobAt(true)
