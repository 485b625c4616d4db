import { performance } from 'node:perf_hooks'
import mysql, { type RowDataPacket } from 'mysql2/promise'
import { createQueue } from '../src/client/queue.ts'
import { handle } from '../src/core/handler.ts'
import { defineJob } from '../src/core/job.ts'
import { uuidv7 } from '../src/core/uuid.ts'
import { mysqlStore } from '../src/stores/mysql/store.ts'
import { createWorker } from '../src/worker/worker.ts'

export interface Figures {
  count?: number
  concurrency?: number
  ms?: number
  /** Stops after so many. */
  most?: number
}

interface Role {
  /** Answers how many jobs. */
  measured(): Promise<number>
  close(): Promise<void>
}

export const BENCH_JOB = 'bench'
const schema = { '~standard': { version: 1, vendor: 'bench', validate: (value: unknown) => ({ value }) } } as const
const job = defineJob({ name: BENCH_JOB, input: schema })
const PADDING = 'x'.repeat(60)
const PER_CALL = 1_000
const FLIGHT = 32

/** What a process of the bench does. */
export const ROLES: Record<string, (figures: Figures & { url: string }) => Promise<Role>> = {
  async bulk({ url, count = 0 }) {
    const { queue, close } = await opened(url)
    return {
      async measured() {
        for (let from = 0; from < count; from += PER_CALL)
          await queue.dispatchMany(job, inputs(from, Math.min(PER_CALL, count - from)))
        return count
      },
      close,
    }
  },

  async 'raw bulk'({ url, count = 0 }) {
    const connection = await mysql.createConnection(url)
    return {
      async measured() {
        for (let from = 0; from < count; from += PER_CALL) {
          const rows = inputs(from, Math.min(PER_CALL, count - from)).map(rawRow)
          await connection.query(`${INSERT} values ?`, [rows])
        }
        return count
      },
      close: () => connection.end(),
    }
  },

  async single({ url, ms = 0 }) {
    const { queue, close } = await opened(url)
    return { measured: () => inFlight(ms, (at) => queue.dispatch(job, input(at))), close }
  },

  async 'raw single'({ url, ms = 0 }) {
    const pool = mysql.createPool({ uri: url, connectionLimit: 10 })
    return {
      measured: () => inFlight(ms, (at) => pool.execute(`${INSERT} values (?, ?, ?, ?, ?)`, rawRow(input(at)))),
      close: () => pool.end(),
    }
  },

  async drain({ url, concurrency = 10, most = 0 }) {
    const { store, close } = await opened(url)
    let done = 0
    const handler = handle(job, async () => {
      done++
    })
    const worker = createWorker({
      store,
      handlers: [handler],
      concurrency,
      heartbeat: { url },
      stopWhenEmpty: true,
      maxJobs: most,
    })
    return {
      async measured() {
        await worker.start()
        await worker.stopped
        return done
      },
      close,
    }
  },

  /** Two loops; while one batch is being deleted, the other loop takes the next. */
  async 'raw drain'({ url }) {
    const loops = await Promise.all([0, 1].map(() => mysql.createConnection(url)))
    for (const connection of loops) await connection.query('set session transaction isolation level read committed')
    return {
      async measured() {
        const counts = await Promise.all(loops.map(rawLoop))
        return counts.reduce((sum, count) => sum + count, 0)
      },
      close: async () => {
        for (const connection of loops) await connection.end()
      },
    }
  },

  async due({ url, count = 0 }) {
    const { store, close } = await opened(url)
    let left = count
    const all = Promise.withResolvers<number>()
    const handler = handle(job, async () => {
      if (--left === 0) all.resolve(performance.now())
    })
    const worker = createWorker({ store, handlers: [handler], concurrency: 100, heartbeat: { url } })
    await worker.start()
    const connection = await mysql.createConnection(url)
    const [rows] = await connection.query<RowDataPacket[]>(
      'select max(available_at) * 1000 - round(unix_timestamp(now(3)) * 1000) as inMs from jobs',
    )
    const dueAt = performance.now() + Number(rows[0]!.inMs)
    await connection.end()
    return {
      async measured() {
        const late = (await all.promise) - dueAt
        console.log(`    all started ${Math.round(late)} ms after they fell due`)
        return count
      },
      close: async () => {
        await worker.stop()
        await close()
      },
    }
  },
}

async function opened(url: string) {
  const store = mysqlStore({ url })
  await store.open()
  const queue = createQueue({ store })
  return {
    store,
    queue,
    close: async () => {
      await queue.close()
      await store.close()
    },
  }
}

function input(number: number) {
  return { number, padding: PADDING }
}

function inputs(from: number, count: number) {
  return Array.from({ length: count }, (_, at) => input(from + at))
}

const INSERT = 'insert into raw_jobs (queue, payload, attempts, available_at, created_at)'

function rawRow(given: ReturnType<typeof input>): [string, string, number, number, number] {
  const now = Math.floor(Date.now() / 1_000)
  const payload = JSON.stringify({
    uuid: uuidv7(),
    displayName: BENCH_JOB,
    job: `faena@${BENCH_JOB}`,
    maxTries: 3,
    data: given,
  })
  return ['default', payload, 0, now, now]
}

async function inFlight(ms: number, call: (at: number) => Promise<unknown>): Promise<number> {
  const until = performance.now() + ms
  let at = 0
  await Promise.all(
    Array.from({ length: FLIGHT }, async () => {
      while (performance.now() < until) await call(at++)
    }),
  )
  return at
}

async function rawLoop(connection: mysql.Connection): Promise<number> {
  let done = 0
  for (;;) {
    await connection.query('begin')
    const [rows] = await connection.query<RowDataPacket[]>(
      `select id, payload from raw_jobs where queue = 'default' and reserved_at is null and available_at <= unix_timestamp()
        order by available_at, id limit 500 for update skip locked`,
    )
    const ids = rows.map(({ id }) => id)
    if (ids.length > 0)
      await connection.query(
        'update raw_jobs set reserved_at = unix_timestamp(), attempts = attempts + 1 where id in (?)',
        [ids],
      )
    await connection.query('commit')
    if (ids.length === 0) return done
    for (const { payload } of rows) JSON.parse(payload)
    await connection.query('delete from raw_jobs where id in (?)', [ids])
    done += ids.length
  }
}
