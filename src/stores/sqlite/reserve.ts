import { maxAttemptsOf, tryReadPayload } from '../../core/payload.ts'
import type { Reservation, ReservedJob, ReserveRequest } from '../../store.ts'
import { type Context, idList, isJobOf, LAST_SECOND, secondOf } from './context.ts'

/** Where the column ends in Laravel's tables: from there on only the worker's id tells one attempt from the next. */
const MOST_ATTEMPTS = 65_535

const LOST: Reservation = { jobs: [], nextDueMs: null, lost: true }

/**
 * Takes due jobs in one write transaction, at synchronous NORMAL: a reservation that a loss of power undoes leaves the job
 * pending, which is what it must then be. An idle worker only looks and takes no write lock.
 */
export function reserving(context: Context) {
  const { connection } = context
  let busy = false

  return async function reserve(request: ReserveRequest): Promise<Reservation> {
    if (!busy) {
      const seen = await connection.read(() => look(context, request))
      if (seen) return seen
    }
    const reservation = await connection.write('normal', () => take(context, request))
    busy = reservation.jobs.length > 0
    return reservation
  }
}

/** The answer where nothing is due, or undefined where there is something to take. */
function look(context: Context, request: ReserveRequest): Reservation | undefined {
  if (!leaseHolds(context, request.worker)) return LOST
  const queues = openQueues(context, request.queues)
  const jobs = candidates(context, queues, { ...request, limit: 1 })
  return jobs.length > 0 ? undefined : { jobs, nextDueMs: nextDue(context, queues), lost: false }
}

function take(context: Context, request: ReserveRequest): Reservation {
  if (!leaseHolds(context, request.worker)) return LOST
  const queues = openQueues(context, request.queues)
  const jobs = candidates(context, queues, request)
  if (jobs.length > 0) reserveRows(context, request.worker, jobs)
  const nextDueMs = jobs.length < request.limit ? nextDue(context, queues) : null
  return { jobs, nextDueMs, lost: false }
}

function leaseHolds({ connection, now }: Context, worker: number): boolean {
  return connection.get('select 1 from faena_workers where id = ? and lease_until > ?', worker, now()) !== undefined
}

/** In the worker's order, each once: a queue named twice must not give its jobs twice. */
function openQueues({ connection }: Context, queues: readonly string[]): readonly string[] {
  const open = new Set(queues)
  for (const { name } of connection.all('select name from faena_queues where paused_at is not null'))
    open.delete(name as string)
  return [...open]
}

function candidates(context: Context, queues: readonly string[], request: ReserveRequest): ReservedJob[] {
  const taking: Taking = { jobs: [], bytes: 0, singleTries: 0, full: request.limit < 1 }
  for (const queue of queues) {
    for (let priority = firstPriority(context, queue); priority !== undefined && !taking.full; ) {
      takeDue(context, queue, priority, request, taking)
      priority = firstPriority(context, queue, priority)
    }
    if (taking.full) break
  }
  return taking.jobs
}

interface Taking {
  jobs: ReservedJob[]
  bytes: number
  singleTries: number
  full: boolean
}

/** As the statement selects them: arrays cost half of what objects do, and this is done once per job. */
type DueRow = [
  id: number,
  payload: string,
  attempts: number,
  maxAttempts: number | null,
  name: string | null,
  availableAt: number,
  createdAt: number,
]

