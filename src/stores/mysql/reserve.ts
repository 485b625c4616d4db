import type { Reservation, ReservedJob, ReserveRequest } from '../../store.ts'
import { joined, raw, type Sql, sql } from '../sql/sql.ts'
import type { Answer, SqlRow } from './client.ts'
import type { Transaction } from './connection.ts'
import { type Context, nowMs, nowSecond } from './context.ts'
import { isJobOf } from './dialect.ts'
import { dueJobs, type Level, outlook, Taking } from './due.ts'
import type { Floors } from './floors.ts'
import { levelsQuery, outlookColumns, readLevels } from './levels.ts'
import { among } from './text.ts'

export const LOST: Reservation = { jobs: [], nextDueMs: null, lost: true }

/**
 * Takes due jobs of a table with our index, in two round trips: one looks and locks, one reserves and commits. A worker
 * that found nothing last time first looks with a single statement that locks nothing.
 */
export async function reserveInOrder(context: Context, request: ReserveRequest): Promise<Reservation> {
  const view = context.views.of(request.worker)
  const { floors } = view
  const queues = [...new Set(request.queues)]
  if (!view.expecting) {
    const seen = await look(context, request, queues, floors)
    if (seen) return seen
  }
  view.expecting = false
  const { mostAttempts } = await context.shape.read()
  try {
    const reservation = await context.connection.transaction('reserve', (transaction) =>
      take(context, transaction, request, queues, floors, mostAttempts),
    )
    if (reservation.jobs.length > 0) view.expecting = true
    return reservation
  } catch (error) {
    floors.lower()
    throw error
  }
}

/** The answer where nothing is due, or undefined where there may be something to take. */
async function look(
  context: Context,
  { worker, names }: ReserveRequest,
  queues: readonly string[],
  floors: Floors,
): Promise<Reservation | undefined> {
  const asked = queues.map((queue) => floors.levelsOf(queue))
  const lease = sql`exists(select 1 from ${context.names.workers} where id = ${worker} and lease_until > ${nowMs(context)}) as lease`
  const more = [lease, sql`${nowMs(context)} as now`, ...outlookColumns(context, queues, floors, names)]
  const { lowered } = floors
  const swept = queues.flatMap((queue, at) =>
    asked[at]!.filter((level) => floors.floorOf(queue, level) === null).map((level) => ({ queue, level })),
  )
  const from = performance.now()
  const [answer] = await context.connection.query('reserve', [levelsQuery(context, queues, floors, more)])
  const row = answer!.rows[0]!
  if (Number(row.lease) !== 1) return LOST
  for (const { queue, level } of swept) floors.swept(queue, level, performance.now() - from)
  if (!readLevels(row, queues, floors).complete) return undefined
  const nexts: unknown[] = []
  for (const [at, levels] of asked.entries()) {
    if (Number(row[`paused_${at}`]) === 1) continue
    for (const place of levels.keys()) {
      if (Number(row[`due_${at}_${place}`]) === 1) return undefined
      nexts.push(row[`next_${at}_${place}`])
      floors.rest(queues[at]!, levels[place]!, Number(row.second), lowered)
    }
  }
  return { jobs: [], nextDueMs: soonest(nexts, Number(row.now)), lost: false }
}

async function take(
  context: Context,
  transaction: Transaction,
  request: ReserveRequest,
  queues: readonly string[],
  floors: Floors,
  mostAttempts: number,
): Promise<Reservation> {
  // Repeated, where the server asks for it, from what is certain.
  floors.begin()
  const taking = new Taking(request, mostAttempts)
  const looking = new Looking(context, transaction, request.names, floors)
  const [levels, guess] = await looking.begin(request, queues)
  if (levels!.rows.length === 0) {
    await transaction.rollback()
    return LOST
  }
  let { groups, complete } = readLevels(levels!.rows[0]!, queues, floors)
  while (!complete) {
    const [more] = await transaction.run(levelsQuery(context, queues, floors))
    ;({ groups, complete } = readLevels(more!.rows[0]!, queues, floors))
  }
  for (const group of groups) {
    if (taking.full) break
    await looking.takeFrom(group, taking, guess, Number(levels!.rows[0]!.second))
  }
  const reservation = await reserveTaken(
    context,
    transaction,
    request.worker,
    mostAttempts,
    taking,
    groups.flat(),
    looking.flags,
  )
  floors.end()
  return reservation
}

