import fc from 'fast-check'
import { expect } from 'vitest'
import type { JobOutcome, JobPatch, NewJob, Settlement, Store } from '../../src/store.ts'
import { FETCH, failure, newJob, SYNC } from '../support/jobs.ts'
import { LEASE, reclaimAll, startWorker } from '../support/worker.ts'
import type { Handle, Kind, Matches, Model, ModelWorker } from './model.ts'
import { agree, type Real } from './real.ts'

type Command = fc.AsyncCommand<Model, Real>

const QUEUES = ['cases', 'orders']
const NAMES = [FETCH, SYNC]
const CHUNK = { limit: 10_000, upTo: Number.MAX_SAFE_INTEGER }

/** Each key has one rule and belongs to one kind of job, as clients see to. */
const KEYS = [
  { key: 'ended', until: 'ended' },
  { key: 'processing', until: 'processing' },
  { key: 'window', until: 'window', forMs: 20_000 },
  { key: 'at most', until: 'ended', forMs: 20_000 },
] as const

/** After every step the whole store is compared with the model. */
function step(
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

/** A step of one worker. */
function workerStep(
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

function next({ seqs }: Real, of: string): number {
  const seq = (seqs.get(of) ?? 0) + 1
  seqs.set(of, seq)
  return seq
}

const delay = fc.constantFrom(0, 0, 0, 1, 1_500, 20_000)
const via = fc.constantFrom(0 as const, 1 as const)
/** Mostly one of those alive, by its place among them; sometimes any there ever was. */
const which = fc.oneof(
  { weight: 5, arbitrary: fc.record({ alive: fc.constant(true), at: fc.constantFrom(0, 0, 1, 2) }) },
  { weight: 1, arbitrary: fc.record({ alive: fc.constant(false), at: fc.nat({ max: 11 }) }) },
)
type Which = { alive: boolean; at: number }

function workerOf(model: Readonly<Model>, { alive, at }: Which): ModelWorker | undefined {
  const workers = model.workers.filter((worker) => !alive || model.isAlive(worker))
  return workers[at % workers.length]
}
const lost = fc.boolean()

const wish = fc.record({
  queue: fc.constantFrom(...QUEUES),
  name: fc.constantFrom(FETCH, FETCH, SYNC),
  priority: fc.constantFrom(0, 0, 0, -1, 1),
  maxAttempts: fc.constantFrom(3, 3, 3, 1, null),
  delayMs: delay,
  rule: fc.option(fc.constantFrom(...KEYS), { freq: 2 }),
  onTaken: fc.constantFrom('skip', 'replace', 'pushBack'),
})

const push = fc
  .record({ wishes: fc.array(wish, { minLength: 1, maxLength: 4 }), via, lost })
  .map(({ wishes, via, lost }) =>
    step(`push ${JSON.stringify(wishes)}${lost ? ', answer lost' : ''}`, async (model, real) => {
      const store = real.connections[via]
      const jobs = wishes.map(({ rule, onTaken, ...rest }) =>
        newJob({
          ...rest,
          uuid: nextUuid(real),
          input: { number: real.seqs.get('uuid') },
          ...(rule && { unique: { ...rule, key: `${rest.name}:${rule.key}`, onTaken } }),
        }),
      )
      const pushId = { producer: `connection ${via}`, seq: next(real, `push ${via}`) }
      const answer = await store.push(jobs, { pushId })
      if (lost) expect(await store.push(jobs, { pushId })).toEqual(answer)
      expect(answer.map(({ outcome, uuid }) => ({ outcome, uuid }))).toEqual(
        jobs.map((job, at) => model.push(job, answer[at]!)),
      )
    }),
  )

const pushKnown = via.map((via) =>
  step(
    'push a uuid that is stored',
    async (model, real) => {
      const known = [...model.jobs.keys(), ...model.failed.keys()].at(-1) as string
      const jobs: NewJob[] = [newJob({ uuid: nextUuid(real) }), newJob({ uuid: known })]
      await expect(real.connections[via].push(jobs)).rejects.toMatchObject({ code: 'DUPLICATE_UUID' })
    },
    (model) => model.jobs.size + model.failed.size > 0,
  ),
)

/** Beginning as payloads do, and always the same for the same sequence. */
function nextUuid(real: Real): string {
  return `00000000-0000-7000-8000-${String(next(real, 'uuid')).padStart(12, '0')}`
}

const register = fc.record({ via, replaces: fc.option(which, { freq: 1 }) }).map(({ via, replaces }) =>
  step(`register${replaces === null ? '' : `, replacing ${JSON.stringify(replaces)}`}`, async (model, real) => {
    const replaced = replaces === null ? undefined : workerOf(model, replaces)
    if (replaced) replaced.leaseUntil = Math.min(replaced.leaseUntil, real.harness.clock.now())
    await begin(model, real, real.connections[via], replaced?.id)
  }),
)

async function begin(model: Model, { harness }: Real, store: Store, replaces?: number): Promise<void> {
  const { id } = await startWorker(store, { replaces })
  expect(id).toBeGreaterThan(model.workers.at(-1)?.id ?? 0)
  model.workers.push({ id, leaseUntil: harness.clock.now() + LEASE, gone: false, silent: false, handles: [] })
}

/** Two workers and some jobs, so that most steps have something to do. */
export async function setOut(model: Model, real: Real): Promise<void> {
  for (const store of real.connections) await begin(model, real, store)
  const jobs = [...NAMES, ...NAMES].map((name, at) =>
    newJob({ name, queue: QUEUES[at % 2], uuid: nextUuid(real), input: { number: at }, maxAttempts: at === 3 ? 1 : 3 }),
  )
  const answer = await real.connections[0].push(jobs)
  for (const [at, job] of jobs.entries()) model.push(job, answer[at]!)
  await agree(model, real)
}

const reserve = fc
  .record({
    at: which,
    via,
    lost: fc.constantFrom(false, false, false, true),
    queues: fc.constantFrom(QUEUES, QUEUES, [...QUEUES].reverse(), ['orders']),
    names: fc.constantFrom(NAMES, NAMES, NAMES, NAMES, [FETCH], []),
    limit: fc.constantFrom(0, 1, 1, 2, 3, 5, 5),
    singles: fc.constantFrom(0, 1, 5, 5, 5),
  })
  .map(({ at, via, lost, ...wish }) =>
    workerStep(`reserve ${JSON.stringify(wish)}${lost ? ', answer lost' : ''}`, at, async (worker, model, real) => {
      const { queues, names, limit, singles } = wish
      const request = {
        worker: worker.id,
        queues,
        names,
        limit,
        maxBytes: 1_000_000,
        singleTryLimit: singles,
        defaultTries: 3,
      }
      const answer = await real.connections[via].reserve(request)
      const given = model.reserve(worker, wish)
      expect(answer.lost).toBe(given === undefined)
      const wanted = (given ?? []).map(({ id, attempts, crashes, queue }) => ({ id, attempts, crashes, queue }))
      expect(answer.jobs.map(({ id, attempts, crashes, queue }) => ({ id, attempts, crashes, queue }))).toEqual(wanted)
      if (lost) return
      for (const [nth, { id, attempts, payload, name }] of answer.jobs.entries()) {
        worker.handles.push({ id, attempts, payload, name, uuid: given![nth]!.uuid, spent: false })
      }
    }),
  )

const KINDS: Kind[] = ['completed', 'retry', 'retry', 'failed', 'failed', 'released', 'cancelled']

const settle = fc
  .record({
    at: which,
    via,
    channel: fc.constantFrom(0 as const, 0 as const, 1 as const),
    lost,
    picks: fc.array(
      fc.record({
        again: fc.constantFrom(false, false, false, false, true),
        back: fc.nat({ max: 3 }),
        kind: fc.constantFrom(...KINDS),
        delayMs: delay,
      }),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
  })
  .map(({ at, via, channel, lost, picks }) =>
    workerStep(
      `settle ${JSON.stringify(picks)}${lost ? ', answer lost' : ''}`,
      at,
      async (worker, model, real) => {
        const picked = picks.map((pick) => ({
          ...pick,
          handle: chosenHandle(worker, pick),
        }))
        // An answer goes by ids, so a settlement names each job once.
        const chosen = picked.filter(
          ({ handle }, nth) => picked.findIndex((each) => each.handle.id === handle.id) === nth,
        )
        const settlement: Settlement = {
          worker: worker.id,
          seq: next(real, `settle ${worker.id} ${channel}`),
          channel,
          outcomes: chosen.map(({ handle, kind, delayMs }) => outcome(handle, kind, delayMs)),
        }
        const answer = await real.connections[via].settle(settlement)
        for (const { handle } of chosen) handle.spent = true
        const counted = chosen.map(({ handle, kind, delayMs }) => model.settle(worker, handle, kind, delayMs))
        expect(answer).toEqual({
          applied: chosen.filter((_, nth) => counted[nth]).map(({ handle }) => handle.id),
          lost: chosen.filter((_, nth) => !counted[nth]).map(({ handle }) => handle.id),
          refused: [],
        })
        // A worker that is reclaimed meanwhile has no answer to ask for again; it is told that all is lost.
        if (lost && !worker.gone) expect(await real.connections[via === 0 ? 1 : 0].settle(settlement)).toEqual(answer)
      },
      ({ handles }) => handles.length > 0,
    ),
  )

/** One of what it has not settled yet, or `again` one of all it ever held. */
function chosenHandle({ handles }: ModelWorker, { again, back }: { again: boolean; back: number }): Handle {
  const open = handles.filter(({ spent }) => !spent)
  const among = again || open.length === 0 ? handles : open
  return among.at(-1 - (back % among.length)) as Handle
}

function outcome(handle: Handle, kind: Kind, delayMs: number): JobOutcome {
  const { id, attempts, payload, name } = handle
  const unique = payload.includes('"unique"')
  if (kind === 'retry' || kind === 'released') return { id, attempts, unique, outcome: { kind, delayMs } }
  if (kind === 'failed') return { id, attempts, unique, outcome: { kind, failure: failure({ payload, name }) } }
  return { id, attempts, unique, outcome: { kind } }
}

const beat = fc.record({ at: which, via }).map(({ at, via }) =>
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

const crash = which.map((at) =>
  workerStep('crash', at, async (worker) => {
    worker.silent = true
  }),
)

const deregister = fc.record({ at: which, via }).map(({ at, via }) =>
  workerStep('deregister', at, async (worker, model, real) => {
    expect(await real.connections[via].deregister(worker.id)).toBe(model.deregister(worker))
  }),
)

/** All beat no more for so long: the longest lets every lease end. */
const advance = fc
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
  const { workers, returned, failed } = await reclaimAll(store)
  const wanted = model.reclaim()
  expect({ workers, returned, failed: failed.map(({ uuid }) => uuid).sort() }).toEqual({
    ...wanted,
    failed: wanted.failed.sort(),
  })
}

const time = fc.constant(0).map(() => step('a lease goes by', outlive))

const reclaim = via.map((via) => step('reclaim', (model, real) => reclaimDead(model, real.connections[via])))

/** The whole of a crash, with a new worker in the old one's place. */
const recover = fc.record({ at: which, via }).map(({ at, via }) =>
  workerStep('crash, reclaim and start anew', at, async (worker, model, real) => {
    worker.silent = true
    await outlive(model, real)
    await reclaimDead(model, real.connections[via])
    await begin(model, real, real.connections[via])
  }),
)

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

const change = fc.record({ wanted: filter, patch, via }).map(({ wanted, patch, via }) =>
  step(`change ${JSON.stringify({ wanted, patch })}`, async (model, real) => {
    const { filter, matches } = chosen(wanted, model.jobs)
    const { changed, skipped } = await real.connections[via].change(filter, patch, CHUNK)
    expect({ changed, skipped }).toEqual(model.change(matches, patch))
  }),
)

const remove = fc.record({ wanted: filter, via }).map(({ wanted, via }) =>
  step(`remove ${JSON.stringify(wanted)}`, async (model, real) => {
    const { filter, matches } = chosen(wanted, model.jobs)
    expect((await real.connections[via].remove(filter, CHUNK)).changed).toBe(model.remove(matches))
  }),
)

const retry = fc.record({ wanted: filter, via }).map(({ wanted, via }) =>
  step(`retry ${JSON.stringify(wanted)}`, async (model, real) => {
    const { filter, matches } = chosen(wanted, model.failed)
    const { changed, skipped } = await real.connections[via].retry(filter, CHUNK)
    expect({ changed, skipped }).toEqual(model.retry(matches))
  }),
)

const removeFailed = fc.record({ wanted: filter, via }).map(({ wanted, via }) =>
  step(`remove failed ${JSON.stringify(wanted)}`, async (model, real) => {
    const { filter, matches } = chosen(wanted, model.failed)
    const found = [...model.failed.values()].filter(matches)
    for (const { uuid } of found) model.failed.delete(uuid)
    expect((await real.connections[via].removeFailed(filter, CHUNK)).changed).toBe(found.length)
  }),
)

const empty = fc.constant(0).map(() =>
  step('somebody empties the table', async (model, { harness }) => {
    harness.raw.deleteAllJobs()
    model.vanish()
  }),
)

const pause = fc.record({ queue: fc.constantFrom(...QUEUES), via }).map(({ queue, via }) =>
  step(`pause ${queue}`, async (model, real) => {
    await real.connections[via].pause(queue, null)
    model.paused.add(queue)
  }),
)

const resume = fc.record({ queue: fc.constantFrom(...QUEUES), via }).map(({ queue, via }) =>
  step(`resume ${queue}`, async (model, real) => {
    await real.connections[via].resume(queue)
    model.paused.delete(queue)
  }),
)

const prune = via.map((via) =>
  step('prune', async (_, real) => {
    await real.connections[via].prune({ runsMs: 0, metricsMs: 0 }, 1_000)
  }),
)

const often = <T>(times: number, arbitrary: T): T[] => Array(times).fill(arbitrary)

/** What a queue's life is made of stands more often; fast-check draws them alike. */
export const steps: fc.Arbitrary<Command>[] = [
  ...often(10, push),
  ...often(14, reserve),
  ...often(16, settle),
  ...often(3, register),
  ...often(3, crash),
  ...often(8, recover),
  ...often(3, time),
  ...often(3, reclaim),
  ...often(4, retry),
  ...often(3, advance),
  ...often(2, change),
  ...[beat, pushKnown, deregister, remove, removeFailed, empty, pause, resume, resume, prune],
]
