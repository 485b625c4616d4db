import { FaenaError, notAllowed } from '../../core/errors.ts'
import type { NewJob, Pushed, PushOptions, UniqueKey } from '../../store.ts'
import type { Value } from './connection.ts'
import { type Context, dueSecond, isJobOf, secondOf } from './context.ts'
import { type Handle, inTransaction } from './transaction.ts'
import { firstUuid, fitBlock, insertBlock, ordinaryJobs } from './uuids.ts'

const ROWS_PER_STATEMENT = 50
const COLUMNS = 'queue, payload, attempts, available_at, created_at, name, max_attempts, priority'
const INSERT_ONE = `insert into jobs (${COLUMNS}) values (?, ?, 0, ?, ?, ?, ?, ?)`
/**
 * Many jobs that differ in their payloads only: what they share is bound once, under a number. The payloads have none: SQLite
 * looks through all numbers for each value that is bound. A statement of many rows that is to leave nothing where it fails
 * has SQLite copy every page first; `or fail` leaves that to the transaction around it, which is undone.
 */
const INSERT_ALIKE = `insert or fail into jobs
  (queue, available_at, created_at, name, max_attempts, priority, in_block, attempts, payload) values ${Array(
    ROWS_PER_STATEMENT,
  )
    .fill('(?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?)')
    .join(', ')}`

/**
 * Pushes of this process whose commit is known to have happened, by producer. A commit of SQLite either happened or did
 * not, and this process knows which; what has to be remembered is only the answer, for a caller that lost it. Where the disk
 * failed in a commit, this process has undone it, and the same push once more writes over what may be left of it.
 */
type Answered = Map<string, { seq: number; pushed: Pushed[] }>

export function pushing(context: Context) {
  const answered: Answered = new Map()

  return async function push(jobs: readonly NewJob[], options: PushOptions = {}): Promise<Pushed[]> {
    if (jobs.length === 0) return []
    if (options.tx !== undefined) {
      return inTransaction(options.tx, context.connection, (handle) => insert(context, handle, jobs, options))
    }
    const { connection } = context
    const { pushId } = options
    const known = pushId && answered.get(pushId.producer)
    if (pushId && known?.seq === pushId.seq) {
      await connection.synced()
      return known.pushed
    }
    if (pushId && known && pushId.seq < known.seq) {
      const allowed = `${known.seq} or more: later pushes are stored already`
      throw notAllowed('BAD_ARGUMENT', 'pushId.seq', pushId.seq, allowed)
    }
    return connection.write('full', () => insert(context, connection, jobs, options), {
      committed(pushed) {
        // Should the disk fail after this, the same push comes again and must find itself stored.
        if (pushId) answered.set(pushId.producer, { seq: pushId.seq, pushed })
        // Others see the jobs from here on too; that of this process's worker need not wait for the disk either.
        context.wake()
      },
    })
  }
}

/** Inserts in the transaction that `handle` has open, in order, so that the ids rise as the jobs do. */
export function insert(context: Context, handle: Handle, jobs: readonly NewJob[], options: PushOptions = {}): Pushed[] {
  const now = context.now()
  if (!options.fresh) refuseKnown(handle, jobs)
  const pushed: Pushed[] = []
  for (let at = 0; at < jobs.length; ) {
    if (areAlike(jobs, at)) {
      insertAlike(handle, jobs, at, now, pushed, options.fresh === true)
      at += ROWS_PER_STATEMENT
    } else {
      pushed.push(insertOne(handle, jobs[at]!, now))
      at++
    }
  }
  return pushed
}

/** Whether a whole statement's worth of jobs from `from` on have no key and the same queue, name, due time and priority. */
function areAlike(jobs: readonly NewJob[], from: number): boolean {
  if (from + ROWS_PER_STATEMENT > jobs.length) return false
  const first = jobs[from]!
  for (let at = from; at < from + ROWS_PER_STATEMENT; at++) {
    const job = jobs[at]!
    if (
      job.unique !== undefined ||
      job.queue !== first.queue ||
      job.name !== first.name ||
      job.maxAttempts !== first.maxAttempts ||
      job.priority !== first.priority ||
      job.delayMs !== first.delayMs ||
      job.availableAt !== first.availableAt
    ) {
      return false
    }
  }
  return true
}

function insertAlike(
  handle: Handle,
  jobs: readonly NewJob[],
  from: number,
  now: number,
  pushed: Pushed[],
  fresh: boolean,
): void {
  const end = from + ROWS_PER_STATEMENT
  const asBlock = fresh && fitBlock(jobs, from, end)
  const { queue, name, maxAttempts, priority, delayMs, availableAt } = jobs[from]!
  const values: Value[] = [queue, dueSecond(now, delayMs, availableAt), secondOf(now), name, maxAttempts]
  values.push(priority === 0 ? null : priority, asBlock ? 1 : null)
  for (let at = from; at < end; at++) values.push(jobs[at]!.payload)
  // AUTOINCREMENT gives the rows of one statement ids in a row, and nobody else writes meanwhile.
  const last = Number(handle.prepare(INSERT_ALIKE).run(...values).lastInsertRowid)
  const first = last - ROWS_PER_STATEMENT + 1
  if (asBlock) insertBlock(handle, jobs[from]!, jobs[end - 1]!, first, last)
  for (let at = from; at < end; at++)
    pushed.push({ outcome: 'dispatched', uuid: jobs[at]!.uuid, id: first + at - from })
}

