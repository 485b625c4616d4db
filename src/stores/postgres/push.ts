import { FaenaError, notAllowed } from '../../core/errors.ts'
import type { NewJob, Pushed, PushOptions } from '../../store.ts'
import type { SqlRow } from '../sql/rows.ts'
import type { Sql } from '../sql/sql.ts'
import { called } from './calls.ts'
import { numberArray, SEPARATOR, textArray } from './client.ts'
import type { Run } from './connection.ts'
import { type Context, givenMs } from './context.ts'
import { sqlState } from './errors.ts'
import { callersRun, patiently } from './transaction.ts'

const LONGEST_QUEUE = 255
const QUEUE_FULL = '54000'

type Insertion = Pick<PushOptions, 'pushId' | 'fresh'> & {
  /** Where to tell of the jobs, in their own transaction. */
  channel?: string | null
}

/** Stores jobs in one statement, on a connection of ours or of the caller's transaction. */
export function pushing(context: Context) {
  return async function push(jobs: readonly NewJob[], options: PushOptions = {}): Promise<Pushed[]> {
    context.connection.check()
    if (jobs.length === 0) return []
    if (options.tx !== undefined) return insertInTransaction(context, options.tx, jobs, options.fresh)
    return context.waking((channel) => stored(context, jobs, { ...options, channel }))
  }
}

/** In a transaction of its own. */
async function stored(context: Context, jobs: readonly NewJob[], options: Insertion): Promise<Pushed[]> {
  const run: Run = (statement) => context.connection.query('common', statement, { often: true })
  try {
    return await insert(context, run, jobs, options)
  } catch (error) {
    // The server's queue of notifications is full: somebody has long not fetched his. Jobs are not refused for that.
    if (!options.channel || sqlState(error) !== QUEUE_FULL) throw error
    return insert(context, run, jobs, { ...options, channel: null })
  }
}

/** Only keys, and uuids that are not new, may have to be waited for. */
async function insertInTransaction(
  context: Context,
  tx: unknown,
  jobs: readonly NewJob[],
  fresh: boolean | undefined,
): Promise<Pushed[]> {
  const run = await callersRun(context, tx)
  const work = () => insert(context, run, jobs, { fresh })
  return fresh && !jobs.some(({ unique }) => unique) ? work() : patiently(context, run, work)
}

/** Inserts where `run` runs. */
export async function insert(
  context: Context,
  run: Run,
  jobs: readonly NewJob[],
  options: Insertion,
): Promise<Pushed[]> {
  if (!options.fresh) refuseTwice(jobs)
  refuseUnfit(jobs)
  const [row] = await run(pushStatement(context, jobs, options))
  if (typeof row?.known === 'string') throw duplicate(row.known)
  if (row?.too_late)
    throw notAllowed('BAD_ARGUMENT', 'availableAt', 'after 2038-01-19', 'what the column of jobs holds')
  const { pushId } = options
  if (pushId && (row?.seq as number) > pushId.seq) {
    const allowed = `${row?.seq} or more: later pushes are stored already`
    throw notAllowed('BAD_ARGUMENT', 'pushId.seq', pushId.seq, allowed)
  }
  return answer(jobs, row ?? {})
}

/** What would be an error of the server's, which ends the transaction of a caller. */
function refuseUnfit(jobs: readonly NewJob[]): void {
  for (const { queue, unique, delayMs = 0, availableAt = 0 } of jobs) {
    if (!Number.isFinite(delayMs)) throw notAllowed('BAD_ARGUMENT', 'delayMs', delayMs, 'a number of ms')
    if (!Number.isFinite(availableAt)) throw notAllowed('BAD_ARGUMENT', 'availableAt', availableAt, 'unix ms')
    if (queue.length > LONGEST_QUEUE)
      throw notAllowed('BAD_ARGUMENT', 'queue', queue, `at most ${LONGEST_QUEUE} characters`)
    if (unique?.until === 'window' && unique.forMs === undefined) {
      throw notAllowed('BAD_ARGUMENT', 'unique.forMs', undefined, 'how long the window lasts, in ms')
    }
  }
}

