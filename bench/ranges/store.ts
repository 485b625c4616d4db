import type { JobOutcome, NewJob, ReservedJob, Settled, Store } from '../../src/store.ts'
import type { Lane, RangeDone } from './lane.ts'

interface Range {
  last: number
  /** What the worker has not settled yet, in order of the ids. */
  left: Set<number>
}

/**
 * A store whose plain jobs go through a lane and everything else through the tables as they are: delays, priorities, unique
 * keys, transactions of callers, and every job from its first failed attempt on. The client and the worker above it are Faena's own.
 */
export function rangeStore(inner: Store, lane: Lane): Store {
  const held = new Map<number, Range>()
  return {
    ...inner,

    async push(jobs, options = {}) {
      const { pushId, tx } = options
      if (pushId === undefined || tx !== undefined || !jobs.every(isPlain)) return inner.push(jobs, options)
      const ids = await lane.push(
        jobs.map(({ payload }) => payload),
        pushId,
      )
      return jobs.map(({ uuid }, at) => ({ outcome: 'dispatched', uuid, id: ids[at]! }))
    },

    async reserve(request) {
      const taken = request.limit > 0 ? await lane.reserve(request.worker, request.limit) : null
      if (taken === 'lost') return { jobs: [], nextDueMs: null, lost: true }
      if (taken === null) return inner.reserve(request)
      const range = { last: taken.last, left: new Set(taken.rows.map(({ id }) => id)) }
      for (const { id } of taken.rows) held.set(id, range)
      return { jobs: taken.rows.map(reserved), nextDueMs: 0, lost: false }
    },

    async settle(settlement) {
      const { worker, seq, outcomes } = settlement
      const inLane = outcomes.filter(({ id }) => held.has(id))
      if (inLane.length === 0) return inner.settle(settlement)
      const completed = inLane.filter(({ outcome }) => outcome.kind === 'completed')
      const others = inLane.filter(({ outcome }) => outcome.kind !== 'completed')
      const settled: Settled = { applied: [], lost: [], refused: [] }
      for (const { id } of others) held.get(id)!.left.delete(id)
      const ordinary = outcomes.filter(({ id }) => !held.has(id))
      const idOf = new Map<number, number>()
      if (others.length > 0) {
        const moved = await lane.move(
          worker,
          others.map(({ id }) => id),
        )
        for (const outcome of others) {
          const id = moved.get(outcome.id)
          if (id === undefined) settled.lost.push(outcome.id)
          else {
            idOf.set(id, outcome.id)
            ordinary.push({ ...outcome, id })
          }
        }
      }
      // After the moves: the last settled row takes the lease away, and with it the right to move.
      const done = [...doneOf(completed, held), ...emptied(others, completed, held)]
      if (done.length > 0) {
        const lost = new Set(await lane.settle(worker, seq, done))
        for (const { id } of completed) (lost.has(held.get(id)!.last) ? settled.lost : settled.applied).push(id)
      }
      for (const { id } of inLane) held.delete(id)
      if (ordinary.length > 0) {
        const more = await inner.settle({ ...settlement, outcomes: ordinary })
        const known = (id: number) => idOf.get(id) ?? id
        settled.applied.push(...more.applied.map(known))
        settled.lost.push(...more.lost.map(known))
        settled.refused.push(...more.refused.map(({ id, error }) => ({ id: known(id), error })))
      }
      return settled
    },

    async heartbeat(beat) {
      const own = beat.held.filter(({ id }) => held.has(id)).map(({ id }) => id)
      const answer = await inner.heartbeat({ ...beat, held: beat.held.filter(({ id }) => !held.has(id)) })
      return own.length === 0 ? answer : { ...answer, gone: [...answer.gone, ...(await lane.gone(own))] }
    },

    async deregister(worker) {
      await lane.release(worker)
      return inner.deregister(worker)
    },

    async reclaim() {
      const reclaimed = await inner.reclaim()
      await lane.reclaim()
      return reclaimed
    },

    async close() {
      await lane.close()
      await inner.close()
    },
  }
}

/** A single try may never wait in a worker's memory, so such a job is leased by itself. */
function isPlain({ delayMs, availableAt, priority, unique, maxAttempts }: NewJob): boolean {
  return (
    delayMs === undefined && availableAt === undefined && priority === 0 && unique === undefined && maxAttempts !== 1
  )
}

function reserved({ id, payload, createdAt }: { id: number; payload: string; createdAt: number }): ReservedJob {
  return {
    id,
    queue: 'default',
    payload,
    attempts: 1,
    maxAttempts: null,
    name: 'bench',
    priority: 0,
    availableAt: createdAt,
    createdAt,
    crashes: 0,
  }
}

/** Ranges of which the last rows have moved: only their leases are left to end. */
function emptied(
  moved: readonly JobOutcome[],
  completed: readonly JobOutcome[],
  held: ReadonlyMap<number, Range>,
): RangeDone[] {
  const settled = new Set(completed.map(({ id }) => held.get(id)!))
  const ranges = new Set(moved.map(({ id }) => held.get(id)!))
  return [...ranges]
    .filter((range) => range.left.size === 0 && !settled.has(range))
    .map(({ last }) => ({ last, from: 1, to: 0, whole: true }))
}

/** What is done, range by range, as stretches where that is possible. */
function doneOf(outcomes: readonly JobOutcome[], held: ReadonlyMap<number, Range>): RangeDone[] {
  const byRange = new Map<Range, number[]>()
  for (const { id } of outcomes) {
    const range = held.get(id)!
    const ids = byRange.get(range) ?? []
    ids.push(id)
    byRange.set(range, ids)
  }
  return [...byRange].map(([range, ids]) => {
    ids.sort((a, b) => a - b)
    const [from, to] = [ids[0]!, ids.at(-1)!]
    for (const id of ids) range.left.delete(id)
    const whole = range.left.size === 0
    const mixed = !whole && [...range.left].some((id) => id > from && id < to)
    return { last: range.last, from, to, whole, ...(mixed && { ids }) }
  })
}
