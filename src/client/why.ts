import { spoken } from '../core/duration.ts'
import type { JobRef, Store, StoredJob, WorkerState } from '../store.ts'
import { readStatus, type Status, serves } from './status.ts'
import { type JobView, jobView } from './view.ts'

/** One thing that keeps a job from running, or that explains where it is. */
export interface Reason {
  code:
    | 'paused'
    | 'delayed'
    | 'unserved'
    | 'unhandled'
    | 'busy'
    | 'behind'
    | 'otherQueues'
    | 'foreign'
    | 'corrupt'
    | 'next'
    | 'reserved'
    | 'workerGone'
    | 'failed'
    | 'ended'
    | 'unknown'
  text: string
}

export interface Why {
  ref: JobRef
  state: 'due' | 'delayed' | 'reserved' | 'failed' | 'gone'
  reasons: Reason[]
}

/** Jobs looked at to find how many come first; beyond that the answer says "at least". */
const LOOKED_AT = 1_000

/** Why a job does not run, as far as the store can show it. */
export async function explain(store: Store, ref: JobRef): Promise<Why> {
  const [job, status, workers] = await Promise.all([store.get(ref), readStatus(store), store.workers()])
  if (job === undefined) return { ref, ...(await ofAbsent(store, ref)) }
  if (job.status === 'reserved') return { ref, state: 'reserved', reasons: ofReserved(job, workers, status.at) }
  return { ref, state: job.status, reasons: await ofWaiting(store, jobView(job), status, workers) }
}

async function ofAbsent(store: Store, ref: JobRef): Promise<Omit<Why, 'ref'>> {
  const failed = await store.getFailed(ref)
  if (failed !== undefined) {
    const text = `It failed at ${failed.failedAtText}: ${failed.headline ?? failed.exception.split('\n', 1)[0]}. Bring it back with faena retry.`
    return { state: 'failed', reasons: [{ code: 'failed', text }] }
  }
  const runs = typeof ref === 'string' ? (await store.runs({ uuid: ref }, { limit: 1 })).rows : []
  const last = runs[0]
  if (last?.endedAt) {
    const text = `Its attempt ${last.attempt} ended as ${last.outcome} at ${new Date(last.endedAt).toISOString()}.`
    return { state: 'gone', reasons: [{ code: 'ended', text }] }
  }
  const text = 'There is no such job: it completed, was removed, or never was. Completed jobs leave their row at once.'
  return { state: 'gone', reasons: [{ code: 'unknown', text }] }
}

function ofReserved({ reservedAt, reservedBy }: StoredJob, workers: readonly WorkerState[], now: number): Reason[] {
  const since = reservedAt === null ? '' : ` for ${spoken(Math.max(0, now - reservedAt))}`
  const worker = workers.find(({ id }) => id === reservedBy)
  if (worker !== undefined) {
    const who = `worker ${worker.id} (${worker.name}, process ${worker.pid} on ${worker.host})`
    return [{ code: 'reserved', text: `It has been reserved by ${who}${since}.` }]
  }
  if (reservedBy === null) {
    return [{ code: 'reserved', text: `It has been reserved by a worker of another runtime (PHP)${since}.` }]
  }
  const text = `Worker ${reservedBy}, which reserved it, is gone: its lease ended. Any running worker or scheduler gives the job back.`
  return [{ code: 'workerGone', text }]
}

async function ofWaiting(
  store: Store,
  job: JobView,
  status: Status,
  workers: readonly WorkerState[],
): Promise<Reason[]> {
  const reasons: Reason[] = []
  const say = (code: Reason['code'], text: string) => reasons.push({ code, text })
  const queue = status.queues.find((one) => one.queue === job.queue)
  if (job.corrupt)
    say('corrupt', 'Its payload is not a JSON object with a job: the next worker that takes it fails it.')
  else if (job.name === null)
    say('foreign', `It is a job of another runtime (${job.displayName}); Faena workers leave it alone.`)
  if (queue?.pausedAt) {
    const reason = queue.pauseReason === null ? '' : ` (${queue.pauseReason})`
    say('paused', `Queue ${job.queue} has been paused for ${spoken(status.at - queue.pausedAt)}${reason}.`)
  }
  if (job.status === 'delayed') say('delayed', `It is delayed for another ${spoken(job.availableAt - status.at)}.`)
  const serving = workers.filter((worker) => serves(worker, job.queue))
  if (serving.length === 0)
    say('unserved', `No live worker serves queue ${job.queue}. Start one: faena work --queue ${job.queue}`)
  const able = serving.filter((worker) => handles(worker, job))
  if (serving.length > 0 && able.length === 0) {
    const text = `No live worker of queue ${job.queue} has a handler for ${job.name}. Start one with its handler, or restart them with the code that has it.`
    say('unhandled', text)
  }
  if (job.status === 'due') {
    if (able.length > 0) sayOfWorkers(job, able, status, say)
    await sayOfQueue(store, job, say)
  }
  if (reasons.length === 0) {
    say(
      'next',
      `Nothing keeps it: it is due, and the next free worker of queue ${job.queue} that has a handler for ${job.name} takes it.`,
    )
  }
  return reasons
}

/** Whoever does not tell what it has handlers for may have this one; a row without a name is taken by any. */
function handles({ names }: WorkerState, { name }: JobView): boolean {
  return names === null || name === null || names.includes(name)
}

function sayOfWorkers(
  job: JobView,
  serving: readonly WorkerState[],
  status: Status,
  say: (code: Reason['code'], text: string) => void,
): void {
  if (serving.every(({ running, concurrency }) => running >= concurrency)) {
    say('busy', `All ${serving.length} workers of queue ${job.queue} run as many jobs as they may.`)
  }
  const dueIn = (queue: string) => status.queues.find((one) => one.queue === queue && one.pausedAt === null)?.due ?? 0
  const before = (worker: WorkerState) =>
    worker.queues.slice(0, worker.queues.indexOf(job.queue)).filter((queue) => dueIn(queue) > 0)
  // Queues come in strict order, so one with jobs due keeps a worker from those after it.
  if (serving.every((worker) => before(worker).length > 0)) {
    const queues = [...new Set(serving.flatMap(before))].map((queue) => `${queue} (${dueIn(queue)} due)`)
    say('otherQueues', `Its workers take other queues first: ${queues.join(', ')}.`)
  }
}

async function sayOfQueue(
  store: Store,
  job: JobView,
  say: (code: Reason['code'], text: string) => void,
): Promise<void> {
  const { rows, next } = await store.list({ queue: job.queue, status: 'due' }, { limit: LOOKED_AT, order: 'oldest' })
  const ahead = rows.filter((other) => comesBefore(other, job)).length
  if (ahead > 0)
    say('behind', `${next === null ? '' : 'At least '}${ahead} due jobs of queue ${job.queue} come before it.`)
}

/** The order workers take the jobs of one queue in. */
function comesBefore(a: StoredJob, b: StoredJob): boolean {
  return (a.priority - b.priority || a.availableAt - b.availableAt || a.id - b.id) < 0
}