function pushStatement(context: Context, jobs: readonly NewJob[], { pushId, fresh, channel = null }: Insertion): Sql {
  const { calls } = context
  const { unique, delayed, dated, queue, name, maxAttempts, priority } = traitsOf(jobs)
  const texts = (of: (job: NewJob) => string | null | undefined) => textArray(jobs.map((job) => of(job) ?? null))
  const numbers = (of: (job: NewJob) => number | null | undefined) => numberArray(jobs.map((job) => of(job) ?? null))
  const payloads = jobs.map(({ payload }) => payload)
  // The empty text would be cut into no texts at all.
  const asArray = payloads.some((payload) => payload === '' || payload.includes(SEPARATOR))
  return called(asArray ? calls.pushArray : calls.push, [
    pushId?.producer ?? null,
    pushId?.seq ?? null,
    fresh ? null : texts((job) => job.uuid),
    textArray(queue.map((job) => job.queue)),
    asArray ? textArray(payloads) : payloads.join(SEPARATOR),
    textArray(name.map((job) => job.name)),
    numberArray(maxAttempts.map((job) => job.maxAttempts)),
    numberArray(priority.map((job) => job.priority)),
    delayed ? numbers((job) => wholeOf(job.delayMs)) : null,
    dated ? numbers((job) => wholeOf(job.availableAt)) : null,
    unique ? texts((job) => job.uuid) : null,
    unique ? texts((job) => job.unique?.key) : null,
    unique ? texts((job) => job.unique?.until) : null,
    unique ? numbers((job) => wholeOf(job.unique?.forMs)) : null,
    unique ? texts((job) => job.unique?.onTaken) : null,
    channel,
    givenMs(context),
  ])
}

/** Whether any of the jobs has a key, a delay or a time; and who has to say its queue and so on: one for all that have the same. */
function traitsOf(jobs: readonly NewJob[]) {
  const first = jobs[0]!
  let [unique, delayed, dated] = [false, false, false]
  let [queue, name, maxAttempts, priority] = [true, true, true, true]
  for (const job of jobs) {
    unique ||= job.unique !== undefined
    delayed ||= job.delayMs !== undefined
    dated ||= job.availableAt !== undefined
    queue &&= job.queue === first.queue
    name &&= job.name === first.name
    maxAttempts &&= job.maxAttempts === first.maxAttempts
    priority &&= job.priority === first.priority
  }
  const said = (alike: boolean) => (alike && !unique ? [first] : jobs)
  return {
    unique,
    delayed,
    dated,
    queue: said(queue),
    name: said(name),
    maxAttempts: said(maxAttempts),
    priority: said(priority),
  }
}

/** A fraction of a millisecond is never taken away: a job is not early. */
function wholeOf(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.ceil(ms)
}

function answer(jobs: readonly NewJob[], row: SqlRow): Pushed[] {
  const ids = row.ids as number[]
  if (row.outcomes === null) return jobs.map(({ uuid }, at) => ({ outcome: 'dispatched', uuid, id: ids[at]! }))
  const outcomes = words(row.outcomes)
  const uuids = words(row.uuids)
  return jobs.map((_, at) => ({ outcome: outcomes[at] as Pushed['outcome'], uuid: uuids[at]!, id: ids[at]! }))
}

/** An array of words and uuids, or one as the server writes it: nothing in it is quoted. */
function words(value: unknown): string[] {
  if (Array.isArray(value)) return value
  return String(value).slice(1, -1).split(',')
}

function refuseTwice(jobs: readonly NewJob[]): void {
  const seen = new Set<string>()
  for (const { uuid } of jobs) {
    if (seen.has(uuid)) throw duplicate(uuid)
    seen.add(uuid)
  }
}

function duplicate(uuid: string): FaenaError {
  return new FaenaError('DUPLICATE_UUID', `A job with uuid ${uuid} is stored already; nothing was stored`)
}
