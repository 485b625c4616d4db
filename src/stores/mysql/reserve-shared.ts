import type { Reservation, ReserveRequest } from '../../store.ts'
import { joined, type Sql, sql } from '../sql/sql.ts'
import type { SqlRow } from './client.ts'
import type { Transaction } from './connection.ts'
import { type Context, nowMs, nowSecond } from './context.ts'
import { JOB_COLUMNS, runnable, Taking } from './due.ts'
import { flagsQuery, LOST, readFlags, reserveTaken, soonest } from './reserve.ts'
import { type Bounds, entryOf, scanQueue } from './scan.ts'
import { among } from './text.ts'
import type { View } from './views.ts'
import { type Entry, SHORT, type Window } from './window.ts'

/** Candidates locked at once; others may have been faster with some of them, so there are tries. */
const MOST_CANDIDATES = 2_000
const CANDIDATES_MORE = 100
const MOST_TRIES = 20
const MOST_ARRIVALS = 10_000

/**
 * Takes due jobs of a table that Laravel made. Its workers lock and delete there in ways that an index over times would
 * make them deadlock on, so the line is kept here in memory (see Window): a look through the queue now and then, the
 * arrivals with each call. What is taken is locked by row id, and checked again under the lock.
 */
export async function reserveShared(context: Context, request: ReserveRequest): Promise<Reservation> {
  const { reservation, outrun } = await reserveInLine(context, request)
  // Others have emptied what was known here, so there may be more: nobody is told that there is nothing.
  return outrun ? (await reserveInLine(context, request)).reservation : reservation
}

/** `outrun`: nothing was had, since others were faster with all that was tried. */
async function reserveInLine(
  context: Context,
  request: ReserveRequest,
): Promise<{ reservation: Reservation; outrun: boolean }> {
  const view = context.views.of(request.worker)
  const queues = [...new Set(request.queues)]
  const state = await arrivals(context, request, queues, view)
  if (!state.lease) return { reservation: LOST, outrun: false }
  for (const { queue, bounds } of state.open) {
    if (bounds) await scanIfDue(context, request, queue, bounds, view.window(queue))
  }
  const open = state.open.map(({ queue }) => queue)
  const nextDue = () => {
    const seconds = open.map((queue) => view.window(queue).nextDue)
    return soonest(seconds, state.now)
  }
  const second = Math.floor(state.now / 1_000)
  if (request.limit < 1 || open.every((queue) => view.window(queue).first(1, second).length === 0)) {
    return { reservation: { jobs: [], nextDueMs: nextDue(), lost: false }, outrun: false }
  }
  const { mostAttempts } = await context.shape.read()
  const dropped: Dropped[] = []
  const reservation = await context.connection.transaction('reserve', async (transaction) => {
    dropped.length = 0
    return take(context, transaction, request, mostAttempts, open, view, second, dropped)
  })
  // Only what is reserved for good, or not to be had, leaves the line.
  for (const { window, ids, outrun } of dropped) {
    window.drop(ids)
    if (outrun) window.outrun()
  }
  const isOutrun = dropped.some(({ outrun }) => outrun)
  if (reservation.jobs.length < request.limit) reservation.nextDueMs = isOutrun ? 0 : nextDue()
  return { reservation, outrun: isOutrun && reservation.jobs.length === 0 && !reservation.lost }
}

/** What of one window's line was taken or was gone. */
interface Dropped {
  window: Window
  ids: Set<number>
  outrun: boolean
}

interface State {
  lease: boolean
  /** Queues that are not paused, in order; with their bounds where they may have to be looked through. */
  open: { queue: string; bounds: Bounds | null }[]
  /** Unix ms of the server's clock. */
  now: number
}

/**
 * One statement: the lease (place -1), how far each queue reaches and whether it is paused (-2 and below), and the jobs
 * that arrived in each since the last call, or all that wait in a short one (0 and above).
 */
