import type { AdminStore, AlertStore, QueueCounts } from '../../store.ts'
import { joined, raw, type Sql, sql } from '../sql/sql.ts'
import type { SqlRow } from './client.ts'
import { type Context, nowMs, nowSecond } from './context.ts'
import { readIds } from './held.ts'
import { DUE_INDEX } from './shape.ts'
import { among } from './text.ts'

/** In a table with fewer rows, reading all of them is over sooner than reading around them. */
const SMALL = 20_000
/** Delayed jobs of one line (a queue and a priority), and lines, up to which they are counted by themselves. */
const MANY = 20_000
const MOST_LINES = 20

type Counted = Pick<AdminStore, 'counts' | 'list' | 'oldestDue'> & Pick<AlertStore, 'overdue'>

/**
 * Counts of tables with our index. It knows nothing of reservations, so all jobs are counted in it, and those that workers
 * hold are taken off: a million waiting jobs are read from the index alone, without their payloads.
 */
export function counting(context: Context, exact: Counted): Counted {
  const { connection, names } = context
  const read = (statement: Sql) => connection.read(statement, { slow: true })

  const isSmall = async () => {
    if (!(await context.shape.read()).ordered) return true
    const [row] = await read(sql`select coalesce(max(id) - min(id), 0) as span from ${names.jobs}`)
    return Number(row!.span) < SMALL
  }

  /** Null where only the table knows: of a worker whose jobs were reserved from elsewhere. */
  const heldIds = async (): Promise<number[] | null> => {
    const lists = await read(sql`select ids from ${names.holds}`)
    return lists.some(({ ids }) => ids === null) ? null : lists.flatMap(({ ids }) => readIds(String(ids)))
  }

  return {
    async list(filter, page) {
      if (filter.status !== 'reserved' || filter.refs !== undefined || (await isSmall()))
        return exact.list(filter, page)
      const held = await heldIds()
      return exact.list(held === null ? filter : { ...filter, refs: held }, page)
    },

    async counts(): Promise<QueueCounts[]> {
      if (await isSmall()) return exact.counts()
      const due = sql`coalesce(sum(available_at <= ${nowSecond(context)}), 0) as due`
      const all =
        (await countedByLines()) ??
        (await read(sql`
        select queue, count(*) as amount, ${due} from ${names.jobs} force index (${raw(DUE_INDEX)}) group by queue`))
      const held = await heldIds()
      if (held === null) return exact.counts()
      const reserved =
        held.length === 0
          ? []
          : await read(
              sql`select queue, count(*) as amount, ${due} from ${names.jobs} where ${among('id', held)} and reserved_at is not null group by queue`,
            )
      const taken = new Map(reserved.map((row) => [String(row.queue), row]))
      return all.map((row) => countsOf(row, taken.get(String(row.queue)))).sort((a, b) => (a.queue < b.queue ? -1 : 1))
    },

    async oldestDue() {
      if (await isSmall()) return exact.oldestDue()
      const [row] = await firstDue(sql`available_at <= ${nowSecond(context)}`)
      if (!row) return undefined
      const availableAt = Number(row.available_at) * 1_000
      const ageMs = Math.max(0, Number(row.now) - availableAt)
      return { queue: String(row.queue), createdAt: Number(row.created_at) * 1_000, availableAt, ageMs }
    },

    async overdue(olderThanMs) {
      if (await isSmall()) return exact.overdue(olderThanMs)
      const isLate = sql`available_at < (${nowMs(context)} - ${olderThanMs}) / 1000`
      const oldest = new Map<string, number>()
      for (const { queue, available_at, now } of await firstDue(isLate)) {
        if (!oldest.has(String(queue))) oldest.set(String(queue), Number(now) - Number(available_at) * 1_000)
      }
      if (oldest.size === 0) return []
      const amounts = await read(
        sql`select queue, count(*) as amount from ${names.jobs} force index (${raw(DUE_INDEX)}) where ${isLate} group by queue`,
      )
      const held = await heldIds()
      if (held === null) return exact.overdue(olderThanMs)
      const reserved =
        held.length === 0
          ? []
          : await read(
              sql`select queue, count(*) as amount from ${names.jobs} where ${among('id', held)} and reserved_at is not null and ${isLate} group by queue`,
            )
      const taken = new Map(reserved.map(({ queue, amount }) => [String(queue), Number(amount)]))
      return amounts
        .map(({ queue, amount }) => ({
          queue: String(queue),
          count: Math.max(1, Number(amount) - (taken.get(String(queue)) ?? 0)),
        }))
        .flatMap((one) => (oldest.has(one.queue) ? [{ ...one, ageMs: oldest.get(one.queue)! }] : []))
        .sort((a, b) => (a.queue < b.queue ? -1 : 1))
    },
  }

  /**
   * Of each queue how many jobs there are and how many of them are due, reserved ones too. To compare the time of each row costs
   * half as much again as to count them; the ends of a line (a queue and a priority) tell that all of it is due, or nothing,
   * and what is delayed in the others is counted by itself. All of it is read by one statement, so as of one moment. Null where
   * too much is delayed for that, or a line has become one of the others since they were looked for.
   */
  async function countedByLines(): Promise<SqlRow[] | null> {
    const isDelayed = sql`available_at > ${nowSecond(context)}`
    const from = sql`from ${names.jobs} force index (${raw(DUE_INDEX)})`
    const ends = sql`
      select 'ends' as part, queue, priority, 0 as amount, min(available_at) > ${nowSecond(context)} as later,
             max(available_at) > ${nowSecond(context)} as some_later
        ${from} group by queue, priority`
    const mixed = (await read(ends)).filter(isMixed)
    if (mixed.length > MOST_LINES) return null
    const delayedIn = mixed.map(
      ({ queue, priority }) => sql`
        select 'delayed' as part, ${queue} as queue, ${priority} as priority, count(*) as amount, 0 as later, 0 as some_later
          from (select 1 ${from} where queue = ${queue} and priority <=> ${priority} and ${isDelayed} limit ${MANY}) of_line`,
    )
    const tooMany = (lines: readonly SqlRow[]) => lines.some(({ amount }) => Number(amount) === MANY)
    // Before all are counted in vain.
    if (mixed.length > 0 && tooMany(await read(joined(delayedIn, ' union all ')))) return null
    const all = sql`select 'all', queue, priority, count(*), 0, 0 ${from} group by queue, priority`
    const rows = await read(joined([ends, all, ...delayedIn], ' union all '))
    const part = (name: string) => rows.filter((row) => row.part === name)
    if (tooMany(part('delayed'))) return null
    const delayed = new Map(part('delayed').map((line) => [keyOf(line), Number(line.amount)]))
    if (part('ends').some((line) => isMixed(line) && !delayed.has(keyOf(line)))) return null
    const later = new Set(
      part('ends')
        .filter((line) => Number(line.later) === 1)
        .map(keyOf),
    )
    const queues = new Map<string, { queue: string; amount: number; due: number }>()
    for (const line of part('all')) {
      const [queue, amount, key] = [String(line.queue), Number(line.amount), keyOf(line)]
      const sum = queues.get(queue) ?? { queue, amount: 0, due: 0 }
      sum.amount += amount
      sum.due += later.has(key) ? 0 : amount - (delayed.get(key) ?? 0)
      queues.set(queue, sum)
    }
    return [...queues.values()]
  }

  /** Of each line of each queue that is not paused the first job that waits and is due so, the earliest first. */
  async function firstDue(isDue: Sql): Promise<SqlRow[]> {
    const lines = await read(sql`
      select queue, priority from ${names.jobs} force index (${raw(DUE_INDEX)}) group by queue, priority`)
    const firsts = lines.map(
      ({ queue, priority }) => sql`
        (select queue, created_at, available_at, id, ${nowMs(context)} as now from ${names.jobs} force index (${raw(DUE_INDEX)})
          where queue = ${queue} and priority <=> ${priority} and ${isDue} and reserved_at is null
            and ${queue} not in (select name from ${names.queues} where paused_at is not null)
          order by available_at, id limit 1)`,
    )
    if (firsts.length === 0) return []
    return read(sql`select * from (${joined(firsts, ' union all ')}) first_of_line order by available_at, id`)
  }
}

function countsOf(all: SqlRow, taken: SqlRow | undefined): QueueCounts {
  const reserved = Number(taken?.amount ?? 0)
  const due = Math.max(0, Number(all.due) - Number(taken?.due ?? 0))
  return { queue: String(all.queue), due, delayed: Math.max(0, Number(all.amount) - reserved - due), reserved }
}

/** Some of the line is due, some is not. */
function isMixed({ later, some_later }: SqlRow): boolean {
  return Number(some_later) === 1 && Number(later) === 0
}

function keyOf({ queue, priority }: SqlRow): string {
  return JSON.stringify([String(queue), priority === null ? null : Number(priority)])
}
