import { expect } from 'vitest'
import type { Store } from '../../src/store.ts'
import type { Harness } from '../support/harness.ts'
import { inputOf, uuidOf } from '../support/jobs.ts'
import type { Model, ModelJob } from './model.ts'

/** The store under test, through two connections, and what a client of it must remember. */
export interface Real {
  readonly harness: Harness
  readonly connections: readonly [Store, Store]
  /** A change of the line may be seen a while later: which jobs are given, and in what order, is then the store's choice. */
  readonly seesLate: boolean
  /** Numbers of the pushes of each connection's producer, and of the settlements of each worker's channel. */
  readonly seqs: Map<string, number>
}

const ALL = { limit: 10_000, order: 'oldest' } as const

/** Compares all that can be seen with what the model says, and learns the ids of jobs that came back. */
export async function agree(model: Model, { harness, connections }: Real): Promise<void> {
  const [store] = connections
  const now = harness.clock.now()
  const { rows: jobs } = await store.list({}, ALL)
  for (const row of jobs) learn(model.jobs.get(uuidOf(row)), row.id)
  const seen = jobs.map((row) => ({
    uuid: uuidOf(row),
    id: row.id,
    queue: row.queue,
    name: row.name,
    priority: row.priority,
    dueAt: row.availableAt,
    attempts: row.attempts,
    maxAttempts: row.maxAttempts,
    heldBy: row.reservedBy,
    input: inputOf(row),
    status: row.status,
  }))
  const wanted = [...model.jobs.values()].map(({ crashes, lostWith, begunBy, said, ...job }) => ({
    ...job,
    input: said.input,
    status: job.heldBy !== null ? 'reserved' : job.dueAt <= now ? 'due' : 'delayed',
  }))
  expect(seen).toEqual(wanted.sort((a, b) => a.id - b.id))

  const { rows: failed } = await store.listFailed({}, ALL)
  for (const row of failed) {
    const job = model.failed.get(row.uuid)
    if (job) job.id = row.id
  }
  expect(failed.map(({ uuid }) => uuid).sort()).toEqual([...model.failed.keys()].sort())
  expect((await store.workers()).map(({ id }) => id)).toEqual(
    model.workers.filter((worker) => model.isAlive(worker)).map(({ id }) => id),
  )
}

function learn(job: ModelJob | undefined, id: number): void {
  if (job?.id === 0) job.id = id
}
