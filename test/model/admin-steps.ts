import fc from 'fast-check'
import { expect } from 'vitest'
import type { JobPatch } from '../../src/store.ts'
import type { Matches } from './model.ts'
import { delay, NAMES, QUEUES, step, via } from './step.ts'

const CHUNK = { limit: 10_000, upTo: Number.MAX_SAFE_INTEGER }

/** Which jobs an action is about: all, those of a queue, those of a name, or one by its uuid. */
const filter = fc.oneof(
  { weight: 1, arbitrary: fc.constant({}) },
  fc.record({ queue: fc.constantFrom(...QUEUES) }),
  fc.record({ name: fc.constantFrom(...NAMES) }),
  fc.record({ nth: fc.nat({ max: 11 }) }),
)

type Filter = { queue?: string; name?: string; nth?: number }

function chosen({ queue, name, nth }: Filter, among: Map<string, unknown>) {
  const refs = nth === undefined ? undefined : [...among.keys()].filter((_, at) => at % 12 === nth)
  const matches: Matches = (job) =>
    (queue === undefined || job.queue === queue) &&
    (name === undefined || job.name === name) &&
    (refs?.includes(job.uuid) ?? true)
  return { filter: { queue, name, refs }, matches }
}

const patch: fc.Arbitrary<JobPatch> = fc.oneof(
  fc.record({ delayMs: delay }),
  fc.record({ priority: fc.constantFrom(-2, 0, 2) }),
  fc.record({ queue: fc.constantFrom(...QUEUES) }),
)

export const change = fc.record({ wanted: filter, patch, via }).map(({ wanted, patch, via }) =>
  step(`change ${JSON.stringify({ wanted, patch })}`, async (model, real) => {
    const { filter, matches } = chosen(wanted, model.jobs)
    const { changed, skipped } = await real.connections[via].change(filter, patch, CHUNK)
    expect({ changed, skipped }).toEqual(model.change(matches, patch))
  }),
)

export const remove = fc.record({ wanted: filter, via }).map(({ wanted, via }) =>
  step(`remove ${JSON.stringify(wanted)}`, async (model, real) => {
    const { filter, matches } = chosen(wanted, model.jobs)
    expect((await real.connections[via].remove(filter, CHUNK)).changed).toBe(model.remove(matches))
  }),
)

export const retry = fc.record({ wanted: filter, via }).map(({ wanted, via }) =>
  step(`retry ${JSON.stringify(wanted)}`, async (model, real) => {
    const { filter, matches } = chosen(wanted, model.failed)
    const { changed, skipped } = await real.connections[via].retry(filter, CHUNK)
    expect({ changed, skipped }).toEqual(model.retry(matches))
  }),
)

export const removeFailed = fc.record({ wanted: filter, via }).map(({ wanted, via }) =>
  step(`remove failed ${JSON.stringify(wanted)}`, async (model, real) => {
    const { filter, matches } = chosen(wanted, model.failed)
    const found = [...model.failed.values()].filter(matches)
    for (const { uuid } of found) model.failed.delete(uuid)
    expect((await real.connections[via].removeFailed(filter, CHUNK)).changed).toBe(found.length)
  }),
)

export const empty = fc.constant(0).map(() =>
  step('somebody empties the table', async (model, { harness }) => {
    harness.raw.deleteAllJobs()
    model.vanish()
  }),
)

export const pause = fc.record({ queue: fc.constantFrom(...QUEUES), via }).map(({ queue, via }) =>
  step(`pause ${queue}`, async (model, real) => {
    await real.connections[via].pause(queue, null)
    model.paused.add(queue)
  }),
)

export const resume = fc.record({ queue: fc.constantFrom(...QUEUES), via }).map(({ queue, via }) =>
  step(`resume ${queue}`, async (model, real) => {
    await real.connections[via].resume(queue)
    model.paused.delete(queue)
  }),
)

export const prune = via.map((via) =>
  step('prune', async (_, real) => {
    await real.connections[via].prune({ runsMs: 0, metricsMs: 0 }, 1_000)
  }),
)
