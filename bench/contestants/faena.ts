import { join } from 'node:path'
import {
  createAdmin,
  createQueue,
  createWorker,
  defineJob,
  handle,
  openStore,
  type StandardSchema,
  type Store,
} from '../../dist/index.js'
import {
  type BenchInput,
  type Contestant,
  type Day,
  type DaySort,
  input,
  inputs,
  type Place,
  type Session,
} from '../contestant.ts'

/** A schema that checks what a real one would: fields and their types. */
export const schema: StandardSchema<BenchInput> = {
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
const dayJob = defineJob({ name: 'bench.day', input: schema, tries: 3, backoff: '1s' })

export const faena: Contestant = {
  async prepare(place) {
    const store = await openStore(urlOf(place))
    await store.migrate()
    await store.close()
  },
  open: (place) => faenaAt(place),
}

/** SQLite has a file in the place's folder, the others their server's URL. */
export function urlOf({ url, folder }: Place): string {
  return url === '' ? `sqlite:${join(folder, 'faena.db')}` : url
}

async function faenaAt(place: Place): Promise<Session> {
  const url = urlOf(place)
  const store = await openStore(url)
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
      const worker = createWorker({ store, handlers: [handler], concurrency, heartbeat: { url } })
      await worker.start()
      return {
        stop: async () => {
          await worker.stop()
        },
      }
    },
    // Only then: the clients of databases that this process does not use would weigh in its memory.
    fail: async (count) => (await import('./faena-failed.ts')).insertFailed(place, count),
    fill: async (filling) => (await import('./faena-filled.ts')).fill(place, filling),
    day: dayOf(store, url),
  }
}

const SORTS: readonly DaySort[] = ['plain', 'delayed', 'failing', 'unique']

function dayOf(store: Store, url: string): Day {
  const queue = createQueue({ store })
  const admin = createAdmin({ store })
  return {
    async dispatch(sort, number, sentAt) {
      const options = {
        ...(sort === 'delayed' && { delay: '1s' as const }),
        ...(sort === 'unique' && { unique: `number ${number}` }),
      }
      const { outcome } = await queue.dispatch(dayJob, { number, sentAt, padding: sort }, options)
      return outcome === 'dispatched' ? 'stored' : 'skipped'
    },
    async work(concurrency, seen) {
      const handler = handle(dayJob, ({ input: { number, sentAt, padding }, attempt }) =>
        seen(SORTS.find((sort) => sort === padding)!, number, sentAt, attempt),
      )
      const worker = createWorker({ store, handlers: [handler], concurrency, heartbeat: { url } })
      await worker.start()
      return {
        stop: async () => {
          await worker.stop()
        },
      }
    },
    async look() {
      await admin.status()
      await admin.jobs({}, { limit: 50 })
      await admin.failed({}, { limit: 50 })
      await admin.groups({}, 20)
    },
    async left() {
      const counts = await store.counts()
      const waiting = counts.reduce((sum, { due, delayed, reserved }) => sum + due + delayed + reserved, 0)
      return { waiting, failed: await store.countFailed() }
    },
  }
}
