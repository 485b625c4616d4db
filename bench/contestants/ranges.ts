import { createQueue, createWorker, handle, openStore } from '../../dist/index.js'
import { type Contestant, input, inputs, type Place } from '../contestant.ts'
import type { Lane } from '../ranges/lane.ts'
import { rangeStore } from '../ranges/store.ts'
import { faena, job, urlOf } from './faena.ts'

/** Faena's client and worker over the prototype of docs/decisions/0034-range-leases.md. The heartbeat is a timer, not a thread. */
export const ranges: Contestant = {
  async prepare(place) {
    await faena.prepare!(place)
    const lane = await laneAt(place)
    await lane.migrate()
    await lane.close()
  },
  async open(place) {
    const store = rangeStore(await openStore(urlOf(place)), await laneAt(place))
    const queue = createQueue({ store })
    return {
      bulk: async (from, count, dueAt) => {
        await queue.dispatchMany(job, inputs(from, count), dueAt === undefined ? {} : { availableAt: dueAt })
      },
      single: (number, sentAt) => queue.dispatch(job, input(number, sentAt)),
      async work(concurrency, seen) {
        const handler = handle(job, async ({ input: { number, sentAt } }) => {
          const work = seen(number, sentAt)
          if (work !== undefined) await work
        })
        const worker = createWorker({ store, handlers: [handler], concurrency })
        await worker.start()
        return {
          stop: async () => {
            await worker.stop()
          },
        }
      },
    }
  },
}

/** The others' clients are not loaded: they would weigh in the process's memory. */
export async function laneAt(place: Place): Promise<Lane> {
  const url = urlOf(place)
  if (url.startsWith('sqlite:')) {
    const { sqliteLane } = await import('../ranges/sqlite.ts')
    return sqliteLane(url.slice('sqlite:'.length))
  }
  if (url.startsWith('postgres')) return (await import('../ranges/postgres.ts')).postgresLane(url)
  return (await import('../ranges/mariadb.ts')).mariadbLane(url)
}
