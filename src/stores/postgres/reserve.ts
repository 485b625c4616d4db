import { performance } from 'node:perf_hooks'
import { JOB_PREFIX, maxAttemptsOf, tryReadPayload } from '../../core/payload.ts'
import type { Reservation, ReservedJob, ReserveRequest } from '../../store.ts'
import type { SqlRow } from '../sql/rows.ts'
import { raw, sql } from '../sql/sql.ts'
import { numberArray, textArray } from './client.ts'
import { type Context, givenMs, nowMs } from './context.ts'
import { isJobOf } from './payload-functions.ts'
import type { Place, ScanFloor } from './scan-floor.ts'

const TAKEN = 1
const UNCLEAR = 2
const PLACE = 3

/** Rows of other runtimes whose payload only a JSON parser could place are remembered, the latest of them. */
const MOST_LEFT_ALONE = 1_000

/** Takes due jobs in one call. A second one follows only where a row without our columns had to be looked at here. */
export function reserving(context: Context) {
  const leftAlone = new Set<number>()

  return async function reserve(request: ReserveRequest): Promise<Reservation> {
    const floor = context.floors.of(request)
    const places = floor.places(performance.now())
    const reservation = await look(request, floor, places)
    const tooFew = reservation.jobs.length < request.limit && !reservation.lost
    if (places === undefined || !tooFew) return reservation
    if (reservation.jobs.length === 0 && floor.mayHaveMissed) return look(request, floor, undefined)
    const nextDueMs = Math.min(reservation.nextDueMs ?? Number.POSITIVE_INFINITY, floor.restMs(performance.now()))
    return { ...reservation, nextDueMs }
  }

  async function look(
    request: ReserveRequest,
    floor: ScanFloor,
    places: readonly Place[] | undefined,
  ): Promise<Reservation> {
    const rows = await context.connection.query('lease', statement(context, request, [...leftAlone], places))
    const answer = rows.at(-1)!
    const jobs = rows.filter((row) => row.part === TAKEN).map(reservedJob)
    floor.learn({
      swept: places === undefined,
      places: rows.filter((row) => row.part === PLACE).map(placeOf),
      found: jobs.length,
      wanted: request.limit,
      us: answer.looked_us as number,
      now: performance.now(),
    })
    const unclear = rows.filter((row) => row.part === UNCLEAR)
    if (unclear.length > 0) jobs.push(...(await takeLookedAt(context, request, unclear, leftAlone)))
    return {
      jobs: inOrder(jobs, request.queues),
      nextDueMs: answer.next_due_ms as number | null,
      lost: answer.lost as boolean,
    }
  }
}

function statement(
  context: Context,
  request: ReserveRequest,
  leftAlone: number[],
  places: readonly Place[] | undefined,
) {
  const { worker, names, limit, maxBytes, singleTryLimit, defaultTries } = request
  // A queue named twice must not give its jobs twice.
  const queues = [...new Set(request.queues)]
  const numbers = (of: (place: Place) => number) => (places ? numberArray(places.map(of)) : null)
  return sql`select * from ${raw(context.names.own('reserve_1'))}(
    ${worker}, ${textArray(queues)}, ${textArray(names)}, ${limit}, ${maxBytes}, ${singleTryLimit}, ${defaultTries},
    ${numberArray(leftAlone)}, ${places ? textArray(places.map(({ queue }) => queue)) : null}, ${numbers(({ priority }) => priority)},
    ${numbers(({ second }) => second)}, ${numbers(({ id }) => id)}, ${givenMs(context)})`
}

function placeOf(row: SqlRow): Place {
  return {
    queue: row.queue as string,
    priority: row.priority as number,
    second: row.available_at as number,
    id: row.id as number,
  }
}

/** Rows come in the order in which they lie in the table; the order of the queue is theirs by what they say. */
function inOrder(jobs: ReservedJob[], queues: readonly string[]): ReservedJob[] {
  const place = new Map<string, number>()
  for (const queue of queues) if (!place.has(queue)) place.set(queue, place.size)
  return jobs.sort(
    (a, b) =>
      place.get(a.queue)! - place.get(b.queue)! ||
      a.priority - b.priority ||
      a.availableAt - b.availableAt ||
      a.id - b.id,
  )
}

function reservedJob(row: SqlRow): ReservedJob {
  const payload = row.payload as string
  const name = row.name as string | null
  return {
    id: row.id as number,
    queue: row.queue as string,
    payload,
    attempts: row.attempts as number,
    maxAttempts: (row.max_attempts as number | null) ?? (name === null ? maxAttemptsOf(tryReadPayload(payload)) : null),
    name,
    priority: row.priority as number,
    availableAt: (row.available_at as number) * 1_000,
    createdAt: (row.created_at as number) * 1_000,
    crashes: (row.crashes as number | null) ?? 0,
  }
}

/** Takes those of the unclear rows that are ours after all, or that nobody can read; the others are left alone from now on. */
async function takeLookedAt(
  context: Context,
  { worker, names }: ReserveRequest,
  rows: SqlRow[],
  leftAlone: Set<number>,
): Promise<ReservedJob[]> {
  const ours: number[] = []
  for (const row of rows) {
    const job = tryReadPayload(row.payload as string)?.job
    if (job === undefined || (job.startsWith(JOB_PREFIX) && names.includes(job.slice(JOB_PREFIX.length)))) {
      ours.push(row.id as number)
    } else if (!job.startsWith(JOB_PREFIX)) {
      leftAlone.add(row.id as number)
    }
  }
  for (const id of leftAlone) {
    if (leftAlone.size <= MOST_LEFT_ALONE) break
    leftAlone.delete(id)
  }
  if (ours.length === 0) return []
  const { jobs, own } = { jobs: raw(context.names.jobs), own: (name: string) => raw(context.names.own(name)) }
  const taken = await context.connection.query(
    'lease',
    sql`
    with mine as (
      select 1 from ${own('workers')} where id = ${worker} and lease_until > ${nowMs(context)} for key share
    ), listed as (
      update ${own('holds')} set ranges = ranges || ${numberArray(ours.flatMap((id) => [id, id]))}::bigint[] where worker = ${worker} and exists (select 1 from mine)
    )
    update ${jobs} j
       set reserved_at = ${nowMs(context)} / 1000, reserved_by = ${worker}, attempts = least(j.attempts::integer + 1, 32767)
     where j.id = any(${numberArray(ours)}::bigint[]) and j.reserved_at is null and exists (select 1 from mine)
    returning j.id, j.queue, j.payload, j.attempts, j.max_attempts, j.name, coalesce(j.priority, 0) as priority,
              j.available_at, j.created_at, (select r.crashes from ${own('reclaims')} r
                where r.job_id = j.id and (r.uuid is null or ${raw(isJobOf('r.uuid'))})) as crashes`,
  )
  return taken.map(reservedJob)
}