async function arrivals(
  context: Context,
  { worker, names }: ReserveRequest,
  queues: readonly string[],
  view: View,
): Promise<State> {
  const { jobs, workers, queues: settings } = context.names
  const lease = sql`
    (select -1 as place, exists(select 1 from ${workers} where id = ${worker} and lease_until > ${nowMs(context)}) as id,
            ${nowMs(context)} as priority, (select max(id) from ${jobs}) as available_at)`
  const whole = queues.map((queue) => view.window(queue).short)
  const parts = queues.flatMap((queue, at) => [
    sql`
    (select ${-2 - at}, (select min(id) from ${jobs} where queue = ${queue}), (select max(id) from ${jobs} where queue = ${queue}),
            exists(select 1 from ${settings} where name = ${queue} and paused_at is not null))`,
    sql`
    (select ${at}, id, coalesce(priority, 0), available_at from ${jobs}
      where queue = ${queue} and id > ${whole[at] ? 0 : view.window(queue).arrivedAfter} and reserved_at is null and ${runnable(names)}
      order by id limit ${MOST_ARRIVALS})`,
  ])
  const [answer] = await context.connection.query('reserve', [joined([lease, ...parts], ' union all ')])
  const at = (place: number) => answer!.rows.filter((row) => Number(row.place) === place)
  const [head] = at(-1)
  const now = Number(head!.priority)
  const open: State['open'] = []
  const second = Math.floor(now / 1_000)
  for (const [place, queue] of queues.entries()) {
    const window = view.window(queue)
    const [row] = at(-2 - place)
    const bounds = {
      first: Number(row!.id ?? 0),
      last: Number(row!.priority ?? -1),
      top: Number(head!.available_at ?? 0),
    }
    window.short = bounds.last - bounds.first < SHORT
    const entries = at(place).map(entryOf)
    const isRead = whole[place]! && window.short
    if (isRead) window.read(entries, second, bounds.top)
    else window.arrived(entries, second)
    if (Number(row!.available_at) !== 1) open.push({ queue, bounds: isRead ? null : bounds })
  }
  return { lease: Number(head!.id) === 1, open, now }
}

/** Has the queue looked through where that is due; waits for it only where there is too little to take meanwhile. */
async function scanIfDue(
  context: Context,
  request: ReserveRequest,
  queue: string,
  bounds: Bounds,
  window: Window,
): Promise<void> {
  const span = bounds.last - bounds.first
  if (!window.needsScan(request.limit, span)) return
  const looked = window.lookedThrough(() => scanQueue(context, queue, request.names, window, bounds))
  if (window.hasDue(request.limit, span)) looked.catch(() => {})
  else await looked
}

async function take(
  context: Context,
  transaction: Transaction,
  request: ReserveRequest,
  mostAttempts: number,
  queues: readonly string[],
  view: View,
  second: number,
  dropped: Dropped[],
): Promise<Reservation> {
  const { names } = context
  const lease = sql`select id from ${names.workers} where id = ${request.worker} and lease_until > ${nowMs(context)} for update`
  const [held] = await transaction.run(lease)
  if (held!.rows.length === 0) {
    await transaction.rollback()
    return LOST
  }
  const taking = new Taking(request, mostAttempts)
  const flags = { keyed: false, crashed: false }
  for (const queue of queues) {
    const window = view.window(queue)
    const gone = new Set<number>()
    const drop: Dropped = { window, ids: gone, outrun: false }
    dropped.push(drop)
    let tries = 0
    for (; tries < MOST_TRIES && !taking.full; tries++) {
      // Where the first were gone, more are: another process takes from the same line.
      const count = Math.min(Math.max(taking.wanted, tries * CANDIDATES_MORE), MOST_CANDIDATES)
      const candidates = window.first(count, second, gone)
      if (candidates.length === 0) break
      const [rows, flagged] = await transaction.run(
        lockRows(context, queue, candidates, request.names),
        flagsQuery(context),
      )
      readFlags(flagged, flags)
      const passed = taking.add(inOrderOf(candidates, rows!.rows))
      markGone(candidates, rows!.rows, passed, taking.full, gone)
    }
    drop.outrun = !taking.full && gone.size > 0 && (tries === MOST_TRIES || window.isCut)
    if (taking.full) break
  }
  return reserveTaken(context, transaction, request.worker, mostAttempts, taking, [], flags)
}

/** By row id, checked again: somebody else may have taken, deleted or put off the job since it was seen. */
function lockRows(context: Context, queue: string, candidates: readonly Entry[], names: readonly string[]): Sql {
  const ids = candidates.map(({ id }) => id).sort((a, b) => a - b)
  return sql`
    select ${JOB_COLUMNS} from ${context.names.jobs} force index (primary)
     where ${among('id', ids)} and queue = ${queue} and reserved_at is null and available_at <= ${nowSecond(context)} and ${runnable(names)}
     order by id for update skip locked`
}

function inOrderOf(candidates: readonly Entry[], rows: readonly SqlRow[]): SqlRow[] {
  const byId = new Map<number, SqlRow>(rows.map((row) => [Number(row.id), row]))
  return candidates.map(({ id }) => byId.get(id)).filter((row) => row !== undefined)
}

/** Candidates that need no further look: those not to be had, and those up to the last one that was decided on. */
function markGone(
  candidates: readonly Entry[],
  rows: readonly SqlRow[],
  passed: SqlRow | undefined,
  full: boolean,
  gone: Set<number>,
): void {
  const had = new Set(rows.map(({ id }) => Number(id)))
  const last = passed === undefined ? -1 : candidates.findIndex(({ id }) => id === Number(passed.id))
  for (const [at, { id }] of candidates.entries()) {
    if (full && at > last) break
    if (at <= last || !had.has(id)) gone.add(id)
  }
}
