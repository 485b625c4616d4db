/**
 * What one job costs in the worker itself, without handler and database: drains jobs that do nothing from a list that
 * stands in for a store and prints µs per job, beside what the list alone costs and what reading the payload costs.
 *
 *     node scripts/worker-cost.ts [jobs]
 */
import { handle } from '../src/core/handler.ts'
import { defineJob } from '../src/core/job.ts'
import { readPayload, writePayload } from '../src/core/payload.ts'
import { uuidv7 } from '../src/core/uuid.ts'
import type { ReservedJob, ReserveRequest, Settlement, Store } from '../src/store.ts'
import { createWorker } from '../src/worker/worker.ts'

const total = Number(process.argv[2] ?? 200_000)
const anything = { '~standard': { version: 1, vendor: 'none', validate: (value: unknown) => ({ value }) } } as const
const job = defineJob({ name: 'nothing', input: anything, tries: 3, timeout: '1m' })
const handlers = { sync: handle(job, () => {}), async: handle(job, async () => {}) }
const rows: Record<string, number | string>[] = []

for (const round of [1, 2, 3]) {
  const jobs = Array.from({ length: total }, (_, at) => reserved(at + 1))
  for (const [handler, bound] of Object.entries(handlers)) {
    const { store, counts } = listStore(jobs)
    const worker = createWorker({ store, handlers: [bound], stopWhenEmpty: true })
    const cpu = process.cpuUsage()
    const whole = await perJob(async () => {
      await worker.start()
      await worker.stopped
    })
    const { user, system } = process.cpuUsage(cpu)
    const list = await perJob(() => drainBare(listStore(jobs).store))
    const reading = await perJob(async () => {
      for (const { payload } of jobs) readPayload(payload)
    })
    rows.push({
      round,
      handler,
      'worker µs': Number((whole - list).toFixed(2)),
      'of it payload µs': Number(reading.toFixed(2)),
      'list µs': Number(list.toFixed(2)),
      'cpu µs': Number(((user + system) / total).toFixed(2)),
      reserves: counts.reserves,
      settles: counts.settles,
    })
  }
}
console.table(rows)

async function perJob(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return ((performance.now() - startedAt) * 1_000) / total
}

function reserved(id: number): ReservedJob {
  const now = Date.now()
  const data = JSON.stringify({ n: id, order: 803_193 })
  const payload = writePayload(job, { uuid: uuidv7(), now, delayMs: 0, data })
  return {
    id,
    queue: 'default',
    payload,
    attempts: 1,
    maxAttempts: 3,
    name: job.name,
    priority: 0,
    availableAt: now,
    createdAt: now,
    crashes: 0,
  }
}

/** A store as far as a worker that drains it needs one. */
function listStore(jobs: readonly ReservedJob[]) {
  const counts = { reserves: 0, settles: 0 }
  let given = 0
  const store = {
    register: async () => 1,
    deregister: async () => 0,
    heartbeat: async () => ({ lost: false, gone: [], command: null }),
    saveRuns: async () => {},
    saveMetrics: async () => {},
    reserve: async ({ limit }: ReserveRequest) => {
      counts.reserves++
      const taken = jobs.slice(given, given + limit)
      given += taken.length
      return { jobs: taken, nextDueMs: null, lost: false }
    },
    settle: async ({ outcomes }: Settlement) => {
      counts.settles++
      return { applied: outcomes.map(({ id }) => id), lost: [], refused: [] }
    },
  }
  return { store: store as unknown as Store, counts }
}

async function drainBare(store: Store): Promise<void> {
  const request = { worker: 1, queues: [], names: [], limit: 510, maxBytes: 0, singleTryLimit: 10, defaultTries: 3 }
  for (let seq = 1; ; seq++) {
    const { jobs } = await store.reserve(request)
    if (jobs.length === 0) return
    const outcomes = jobs.map(({ id, attempts }) => ({
      id,
      attempts,
      outcome: { kind: 'completed' as const },
      unique: false,
    }))
    await store.settle({ worker: 1, seq, outcomes })
  }
}
