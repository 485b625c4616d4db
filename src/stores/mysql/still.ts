import { sql } from '../sql/sql.ts'
import type { Context } from './context.ts'

/** A read that is over sooner than this is made anew each time. */
const CHEAP_MS = 15
/**
 * A table is taken to stand still once its last change is so old. MariaDB notes when the transaction began that changed it, to
 * the second; two that began in one second look alike, and one of them may have ended before the read and the other after.
 */
const STILL_S = 10
/** Hence nothing is kept for longer than this, unless it is said otherwise. */
const KEPT_MS = 10_000

export interface StillOptions {
  /** How long it may be kept, in ms. Default 10,000. */
  keptMs?: number
  cheapMs?: number
  stillSeconds?: number
  /** Ms that only ever grow. */
  clock?: () => number
}

/**
 * A costly read of one table, which is not made again while the server says that nobody has changed the table since, whoever
 * it was: Faena, an application in PHP or somebody by hand. A transaction that began in the second of the last change, and was
 * open for more than ten, may be missed for as long as something is kept. Only MariaDB says it at once; MySQL keeps what it says for a day.
 */
export function whileStill<T>(
  { connection, names }: Context,
  table: string,
  read: () => Promise<T>,
  { keptMs = KEPT_MS, cheapMs = CHEAP_MS, stillSeconds = STILL_S, clock = () => performance.now() }: StillOptions = {},
): () => Promise<T> {
  let costMs = 0
  let kept: { value: T; table: string; from: number } | undefined

  /** What changes with it; null where it was changed of late, or nobody knows, as after a start of the server. A truncation tells by the rows. */
  const stillTable = async () => {
    const rows = await connection.read(
      sql`select concat(update_time, ' ', table_rows) as as_it_is from information_schema.tables
           where table_schema = ${names.schema} and table_name = ${table} and version() like '%mariadb%'
             and unix_timestamp() - unix_timestamp(update_time) >= ${stillSeconds}`,
      { lookUp: true },
    )
    return rows.length === 0 ? null : String(rows[0]!.as_it_is)
  }

  return async () => {
    const from = clock()
    const still = costMs < cheapMs ? null : await stillTable()
    if (kept && kept.table === still && from - kept.from < keptMs) return kept.value
    const began = clock()
    const value = await read()
    costMs = clock() - began
    kept = still === null ? undefined : { value, table: still, from }
    return value
  }
}