function insertOne(handle: Handle, job: NewJob, now: number): Pushed {
  const holder = job.unique && liveHolder(handle, job.unique.key, now)
  if (holder) return onTaken(handle, job, job.unique!, holder, now)
  const id = insertRow(handle, job, now, dueSecond(now, job.delayMs, job.availableAt))
  if (job.unique) takeKey(handle, job.unique, job.uuid, id, now)
  return { outcome: 'dispatched', uuid: job.uuid, id }
}

export function insertRow(handle: Handle, job: NewJob, now: number, dueAt: number): number {
  const { lastInsertRowid } = handle
    .prepare(INSERT_ONE)
    .run(
      job.queue,
      job.payload,
      dueAt,
      secondOf(now),
      job.name,
      job.maxAttempts,
      job.priority === 0 ? null : job.priority,
    )
  return Number(lastInsertRowid)
}

interface Holder {
  uuid: string
  jobId: number
  reserved: boolean
  present: boolean
}

/**
 * Who holds the key now. A lock whose time is over, or whose job vanished, holds nothing. Whoever emptied the table may have
 * let its ids begin anew, as Laravel's truncate does: then another job has the id, and its payload begins with another uuid.
 */
export function liveHolder(handle: Handle, key: string, now: number): Holder | undefined {
  const row = handle
    .prepare(
      `select l.uuid, l.job_id, l.until, l.expires_at, j.id is not null as present, j.reserved_at is not null as reserved
         from faena_locks l left join jobs j on j.id = l.job_id and ${isJobOf('l.uuid')}
        where l.key = ?`,
    )
    .get(key) as
    | { uuid: string; job_id: number; until: string; expires_at: number | null; present: number; reserved: number }
    | undefined
  if (!row || (row.expires_at !== null && row.expires_at <= now)) return undefined
  if (row.until !== 'window' && !row.present) return undefined
  return { uuid: row.uuid, jobId: row.job_id, present: row.present === 1, reserved: row.reserved === 1 }
}

export function takeKey(handle: Handle, unique: UniqueKey, uuid: string, jobId: number, now: number): void {
  if (unique.until === 'window' && unique.forMs === undefined) {
    throw notAllowed('BAD_ARGUMENT', 'unique.forMs', undefined, 'how long the window lasts, in ms')
  }
  handle
    .prepare(
      `insert into faena_locks (key, uuid, job_id, until, expires_at) values (?, ?, ?, ?, ?)
       on conflict (key) do update set uuid = excluded.uuid, job_id = excluded.job_id, until = excluded.until, expires_at = excluded.expires_at`,
    )
    .run(unique.key, uuid, jobId, unique.until, unique.forMs === undefined ? null : now + unique.forMs)
}

function onTaken(handle: Handle, job: NewJob, unique: UniqueKey, holder: Holder, now: number): Pushed {
  const answer = (outcome: Pushed['outcome']): Pushed => ({ outcome, uuid: holder.uuid, id: holder.jobId })
  if (unique.onTaken === 'skip' || holder.reserved || !holder.present) return answer('skipped')
  const dueAt = dueSecond(now, job.delayMs, job.availableAt)
  if (unique.onTaken === 'pushBack') {
    handle.prepare('update jobs set available_at = ? where id = ? and reserved_at is null').run(dueAt, holder.jobId)
    return answer('pushedBack')
  }
  // The waiting job keeps its identity: whoever waits for its uuid still finds it.
  const payload = job.payload.replace(job.uuid, () => holder.uuid)
  handle
    .prepare(
      `update jobs set payload = ?, available_at = ?, priority = ?, max_attempts = ?, queue = ?, attempts = 0
        where id = ? and reserved_at is null`,
    )
    .run(payload, dueAt, job.priority === 0 ? null : job.priority, job.maxAttempts, job.queue, holder.jobId)
  return answer('replaced')
}

function refuseKnown(handle: Handle, jobs: readonly NewJob[]): void {
  const uuids = jobs.map(({ uuid }) => uuid)
  const live = firstUuid(handle, ordinaryJobs(uuids))
  const known =
    live !== undefined
      ? { uuid: live }
      : handle
          .prepare('select uuid from failed_jobs where uuid in (select value from json_each(?)) limit 1')
          .get(JSON.stringify(uuids))
  const twice =
    new Set(uuids).size < uuids.length ? { uuid: uuids.find((uuid, at) => uuids.indexOf(uuid) !== at) } : undefined
  const found = (known ?? twice) as { uuid: string } | undefined
  if (found)
    throw new FaenaError('DUPLICATE_UUID', `A job with uuid ${found.uuid} is stored already; nothing was stored`)
}
