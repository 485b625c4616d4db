import { createQueue, createWorker, handle, openStore } from '../../dist/index.js'
import { type Contestant, input, inputs, type Place } from '../contestant.ts'
import { mariadbLane } from '../ranges/mariadb.ts'
import { postgresLane } from '../ranges/postgres.ts'
import { sqliteLane } from '../ranges/sqlite.ts'
import { rangeStore } from '../ranges/store.ts'
import { faena, job, urlOf } from './faena.ts'

/** Faena's client and worker over the prototype of docs/decisions/0034-range-leases.md. The heartbeat is a timer, not a thread. */
export const ranges: Contestant = {
  async prepare(place) {
    await faena.prepare!(place)
    const lane = laneAt(place)
    await lane.migrate()
    await lane.close()
  },
  async open(place) {
    const store = rangeStore(await openStore(urlOf(place)), laneAt(place))
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
      close: () => store.close(),
    }
  },
}

export function laneAt(place: Place) {
  const url = urlOf(place)
  if (url.startsWith('sqlite:')) return sqliteLane(url.slice('sqlite:'.length))
  return url.startsWith('postgres') ? postgresLane(url) : mariadbLane(url)
}
