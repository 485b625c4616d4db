import { joined, raw, type Sql, sql } from '../sql/sql.ts'
import type { SqlRow } from './client.ts'
import { type Context, nowSecond } from './context.ts'
import { type Level, outlook } from './due.ts'
import type { Floors } from './floors.ts'
import { DUE_INDEX } from './shape.ts'

/** The state of some queues: which priorities they hold, and whether they are paused. */
export interface Levels {
  /** In the order jobs are taken; levels of one group (rows without priority, and priority 0) are merged by due time. */
  groups: Level[][]
  /** False: there are priorities that were not asked for, so others may be missing. */
  complete: boolean
}

/**
 * One row about the queues. Asking for the smallest priority above each known one finds every priority that is new, each
 * by a single step into the index; asking for all that there are would read the whole index.
 */
export function levelsQuery(
  context: Context,
  queues: readonly string[],
  floors: Floors,
  more: readonly Sql[] = [],
  from: Sql = raw(''),
): Sql {
  const { jobs, queues: settings } = context.names
  const columns = queues.flatMap((queue, at) => {
    const above = numbersOf(floors.levelsOf(queue)).map((level) => sql` and priority > ${level}`)
    return [
      sql`exists(select 1 from ${settings} where name = ${queue} and paused_at is not null) as ${raw(`paused_${at}`)}`,
      sql`exists(select 1 from ${jobs} force index (${raw(DUE_INDEX)}) where queue = ${queue} and priority is null) as ${raw(`none_${at}`)}`,
      ...[raw(''), ...above].map(
        (condition, place) =>
          sql`(select min(priority) from ${jobs} where queue = ${queue}${condition}) as ${raw(`level_${at}_${place}`)}`,
      ),
    ]
  })
  return sql`select ${joined([sql`${nowSecond(context)} as second`, ...columns, ...more], ', ')} ${from}`
}

/** Reads the answer, and remembers it for the next question. */
export function readLevels(row: SqlRow, queues: readonly string[], floors: Floors): Levels {
  const levels: Levels = { groups: [], complete: true }
  for (const [at, queue] of queues.entries()) {
    const known = floors.levelsOf(queue)
    const asked = numbersOf(known)
    const answers = [...asked.keys(), asked.length].map((place) => row[`level_${at}_${place}`])
    const found = [...new Set(answers.filter((each) => each !== null).map(Number))].sort((a, b) => a - b)
    const none = Number(row[`none_${at}`]) === 1
    if (found.some((level) => !asked.includes(level)) || (none && !known.includes(null))) levels.complete = false
    const all = inOrder(found, none)
    floors.foundLevels(queue, all)
    if (Number(row[`paused_${at}`]) === 1) continue
    for (const priority of all) {
      if (priority === 0 && all.includes(null)) levels.groups.at(-1)?.push({ queue, priority })
      else levels.groups.push([{ queue, priority }])
    }
  }
  return levels
}

/** Columns that tell, level by level, whether a job is due and when the next one will be. */
export function outlookColumns(
  context: Context,
  queues: readonly string[],
  floors: Floors,
  names: readonly string[],
): Sql[] {
  return queues.flatMap((queue, at) =>
    floors.levelsOf(queue).flatMap((priority, place) => {
      const { due, next } = outlook(context, { queue, priority }, names, floors.floorOf(queue, priority))
      return [sql`${due} as ${raw(`due_${at}_${place}`)}`, sql`${next} as ${raw(`next_${at}_${place}`)}`]
    }),
  )
}

/** `null` stands where 0 does. */
function inOrder(numbers: readonly number[], none: boolean): (number | null)[] {
  if (!none) return [...numbers]
  return [...numbers.filter((level) => level < 0), null, ...numbers.filter((level) => level >= 0)]
}

function numbersOf(levels: readonly (number | null)[]): number[] {
  return levels.filter((level) => level !== null)
}
