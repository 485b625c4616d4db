import { expect, test } from 'vitest'
import { FaenaError } from '../../src/core/errors.ts'
import { handle } from '../../src/core/handler.ts'
import type { Store } from '../../src/store.ts'
import { aJob } from './jobs.ts'
import { makeWorker, newJob, openMemory, withCalls } from './support.ts'

const CALLS = ['register', 'deregister', 'reserve', 'settle', 'heartbeat', 'saveRuns', 'saveMetrics'] as const

/** One call in ten fails: half of those before the store did anything, half after, so that only the answer is lost. */
function unreliable(store: Store, random: () => number): Store {
  return withCalls(store, (original) =>
    Object.fromEntries(
      CALLS.map((name) => [
        name,
        async (...given: unknown[]) => {
          await new Promise((resolve) => setImmediate(resolve))
          if (random() < 0.05) throw new FaenaError('STORE_UNAVAILABLE', 'connection refused')
          const answer = await (original[name] as (...args: unknown[]) => Promise<unknown>)(...given)
          if (random() < 0.05) throw new FaenaError('STORE_UNAVAILABLE', 'connection reset', { inDoubt: true })
          return answer
        },
      ]),
    ),
  )
}

/** Numbers from 0 to 1 that are the same in each run of the test. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

test('with a store that fails at every turn, and leases that are lost, every job ends exactly once', async () => {
  const memory = await openMemory()
  const job = aJob({ tries: 0, backoff: 0 })
  const random = seeded(803_193)
  const store = unreliable(memory, random)
  const jobs = Array.from({ length: 400 }, (_, n) => newJob(job, { n }))
  await memory.push(jobs)
  const completed = new Map<string, number>()
  const ran = new Set<number>()
  const all = Promise.withResolvers<void>()
  const handler = handle(job, async ({ input, signal }) => {
    ran.add(Number(input.n))
    await new Promise((resolve) => setTimeout(resolve, random() * 4))
    signal.throwIfAborted()
    if (random() < 0.1) throw new Error('gone away')
  })
  const options = { concurrency: 5, leaseMs: 1_000, sleepMs: 20, graceMs: 1_000 }
  const workers = [1, 2, 3].map(() => makeWorker(store, [handler], options))
  const told = { started: 0, ended: 0 }
  for (const worker of workers) {
    worker.events.on('completed', ({ uuid }) => completed.set(uuid, (completed.get(uuid) ?? 0) + 1))
    worker.events.on('started', () => told.started++)
    for (const name of ['completed', 'retrying', 'released', 'lost'] as const)
      worker.events.on(name, () => told.ended++)
  }
  await Promise.all(workers.map((worker) => worker.start()))
  const janitor = setInterval(async () => {
    const [worker] = workers.filter(({ id }) => id !== null).sort(() => random() - 0.5)
    if (worker && random() < 0.2)
      await memory.register({ ...row, replaces: worker.id! }).then((id) => memory.deregister(id))
    await memory.reclaim()
    if ((await memory.counts()).length === 0) all.resolve()
  }, 50)

  await all.promise
  clearInterval(janitor)
  await Promise.all(workers.map((worker) => worker.stop()))
  // Ending a lease by force is a crash to the store; a job it meets alone three times fails, as it should.
  const failed = await memory.countFailed()
  expect(ran.size).toBe(400)
  expect(failed).toBeLessThan(10)
  // An ending that came after the lease was lost is told as lost; none is told twice.
  expect(Math.max(...completed.values())).toBe(1)
  expect(completed.size).toBeLessThanOrEqual(400 - failed)
  expect(completed.size).toBeGreaterThan(200)
  expect(told.ended).toBe(told.started)
})

const row = { name: '', host: '', pid: 1, version: '', queues: [], concurrency: 1, leaseMs: 60_000 }
