import { createPostgresBackend, Queue, Worker } from 'bullmq'
import { type BenchInput, type Contestant, input, inputs, type Place } from '../contestant.ts'

const NAME = 'bench'
const OPTIONS = { removeOnComplete: true }

/** What of the two classes is used here: their types differ with the backend. */
interface Parts {
  queue: Pick<Queue, 'waitUntilReady' | 'add' | 'addBulk' | 'close'> & Emitter
  worker(process: (job: { data: BenchInput }) => Promise<void>, concurrency: number): WorkerPart
}

type WorkerPart = Pick<Worker, 'waitUntilReady' | 'close'> &
  Emitter & { on(event: 'completed', listener: () => void): unknown }

interface Emitter {
  on(event: 'error', listener: (error: Error) => void): unknown
}

function bullmqWith(parts: (place: Place) => Parts, prepare?: (place: Place) => Promise<void>): Contestant {
  return {
    prepare,
    async open(place) {
      const { queue, worker: started } = parts(place)
      queue.on('error', (error) => process.stderr.write(`bullmq: ${error}\n`))
      await queue.waitUntilReady()
      return {
        async bulk(from, count, dueAt) {
          const opts = dueAt === undefined ? OPTIONS : { ...OPTIONS, delay: Math.max(0, dueAt - Date.now()) }
          await queue.addBulk(inputs(from, count).map((data) => ({ name: NAME, data, opts })))
        },
        single: (number, sentAt) => queue.add(NAME, input(number, sentAt), OPTIONS),
        async work(concurrency, seen) {
          let begun = 0
          let ended = 0
          const worker = started(async ({ data: { number, sentAt } }) => {
            begun++
            await seen(number, sentAt)
          }, concurrency)
          worker.on('error', (error) => process.stderr.write(`bullmq: ${error}\n`))
          const all = Promise.withResolvers<void>()
          let waited = false
          // Told when the job is finished in the database, not before.
          worker.on('completed', () => {
            ended++
            if (waited && ended === begun) all.resolve()
          })
          await worker.waitUntilReady()
          return {
            settled: () => {
              waited = true
              return ended === begun ? Promise.resolve() : all.promise
            },
            stop: () => worker.close(true),
          }
        },
      }
    },
  }
}

export const bullmqRedis = bullmqWith(({ url }) => {
  const { hostname: host, port } = new URL(url)
  const connection = { host, port: Number(port) }
  return {
    queue: new Queue(NAME, { connection }),
    worker: (process, concurrency) =>
      new Worker(NAME, process, { connection: { ...connection, maxRetriesPerRequest: null }, concurrency }),
  }
})

export const bullmqPostgres = bullmqWith(
  ({ url }) => {
    const connection = { connectionString: url, max: 20 }
    return {
      queue: new Queue(NAME, { connection }, createPostgresBackend),
      worker: (process, concurrency) => new Worker(NAME, process, { connection, concurrency }, createPostgresBackend),
    }
  },
  async ({ url }) => {
    const queue = new Queue(NAME, { connection: { connectionString: url, migrate: true } }, createPostgresBackend)
    await queue.waitUntilReady()
    await queue.close()
  },
)