function takeDue(
  { connection, now }: Context,
  queue: string,
  priority: number,
  request: ReserveRequest,
  taking: Taking,
): void {
  const { names, maxBytes, defaultTries, singleTryLimit } = request
  const statement = connection.prepare(dueStatement(names.length))
  statement.setReturnArrays(true)
  const wanted = request.limit - taking.jobs.length
  const rows = statement.iterate(
    queue,
    priority,
    secondOf(now()),
    ...names,
    ...names.map((name) => `faena@${name}`),
    wanted,
  )
  for (const row of rows as Iterable<unknown> as Iterable<DueRow>) {
    const [id, payload, attempts, stored, name, availableAt, createdAt] = row
    const maxAttempts = stored ?? (name === null ? maxAttemptsOf(tryReadPayload(payload)) : null)
    const single = (maxAttempts ?? defaultTries) === 1
    const bytes = taking.bytes + payload.length
    // Stopping keeps the order: nothing behind a job that had to stay is taken before it.
    if ((taking.jobs.length > 0 && bytes > maxBytes) || (single && taking.singleTries >= singleTryLimit)) {
      taking.full = true
      return
    }
    taking.bytes = bytes
    if (single) taking.singleTries++
    taking.jobs.push({
      id,
      queue,
      payload,
      attempts: Math.min(attempts + 1, MOST_ATTEMPTS),
      maxAttempts,
      name,
      priority,
      availableAt: availableAt * 1_000,
      createdAt: createdAt * 1_000,
      crashes: 0,
    })
  }
  taking.full = taking.jobs.length >= request.limit
}

/**
 * Due jobs of one queue and priority that we may run, in order, from faena_jobs_due. Rows without a name were written or
 * re-inserted by somebody else: their payload tells, and one that cannot be read is taken so that it can be failed.
 */
function dueStatement(names: number): string {
  const list = Array(names).fill('?').join(', ')
  return `select id, payload, attempts, max_attempts, name, available_at, created_at
    from jobs indexed by faena_jobs_due
   where queue = ? and reserved_at is null and coalesce(priority, 0) = ? and available_at <= ?
     and (name in (${list}) or (name is null and case when not json_valid(payload) then 1
          when json_type(payload, '$.job') is not 'text' then 1 else json_extract(payload, '$.job') in (${list}) end))
   order by available_at, id
   limit ?`
}

/** The first priority of a queue's pending jobs, or the first after `above`. */
function firstPriority({ connection }: Context, queue: string, above = Number.MIN_SAFE_INTEGER): number | undefined {
  const row = connection.get(
    `select coalesce(priority, 0) as priority from jobs indexed by faena_jobs_due
      where queue = ? and reserved_at is null and coalesce(priority, 0) > ?
      order by coalesce(priority, 0) limit 1`,
    queue,
    above,
  )
  return row?.priority as number | undefined
}

function reserveRows({ connection, now }: Context, worker: number, jobs: ReservedJob[]): void {
  const ids = idList(jobs.map(({ id }) => id))
  connection.run(
    `update jobs set reserved_at = ?, attempts = min(attempts + 1, ${MOST_ATTEMPTS}), reserved_by = ?
      where id in (select value from json_each(?))`,
    secondOf(now()),
    worker,
    ids,
  )
  if (connection.get(`select 1 from faena_locks where until = 'processing' limit 1`)) {
    connection.run(
      `delete from faena_locks where until = 'processing' and job_id in (select value from json_each(?))`,
      ids,
    )
  }
  if (connection.get('select 1 from faena_reclaims limit 1')) {
    const rows = connection.all(
      `select r.job_id, r.crashes from faena_reclaims r join jobs j on j.id = r.job_id
        where r.job_id in (select value from json_each(?)) and (r.uuid is null or ${isJobOf('r.uuid')})`,
      ids,
    )
    const crashes = new Map(rows.map((row) => [row.job_id, row.crashes as number]))
    for (const job of jobs) job.crashes = crashes.get(job.id) ?? 0
  }
}

/** Of times beyond the last second, and of dates that somebody wrote as text, none falls due. */
function nextDue(context: Context, queues: readonly string[]): number | null {
  const { connection, now } = context
  let soonest = Number.POSITIVE_INFINITY
  for (const queue of queues) {
    for (
      let priority = firstPriority(context, queue);
      priority !== undefined;
      priority = firstPriority(context, queue, priority)
    ) {
      const row = connection.get(
        `select available_at from jobs indexed by faena_jobs_due
          where queue = ? and reserved_at is null and coalesce(priority, 0) = ? and available_at > ? and available_at <= ?
          order by available_at limit 1`,
        queue,
        priority,
        secondOf(now()),
        LAST_SECOND,
      )
      if (row) soonest = Math.min(soonest, row.available_at as number)
    }
  }
  return soonest === Number.POSITIVE_INFINITY ? null : Math.max(0, soonest * 1_000 - now())
}
