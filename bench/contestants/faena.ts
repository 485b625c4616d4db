import { join } from 'node:path'
import { createQueue, createWorker, defineJob, handle, openStore, type StandardSchema } from '../../dist/index.js'
import { type BenchInput, type Contestant, input } from '../contestant.ts'

/** A schema that checks what a real one would: fields and their types. */
const schema: StandardSchema<BenchInput> = {
  '~standard': {
    version: 1,
    vendor: 'bench',
    validate: (value) => {
      const given = value as BenchInput
      const fits =
        typeof given?.number === 'number' && typeof given.sentAt === 'number' && typeof given.padding === 'string'
      return fits ? { value: given } : { issues: [{ message: 'not an input of the bench' }] }
    },
  },
}

export const job = defineJob({ name: 'bench', input: schema })

export const faena: Contestant = {
  name: 'faena',
  settings: 'defaults: WAL, synchronous FULL, history, metrics and leases on; Node flags as `faena work` sets them',
  async open(folder) {
    const url = `sqlite:${join(folder, 'faena.db')}`
    const store = await openStore(url)
    const queue = createQueue({ store })
    return {
      bulk: async (from, count) => {
        await queue.dispatchMany(
          job,
          Array.from({ length: count }, (_, at) => input(from + at)),
        )
      },
      single: (number) => queue.dispatch(job, input(number)),
      send: (number, sentAt) => queue.dispatch(job, input(number, sentAt)),
      async work(concurrency, seen) {
        const handler = handle(job, async ({ input: given }) => {
          seen(given.number, given.sentAt)
        })
        const worker = createWorker({ store, handlers: [handler], concurrency, heartbeat: { url } })
        await worker.start()
        return {
          stop: async () => {
            await worker.stop()
          },
        }
      },
      async close() {
        await queue.close()
        await store.close()
      },
    }
  },
}
