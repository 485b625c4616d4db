import { joined, raw, type Sql, sql } from '../sql/sql.ts'
import { SEPARATOR } from './client.ts'
import type { Names } from './names.ts'

/** How many values an outcome's writers take after the worker, or after its channel and number. */
const WRITTEN = 16

/**
 * The statements that come often, each one call of a function of ours. Their texts are made once for a store: between two lone
 * jobs a machine forgets what it knew, and a text that is put together each time costs such a job more than its insertion.
 */
export interface Calls {
  readonly push: Sql
  /** Payloads as an array, for texts that are empty or have the separator in them. */
  readonly pushArray: Sql
  readonly reserve: Sql
  readonly settle: Sql
  readonly writeOutcomes: Sql
}

export function callsOf(names: Names): Calls {
  const named = (name: string) => raw(names.own(name))
  const push = (payloads: Sql) => sql`select * from ${named('push_3')}(${places(4)}, ${payloads}, ${places(12)})`
  return {
    push: push(sql`string_to_array(${null}, chr(${raw(String(SEPARATOR.charCodeAt(0)))}))`),
    pushArray: push(sql`${null}::text[]`),
    reserve: sql`select * from ${named('reserve_5')}(${places(14)})`,
    settle: sql`select ${named('settle_3')}(${places(3 + WRITTEN)}) as answer`,
    writeOutcomes: sql`select ${named('write_outcomes_3')}(${places(1 + WRITTEN)}) as lost`,
  }
}

/** One of them with its values, in the order of the function's arguments. */
export function called({ text }: Sql, values: readonly unknown[]): Sql {
  // The server's word for it is that of a broken connection.
  if (values.length !== text.length - 1) throw new Error(`${values.length} values for ${text.length - 1} places`)
  return { text, values }
}

function places(count: number): Sql {
  return joined(
    Array.from({ length: count }, () => sql`${null}`),
    ', ',
  )
}
