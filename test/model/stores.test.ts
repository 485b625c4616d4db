import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FETCH, SYNC } from '../support/jobs.ts'
import { stores } from '../support/stores.ts'
import { LEASE, reclaimAll, startWorker } from '../support/worker.ts'
import { steps } from './commands.ts'
import { Model } from './model.ts'
import { setOut } from './push-steps.ts'
import { agree, type Real } from './real.ts'

/**
 * FAENA_MODEL_RUNS: sequences per store; fewer by themselves where each step is a way to a server and back.
 * FAENA_MODEL_SEED and FAENA_MODEL_PATH: the ones a failure printed.
 */
const RUNS = process.env.FAENA_MODEL_RUNS
const EMBEDDED_RUNS = 1_000
const SERVER_RUNS = 40
/**
 * On tables that Laravel made in MySQL a worker keeps the line in memory, since no index may. What was put in another place
 * of it shows with the next look, a second later at most while looks are cheap (src/stores/mysql/window.ts).
 */
const SEES_LATE = new Set(['mysql-laravel'])
const SEED = process.env.FAENA_MODEL_SEED
const PATH = process.env.FAENA_MODEL_PATH

describe.each(stores)('$name', ({ name, open }) => {
  const runs = Number(RUNS ?? (['memory', 'sqlite'].includes(name) ? EMBEDDED_RUNS : SERVER_RUNS))

  test(`does what a few maps do, in ${runs} sequences of steps with crashes and lost answers`, {
    timeout: 600_000,
  }, async () => {
    const property = fc.asyncProperty(fc.commands(steps, { maxCommands: 60, size: 'max' }), async (commands) => {
      const harness = await open()
      try {
        const connections = [harness.store, await harness.second()] as const
        const real: Real = { harness, connections, seesLate: SEES_LATE.has(name), seqs: new Map() }
        const model = new Model(harness.clock.now)
        await setOut(model, real)
        await fc.asyncModelRun(() => ({ model, real }), commands)
        await drain(model, real)
      } finally {
        await harness.close()
      }
    })
    await fc.assert(property, { numRuns: runs, ...(SEED && { seed: Number(SEED) }), ...(PATH && { path: PATH }) })
  })
})

/** Once the faults stop, every job comes to its end, and to one end only. */
async function drain(model: Model, real: Real): Promise<void> {
  const { harness, connections } = real
  const [store] = connections
  harness.clock.advance(2 * LEASE)
  await reclaimAll(store)
  model.reclaim()
  harness.clock.advance(LEASE)
  for (const queue of model.paused) await store.resume(queue)
  model.paused.clear()
  await agree(model, real)
  const worker = await startWorker(store)
  for (;;) {
    const jobs = await worker.reserve({ queues: ['cases', 'orders'], names: [FETCH, SYNC], limit: 20 })
    if (jobs.length === 0) break
    expect((await worker.complete(...jobs)).applied).toEqual(jobs.map(({ id }) => id))
    for (const { id } of jobs) model.remove((job) => job.id === id)
  }
  expect(harness.raw.jobRows()).toEqual([])
  expect([...model.endings].sort()).toEqual([...model.begun].sort())
}