interface Flags {
  /** There are unique keys that the taking of their job frees. */
  keyed: boolean
  /** There are jobs that crashed workers. */
  crashed: boolean
}

/** The looks of one reservation: which level, from where, and what they found. */
class Looking {
  readonly #context: Context
  readonly #transaction: Transaction
  readonly #names: readonly string[]
  readonly #floors: Floors
  readonly #lowered: number
  #guessed: { level: Level; from: number | null } | undefined
  readonly flags: Flags = { keyed: false, crashed: false }

  constructor(context: Context, transaction: Transaction, names: readonly string[], floors: Floors) {
    this.#context = context
    this.#transaction = transaction
    this.#names = names
    this.#floors = floors
    this.#lowered = floors.lowered
  }

  /** Lease and levels, and with them a first look at the level that most likely comes first. */
  async begin(request: ReserveRequest, queues: readonly string[]): Promise<Answer[]> {
    const { names } = this.#context
    // Whoever reclaims the worker's jobs waits until they are written, or finds none; and so does another reservation for it,
    // whose list is then made with these. The lock is on the worker's row alone: what the columns read is read as it stands.
    const lease = sql`from ${names.workers} where id = ${request.worker} and lease_until > ${nowMs(this.#context)} for update`
    const levels = levelsQuery(this.#context, queues, this.#floors, [], lease)
    const queue = queues.find((each) => this.#floors.levelsOf(each).length > 0)
    if (queue === undefined || request.limit < 1) return this.#transaction.run(levels)
    const level = { queue, priority: this.#floors.levelsOf(queue)[0]! }
    const floor = this.#floors.floorOf(queue, level.priority)
    this.#guessed = { level, from: floor ? null : performance.now() }
    const rows = dueJobs(this.#context, level, this.#names, floor, request.limit)
    const answers = await this.#transaction.run(levels, rows, flagsQuery(this.#context))
    readFlags(answers.at(-1), this.flags)
    if (this.#guessed.from !== null)
      this.#floors.swept(level.queue, level.priority, performance.now() - this.#guessed.from)
    return answers
  }

  async takeFrom(group: readonly Level[], taking: Taking, guess: Answer | undefined, second: number): Promise<void> {
    if (group.length > 1) {
      const found: SqlRow[] = []
      for (const level of group) found.push(...(await this.#rows(level, null, taking.wanted)))
      taking.add(found.sort(byDueTime))
      return
    }
    const level = group[0]!
    const { queue, priority } = level
    let rows: readonly SqlRow[]
    let wanted = taking.wanted
    let floor = this.#floors.floorOf(queue, priority)
    if (guess && this.#guessed && sameLevel(this.#guessed.level, level)) {
      rows = guess.rows
      floor = this.#guessed.from === null ? floor : null
    } else {
      rows = await this.#rows(level, floor, wanted)
    }
    if (floor && rows.length < wanted && this.#floors.worthSweeping(queue, priority))
      rows = await this.#rows(level, null, wanted)
    for (;;) {
      const passed = taking.add(rows)
      if (rows.length < wanted) {
        if (passed === rows.at(-1)) this.#floors.rest(queue, priority, second, this.#lowered)
        return
      }
      if (passed === undefined) return
      const next = { availableAt: Number(passed.available_at), id: Number(passed.id) }
      this.#floors.raise(queue, priority, next, rows.length, this.#lowered)
      if (taking.full) return
      // Rows of another runtime stood among ours: on behind them.
      wanted = taking.wanted
      rows = await this.#rows(level, next, wanted)
    }
  }

  async #rows(level: Level, floor: ReturnType<Floors['floorOf']>, limit: number): Promise<readonly SqlRow[]> {
    const from = performance.now()
    const statement = dueJobs(this.#context, level, this.#names, floor, limit)
    const [rows, flags] = await this.#transaction.run(statement, flagsQuery(this.#context))
    readFlags(flags, this.flags)
    if (!floor) this.#floors.swept(level.queue, level.priority, performance.now() - from)
    return rows!.rows
  }
}

/** Asked after the rows: a key or a crash that came before a row is then never overlooked. */
export function flagsQuery({ names }: Context): Sql {
  return sql`select exists(select 1 from ${names.locks} where until = 'processing') as keyed, exists(select 1 from ${names.reclaims}) as crashed`
}

export function readFlags(answer: Answer | undefined, flags: Flags): void {
  flags.keyed ||= Number(answer?.rows[0]?.keyed) === 1
  flags.crashed ||= Number(answer?.rows[0]?.crashed) === 1
}

/** Writes the reservation and commits; fetches with it what is still missing, and when the next job falls due. */
export async function reserveTaken(
  context: Context,
  transaction: Transaction,
  worker: number,
  mostAttempts: number,
  taking: Taking,
  levels: readonly Level[],
  flags: Flags,
): Promise<Reservation> {
  const { names } = context
  const jobs = taking.taken.map(({ job }) => job)
  const ids = jobs.map(({ id }) => id)
  const statements: Sql[] = []
  const asked: Partial<Record<'crashes' | 'payloads' | 'next', number>> = {}
  if (jobs.length > 0) {
    statements.push(sql`
      update ${names.jobs} force index (primary) set reserved_at = ${nowSecond(context)}, attempts = least(attempts + 1, ${mostAttempts}), reserved_by = ${worker}
       where ${among('id', ids)}`)
    statements.push(await heldStatement(context, transaction, worker, jobs))
    if (flags.keyed)
      statements.push(
        sql`delete l from ${names.locks} l force index (faena_locks_until) where l.until = 'processing' and ${among('l.job_id', ids)}`,
      )
    if (flags.crashed) {
      asked.crashes =
        statements.push(sql`
          select r.job_id, r.crashes from ${names.reclaims} r join ${names.jobs} j on j.id = r.job_id
           where ${among('r.job_id', ids)} and (r.uuid is null or ${isJobOf(raw('r.uuid'))})`) - 1
    }
    const large = taking.taken.filter(({ complete }) => !complete).map(({ job }) => job.id)
    if (large.length > 0) {
      asked.payloads = statements.push(sql`select id, payload from ${names.jobs} where ${among('id', large)}`) - 1
    }
  }
  if (taking.wanted > 0 && levels.length > 0) {
    const columns = levels.map((level, at) => sql`${outlook(context, level, []).next} as ${raw(`next_${at}`)}`)
    asked.next = statements.push(sql`select ${nowMs(context)} as now, ${joined(columns, ', ')}`) - 1
  }
  const answers = await transaction.commit(...statements)
  const byId = new Map(jobs.map((job) => [job.id, job]))
  for (const row of rowsAt(answers, asked.crashes)) byId.get(Number(row.job_id))!.crashes = Number(row.crashes)
  for (const row of rowsAt(answers, asked.payloads)) byId.get(Number(row.id))!.payload = String(row.payload)
  const [next] = rowsAt(answers, asked.next)
  const nextDueMs = next
    ? soonest(
        levels.map((_, at) => next[`next_${at}`]),
        Number(next.now),
      )
    : null
  return { jobs, nextDueMs, lost: false }
}

/** The list of what the worker holds, with these. Unknown once and for all where it was ever reserved for from elsewhere. */
async function heldStatement(
  context: Context,
  transaction: Transaction,
  worker: number,
  jobs: readonly ReservedJob[],
): Promise<Sql> {
  const list = (await context.held.with(jobs, context, transaction, worker)) ?? null
  return sql`update ${context.names.holds} set ids = if(ids is null, null, ${list}) where worker = ${worker}`
}

function rowsAt(answers: readonly Answer[], at: number | undefined): readonly SqlRow[] {
  return at === undefined ? [] : (answers[at]?.rows ?? [])
}

/** Ms from `now` to the first of these seconds. */
export function soonest(seconds: readonly unknown[], now: number): number | null {
  const known = seconds.filter((second) => second !== null && second !== undefined).map(Number)
  return known.length === 0 ? null : Math.max(0, Math.min(...known) * 1_000 - now)
}

function byDueTime(a: SqlRow, b: SqlRow): number {
  return Number(a.available_at) - Number(b.available_at) || Number(a.id) - Number(b.id)
}

function sameLevel(a: Level, b: Level): boolean {
  return a.queue === b.queue && a.priority === b.priority
}
