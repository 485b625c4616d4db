import { join } from 'node:path'
import Database from 'better-sqlite3'
import { better, defineQueue, defineWorker } from 'plainjob'
import { type BenchInput, type Contestant, input } from '../contestant.ts'

const quiet = { error() {}, warn() {}, info() {}, debug() {} }

/** plainjob in its documented form, with a short poll; `full` commits as durably as Faena does. */
function plainjobAt(full: boolean): Contestant {
  return {
    name: full ? 'plainjob (full)' : 'plainjob',
    settings: `poll 5 ms, synchronous ${full ? 'FULL' : 'NORMAL (its default)'}`,
    async open(folder) {
      const database = new Database(join(folder, 'plainjob.db'))
      const queue = defineQueue({ connection: better(database), logger: quiet })
      if (full) database.pragma('synchronous = full')
      return {
        bulk: async (from, count) => {
          queue.addMany(
            'bench',
            Array.from({ length: count }, (_, at) => input(from + at)),
          )
        },
        single: async (number) => queue.add('bench', input(number)),
        send: async (number, sentAt) => queue.add('bench', input(number, sentAt)),
        async work(_concurrency, seen) {
          const worker = defineWorker(
            'bench',
            async (job) => {
              const given = JSON.parse(job.data) as BenchInput
              seen(given.number, given.sentAt)
            },
            { queue, pollIntervall: 5, logger: quiet },
          )
          void worker.start()
          return { stop: () => worker.stop() }
        },
        async close() {
          queue.close()
        },
      }
    },
  }
}

export const plainjob = plainjobAt(false)
export const plainjobFull = plainjobAt(true)
