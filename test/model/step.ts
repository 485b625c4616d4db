import fc from 'fast-check'
import { expect } from 'vitest'
import type { Store } from '../../src/store.ts'
import { FETCH, SYNC } from '../support/jobs.ts'
import { LEASE, startWorker } from '../support/worker.ts'
import type { Model, ModelWorker } from './model.ts'
import { agree, type Real } from './real.ts'

export type Command = fc.AsyncCommand<Model, Real>

export const QUEUES = ['cases', 'orders']

export const NAMES = [FETCH, SYNC]

/** After every step the whole store is compared with the model. */
export function step(
  text: string,
  run: (model: Model, real: Real) => Promise<void>,
  check = (_: Readonly<Model>) => true,
): Command {
  return {
    check,
    run: async (model, real) => {
      await run(model, real)
      await agree(model, real)
    },
    toString: () => text,
  }
}

/** Mostly one of those alive, by its place among them; sometimes any there ever was. */
export const which = fc.oneof(
  { weight: 5, arbitrary: fc.record({ alive: fc.constant(true), at: fc.constantFrom(0, 0, 1, 2) }) },
  { weight: 1, arbitrary: fc.record({ alive: fc.constant(false), at: fc.nat({ max: 11 }) }) },
)

export type Which = { alive: boolean; at: number }

export function workerOf(model: Readonly<Model>, { alive, at }: Which): ModelWorker | undefined {
  const workers = model.workers.filter((worker) => !alive || model.isAlive(worker))
  return workers[at % workers.length]
}

/** A step of one worker. */
export function workerStep(
  text: string,
  wanted: Which,
  run: (worker: ModelWorker, model: Model, real: Real) => Promise<void>,
  check = (_: ModelWorker) => true,
): Command {
  return step(
    `${text} (${wanted.alive ? 'live ' : ''}worker ${wanted.at})`,
    (model, real) => run(workerOf(model, wanted) as ModelWorker, model, real),
    (model) => {
      const worker = workerOf(model, wanted)
      return worker !== undefined && check(worker)
    },
  )
}

export function next({ seqs }: Real, of: string): number {
  const seq = (seqs.get(of) ?? 0) + 1
  seqs.set(of, seq)
  return seq
}

/** Beginning as payloads do, and always the same for the same sequence. */
export function nextUuid(real: Real): string {
  return `00000000-0000-7000-8000-${String(next(real, 'uuid')).padStart(12, '0')}`
}

export async function begin(model: Model, { harness }: Real, store: Store, replaces?: number): Promise<void> {
  const { id } = await startWorker(store, { replaces })
  expect(id).toBeGreaterThan(model.workers.at(-1)?.id ?? 0)
  model.workers.push({ id, leaseUntil: harness.clock.now() + LEASE, gone: false, silent: false, handles: [] })
}

export const delay = fc.constantFrom(0, 0, 0, 1, 1_500, 20_000)

export const via = fc.constantFrom(0 as const, 1 as const)

export const lost = fc.boolean()
