import { performance } from 'node:perf_hooks'
import { JOB_PREFIX, maxAttemptsOf, tryReadPayload } from '../../core/payload.ts'
import type { Reservation, ReservedJob, ReserveRequest } from '../../store.ts'
import { raw, sql } from '../sql/sql.ts'
import { called } from './calls.ts'
import { numberArray, SEPARATOR, textArray } from './client.ts'
import { type Context, givenMs, nowMs } from './context.ts'
import { unavailable } from './errors.ts'
import { isJobOf } from './payload-functions.ts'
import type { Place, ScanFloor } from './scan-floor.ts'

/** Rows of other runtimes whose payload only a JSON parser could place are remembered, the latest of them. */
const MOST_LEFT_ALONE = 1_000

/** Takes due jobs in one call. A second one follows only where a row without our columns had to be looked at here. */
export function reserving(context: Context) {
  const leftAlone = new Set<number>()
  const texts = { queues: remembered(queuesOnce), names: remembered(textArray), jobs: remembered(jobsNamed) }

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
    const asked = statement(context, texts, request, [...leftAlone], places)
    const [row] = await context.connection.query('lease', asked, { often: true })
    const answer = row as unknown as Answer
    const pairs = JSON.parse(`[${answer.pairs ?? ''}]`) as Pair[]
    const jobs = answer.ids === null ? [] : await afterTaking(() => reservedJobs(context, answer, pairs))
    // What a worker found that is lost already was taken by nobody, however far it looked.
    if (answer.lost) floor.lower()
    else {
      floor.learn({
        swept: places === undefined,
        places: pairs.map(([queue, priority, second, id]) => ({ queue, priority, second, id })),
        found: jobs.length,
        wanted: request.limit,
        us: answer.looked_us,
        now: performance.now(),
      })
    }
    const { next_due_ms: nextDueMs, lost, unclear } = answer
    if (unclear === null) return { jobs, nextDueMs, lost }
    jobs.push(...(await afterTaking(() => takeLookedAt(context, request, unclear, leftAlone))))
    return { jobs: inOrder(jobs, request.queues), nextDueMs, lost }
  }
}

function statement(
  context: Context,
  texts: Record<'queues' | 'names' | 'jobs', TextOf>,
  request: ReserveRequest,
  leftAlone: number[],
  places: readonly Place[] | undefined,
) {
  const { worker, queues, names, limit, maxBytes, singleTryLimit, defaultTries } = request
  const numbers = (of: (place: Place) => number) => (places ? numberArray(places.map(of)) : null)
  return called(context.calls.reserve, [
    worker,
    texts.queues(queues),
    texts.names(names),
    texts.jobs(names),
    limit,
    maxBytes,
    singleTryLimit,
    defaultTries,
    numberArray(leftAlone),
    places ? textArray(places.map(({ queue }) => queue)) : null,
    numbers(({ priority }) => priority),
    numbers(({ second }) => second),
    numbers(({ id }) => id),
    givenMs(context),
  ])
}

type TextOf = (list: readonly string[]) => string

/** Remembers the text of the last list: a worker asks with the same one each time. */
function remembered(textOf: TextOf): TextOf {
  let last: readonly string[] = []
  let text = textOf(last)
  return (list) => {
    if (list.length !== last.length || list.some((value, at) => value !== last[at])) {
      last = [...list]
      text = textOf(last)
    }
    return text
  }
}

/** A queue named twice must not give its jobs twice. */
function queuesOnce(queues: readonly string[]): string {
  return textArray([...new Set(queues)])
}

/**
 * What payloads say of the jobs with these names. The empty text keeps "not equal to any" apart from "cannot be told" where no
 * names are given.
 */
function jobsNamed(names: readonly string[]): string {
  return textArray(['', ...names.map((name) => JOB_PREFIX + name)])
}

/** Rows that were looked at here come in no order; that of the queue is theirs by what they say. */
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

/** What `reserve_5` answers: lists of equal length, in the queue's order, or null where nothing was taken. */
interface Answer {
  /** JSON lists, by comma; null where nothing was looked at. */
  pairs: string | null
  ids: number[] | null
  attempts: number[]
  /** -1 where the worker's own option decides. */
  max_attempts: number[]
  available_at: number[]
  created_at: number[]
  /** Null while no job has any. */
  crashes: number[] | null
  /** The empty text where a row has none. */
  names: string
  payloads: string
  unclear: number[] | null
  next_due_ms: number | null
  looked_us: number
  lost: boolean
}

/** Queue, priority, the second and id behind which the next look may begin, and how many jobs were taken from there. */
type Pair = [queue: string, priority: number, second: number, id: number, taken: number]

