import Queue from 'bee-queue'
import { type BenchInput, type Contestant, input, inputs } from '../contestant.ts'

/** As its page advises: a producer that neither works nor listens, a worker that removes what succeeded. */
export const beeQueue: Contestant = {
  async open({ url }) {
    const { hostname: host, port } = new URL(url)
    const redis = { host, port: Number(port) }
    const queue = new Queue<BenchInput>('bench', {
      redis,
      isWorker: false,
      getEvents: false,
      sendEvents: false,
      storeJobs: false,
    })
    await queue.ready()
    return {
      async bulk(from, count, dueAt) {
        const jobs = inputs(from, count).map((data) => {
          const job = queue.createJob(data)
          return dueAt === undefined ? job : job.delayUntil(dueAt)
        })
        const errors = await queue.saveAll(jobs)
        for (const error of errors.values()) throw error
      },
      single: (number, sentAt) => queue.createJob(input(number, sentAt)).save(),
      async work(concurrency, seen) {
        const worker = new Queue<BenchInput>('bench', {
          redis,
          getEvents: false,
          sendEvents: false,
          storeJobs: false,
          removeOnSuccess: true,
          activateDelayedJobs: true,
        })
        let begun = 0
        let ended = 0
        let waited = false
        const all = Promise.withResolvers<void>()
        worker.on('succeeded', () => {
          ended++
          if (waited && ended === begun) all.resolve()
        })
        worker.process(concurrency, async ({ data: { number, sentAt } }: { data: BenchInput }) => {
          begun++
          await seen(number, sentAt)
        })
        await worker.ready()
        return {
          settled: () => {
            waited = true
            return ended === begun ? Promise.resolve() : all.promise
          },
          stop: () => worker.close(0),
        }
      },
    }
  },
}
