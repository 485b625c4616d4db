import { performance } from 'node:perf_hooks'
import { raw, type Sql, sql } from '../sql/sql.ts'
import type { SqlRow } from './client.ts'
import { type Context, nowSecond } from './context.ts'
import { runnable } from './due.ts'
import type { Entry, Window } from './window.ts'

/** Ids that one statement looks through, so that none takes long however large the table is. */
const IDS_PER_STEP = 250_000
/** From one id in so many on, reading the table in order is faster than looking up each row of the queue's index. */
const DENSE = 4
/** So few ids are read in no time either way. */
const FEW_IDS = 10_000

interface Place extends Entry {
  later: boolean
}

/** The smallest and the largest id of a queue, and the largest of the table. */
export interface Bounds {
  first: number
  last: number
  top: number
}

/**
 * Looks through all of a queue in a table without our index, in steps by row id, and gives the window the first in line:
 * those that are due by priority, due time and id, then the delayed by time. After the first step, the server sends only
 * what is better than the last one kept.
 */
export async function scanQueue(
  context: Context,
  queue: string,
  names: readonly string[],
  window: Window,
  { first, last, top }: Bounds,
): Promise<void> {
  const limit = window.limitFor(last - first)
  const from = performance.now()
  let best: Place[] = []
  for (let after = first - 1; after < last; after += IDS_PER_STEP) {
    const worst = best.length === limit ? best.at(-1) : undefined
    // The last step has no end at `last`: what commits meanwhile comes along.
    const step = { after, to: after + IDS_PER_STEP }
    const dense = await isDense(context, queue, { after, to: Math.min(step.to, top) })
    const statement = stepQuery(context, queue, names, { ...step, dense }, worst, limit)
    const [found] = await context.connection.query('common', [statement], { slow: true })
    best = merged(best, found!.rows.map(placeOf)).slice(0, limit)
  }
  window.scanned({
    due: best.filter(({ later }) => !later),
    delayed: best.filter(({ later }) => later),
    limit,
    lastId: top,
    ms: performance.now() - from,
  })
}

/** Row ids above `after`, up to `to`. */
interface Step {
  after: number
  to: number
}

/**
 * Whether many of these ids are the queue's. Left alone, the server takes the queue's index also where the table is four times
 * as fast.
 */
async function isDense(context: Context, queue: string, { after, to }: Step): Promise<boolean> {
  if (to - after < FEW_IDS) return false
  const many = Math.ceil((to - after) / DENSE)
  const seen = sql`
    select count(*) as found
      from (select id from ${context.names.jobs} where queue = ${queue} and id > ${after} and id <= ${to} limit ${many}) seen`
  const [counted] = await context.connection.query('common', [seen], { slow: true })
  return Number(counted!.rows[0]!.found) === many
}

function stepQuery(
  context: Context,
  queue: string,
  names: readonly string[],
  { after, to, dense }: Step & { dense: boolean },
  worst: Place | undefined,
  limit: number,
): Sql {
  const later = sql`(available_at > ${nowSecond(context)})`
  const line = sql`${later}, if(${later}, 0, coalesce(priority, 0)), available_at, id`
  const better = worst
    ? sql`and (${line}) < (${worst.later}, ${worst.later ? 0 : worst.priority}, ${worst.availableAt}, ${worst.id})`
    : raw('')
  return sql`
    select id, coalesce(priority, 0) as priority, available_at, ${later} as later from ${context.names.jobs} ${raw(dense ? 'force index (primary)' : '')}
     where queue = ${queue} and id > ${after} and id <= ${to} and reserved_at is null and ${runnable(names)} ${better}
     order by ${line} limit ${limit}`
}

export function entryOf(row: SqlRow): Entry {
  return { id: Number(row.id), priority: Number(row.priority), availableAt: Number(row.available_at) }
}

function placeOf(row: SqlRow): Place {
  return { ...entryOf(row), later: Number(row.later) === 1 }
}

/** Both are in line already. */
function merged(some: readonly Place[], more: readonly Place[]): Place[] {
  if (some.length === 0) return [...more]
  if (more.length === 0) return [...some]
  return [...some, ...more].sort(
    (a, b) =>
      Number(a.later) - Number(b.later) ||
      (a.later ? 0 : a.priority - b.priority) ||
      a.availableAt - b.availableAt ||
      a.id - b.id,
  )
}
