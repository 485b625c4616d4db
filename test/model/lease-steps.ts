import fc from 'fast-check'
import { expect } from 'vitest'
import type { Store } from '../../src/store.ts'
import { LEASE, reclaimAll } from '../support/worker.ts'
import type { Model, ModelWorker } from './model.ts'
import type { Real } from './real.ts'
import { begin, NAMES, QUEUES, step, via, which, workerOf, workerStep } from './step.ts'

export const register = fc.record({ via, replaces: fc.option(which, { freq: 1 }) }).map(({ via, replaces }) =>
  step(`register${replaces === null ? '' : `, replacing ${JSON.stringify(replaces)}`}`, async (model, real) => {
    const replaced = replaces === null ? undefined : workerOf(model, replaces)
    if (replaced) replaced.leaseUntil = Math.min(replaced.leaseUntil, real.harness.clock.now())
    await begin(model, real, real.connections[via], replaced?.id)
  }),
)

export const beat = fc.record({ at: which, via }).map(({ at, via }) =>
  workerStep(
    'heartbeat',
    at,
    async (worker, model, real) => {
      const held = worker.handles.slice(-8).map(({ id, attempts }) => ({ id, attempts }))
      const rest = { running: held.length, memoryBytes: 1, state: 'running' as const }
      const answer = await real.connections[via].heartbeat({ worker: worker.id, leaseMs: LEASE, held, ...rest })
      expect(answer.lost).toBe(!model.isAlive(worker))
      if (answer.lost) return
      worker.leaseUntil = real.harness.clock.now() + LEASE
      expect(answer.gone).toEqual(
        worker.handles
          .slice(-8)
          .filter((handle) => !model.heldAs(worker, handle))
          .map(({ id }) => id),
      )
    },
    ({ silent }) => !silent,
  ),
)

export const crash = which.map((at) =>
  workerStep('crash', at, async (worker) => {
    worker.silent = true
  }),
)

export const deregister = fc.record({ at: which, via }).map(({ at, via }) =>
  workerStep('deregister', at, async (worker, model, real) => {
    expect(await real.connections[via].deregister(worker.id)).toBe(model.deregister(worker))
  }),
)

/** All beat no more for so long: the longest lets every lease end. */
export const advance = fc
  .constantFrom(300, 1_000, 5_000, 5_000, 2 * LEASE)
  .map((ms) => step(`advance the clock by ${ms} ms`, async (_, { harness }) => harness.clock.advance(ms)))

/** A lease's time goes by. Workers that crashed do not see its end, the others beat. */
async function outlive(model: Model, { harness, connections }: Real): Promise<void> {
  for (let part = 0; part < 3; part += 1) {
    harness.clock.advance(LEASE / 3)
    for (const worker of model.workers.filter((each) => !each.silent && model.isAlive(each))) {
      const rest = { running: 0, memoryBytes: 1, state: 'running' as const, held: [] }
      const answer = await connections[0].heartbeat({ worker: worker.id, leaseMs: LEASE, ...rest })
      expect(answer.lost).toBe(false)
      worker.leaseUntil = harness.clock.now() + LEASE
    }
  }
}

async function reclaimDead(model: Model, store: Store): Promise<void> {
  expect(await reclaimAll(store)).toEqual(model.reclaim())
}

export const time = fc.constant(0).map(() => step('a lease goes by', outlive))

export const reclaim = via.map((via) => step('reclaim', (model, real) => reclaimDead(model, real.connections[via])))

/** The whole of a crash, with a new worker in the old one's place. */
export const recover = fc.record({ at: which, via }).map(({ at, via }) =>
  workerStep('crash, reclaim and start anew', at, async (worker, model, real) => {
    worker.silent = true
    await outlive(model, real)
    await reclaimDead(model, real.connections[via])
    await begin(model, real, real.connections[via])
  }),
)

/** Three workers, one after the other, take the first job and are lost with it; the last may have begun it. */
export const poison = fc.record({ begins: fc.boolean(), via }).map(({ begins, via }) =>
  step(
    `three workers are lost with the first job${begins ? ', which begins with the last' : ''}`,
    async (model, real) => {
      const store = real.connections[via]
      for (let nth = 1; nth <= 3; nth += 1) {
        await begin(model, real, store)
        const worker = model.workers.at(-1) as ModelWorker
        const wish = { queues: QUEUES, names: NAMES, limit: 1, singles: 1 }
        const request = { ...wish, worker: worker.id, maxBytes: 1_000_000, singleTryLimit: 1, defaultTries: 3 }
        const { jobs } = await store.reserve(request)
        const given = model.reserve(worker, wish) ?? []
        expect(jobs.map(({ id, crashes }) => ({ id, crashes }))).toEqual(
          given.map(({ id, crashes }) => ({ id, crashes })),
        )
        const [job] = jobs
        if (job) {
          const { id, attempts, payload, name } = job
          worker.handles.push({ id, attempts, payload, name, uuid: given[0]!.uuid, spent: false })
          const handle = worker.handles[0]!
          if (begins && nth === 3) expect(await store.begin(worker.id, handle)).toBe(model.begin(worker, handle))
        }
        worker.silent = true
        await outlive(model, real)
        await reclaimDead(model, store)
      }
      await begin(model, real, store)
    },
  ),
)