async function reservedJobs(context: Context, answer: Answer, pairs: readonly Pair[]): Promise<ReservedJob[]> {
  const ids = answer.ids!
  let names = listed(answer.names)
  let payloads = listed(answer.payloads)
  if (names.length !== ids.length || payloads.length !== ids.length) {
    const rows = await textsOf(context, ids)
    names = ids.map((id) => rows.get(id)?.name ?? '')
    payloads = ids.map((id) => rows.get(id)?.payload ?? '')
  }
  const jobs: ReservedJob[] = []
  for (const [queue, priority, , , taken] of pairs) {
    for (const end = jobs.length + taken; jobs.length < end; ) {
      const at = jobs.length
      const payload = payloads[at]!
      const name = names[at] === '' ? null : names[at]!
      const most = answer.max_attempts[at]!
      jobs.push({
        id: ids[at]!,
        queue,
        payload,
        attempts: answer.attempts[at]!,
        maxAttempts: most >= 0 ? most : name === null ? maxAttemptsOf(tryReadPayload(payload)) : null,
        name,
        priority,
        availableAt: answer.available_at[at]! * 1_000,
        createdAt: answer.created_at[at]! * 1_000,
        crashes: answer.crashes?.[at] ?? 0,
      })
    }
  }
  return jobs
}

/** A part of a longer text than this is copied, or a job that runs for hours would keep the texts of all that came with it. */
const LONG_TEXT = 256 * 1024

/** Texts as one. Those that say the same as the one before, as names nearly always do, share its memory. */
function listed(text: string): string[] {
  const list: string[] = []
  const isLong = text.length > LONG_TEXT
  let last = ''
  for (let from = 0; from <= text.length; ) {
    const end = from + last.length
    if (list.length > 0 && (end === text.length || text.charAt(end) === SEPARATOR) && text.startsWith(last, from)) {
      list.push(last)
      from = end + 1
      continue
    }
    const next = text.indexOf(SEPARATOR, from)
    last = next < 0 ? text.slice(from) : text.slice(from, next)
    if (isLong) last = Buffer.from(last).toString()
    list.push(last)
    from += last.length + 1
  }
  return list
}

/** Should this fail, jobs may be held of which the worker was never told. */
async function afterTaking<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    throw unavailable(`${text}; jobs may have been reserved`, error, true)
  }
}

/** For rows whose text has the separator in it. They are ours already. */
async function textsOf(context: Context, ids: number[]) {
  const rows = await context.connection.query(
    'lease',
    sql`select id, name, payload from ${raw(context.names.jobs)} where id = any(${numberArray(ids)}::bigint[])`,
  )
  return new Map(rows.map((row) => [row.id as number, row as { name: string | null; payload: string }]))
}

/** Takes those of the unclear rows that are ours after all, or that nobody can read; the others are left alone from now on. */
async function takeLookedAt(
  context: Context,
  { worker, names }: ReserveRequest,
  unclear: number[],
  leftAlone: Set<number>,
): Promise<ReservedJob[]> {
  const ours: number[] = []
  for (const [id, { payload }] of await textsOf(context, unclear)) {
    const job = tryReadPayload(payload)?.job
    if (job === undefined || (job.startsWith(JOB_PREFIX) && names.includes(job.slice(JOB_PREFIX.length)))) {
      ours.push(id)
    } else if (!job.startsWith(JOB_PREFIX)) {
      leftAlone.add(id)
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
       set reserved_at = ${nowMs(context)} / 1000, reserved_by = ${worker}, attempts = least(coalesce(j.attempts, 0)::integer + 1, 32767)
     where j.id = any(${numberArray(ours)}::bigint[]) and j.reserved_at is null and exists (select 1 from mine)
    returning j.id, j.queue, j.payload, j.attempts, j.max_attempts, j.name, coalesce(j.priority, 0) as priority,
              j.available_at, j.created_at, (select r.crashes from ${own('reclaims')} r
                where r.job_id = j.id and (r.uuid is null or ${raw(isJobOf('r.uuid'))})) as crashes`,
  )
  return taken.map((row): ReservedJob => {
    const payload = row.payload as string
    const name = row.name as string | null
    return {
      id: row.id as number,
      queue: row.queue as string,
      payload,
      attempts: row.attempts as number,
      maxAttempts: (row.max_attempts as number | null) ?? maxAttemptsOf(tryReadPayload(payload)),
      name,
      priority: row.priority as number,
      availableAt: (row.available_at as number) * 1_000,
      createdAt: (row.created_at as number) * 1_000,
      crashes: (row.crashes as number | null) ?? 0,
    }
  })
}
