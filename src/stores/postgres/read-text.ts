import type { Sql } from '../sql/sql.ts'
import { storable } from './client.ts'

/**
 * A read and the time the server may take over it, as one text that goes and comes in one round trip. All of it is one
 * transaction, with whose end the setting is gone: nothing of it is left on a connection that a pooler gives to others. Values
 * stand in the text, since a message with values apart from it holds one statement only.
 */
export function timedRead({ text, values }: Sql, ms: number, { whole = false }: { whole?: boolean } = {}): string {
  const fit = storable(values)
  const read = text.reduce((all, part, at) => all + literal(fit[at - 1]) + part)
  return `${forLooks(ms)}${whole ? IN_ONE_GO : ''};
    ${read}`
}

/** Tables are read from their first page to their last, past the indexes: through a few pages of memory that are used again and again. */
const IN_ONE_GO = ['indexscan', 'indexonlyscan', 'bitmapscan']
  .map((way) => `, set_config('enable_${way}', 'off', true)`)
  .join('')

/**
 * What those that follow in the same transaction may take of the server: `ms` each, where no lower limit is set (for a role,
 * say), and one of its processes. Several would have an answer sooner, at the cost of workers who wait for a processor; nor is
 * code compiled for a look that takes some milliseconds itself.
 */
export function forLooks(ms: number): string {
  return `
    select set_config('max_parallel_workers_per_gather', '0', true), set_config('jit', 'off', true),
           case when current_setting('statement_timeout') = '0' or current_setting('statement_timeout')::interval > '${ms} ms'::interval
                then set_config('statement_timeout', '${ms}', true) end`
}

/**
 * A value as what it would be beside the text: a literal of no type, whose type is found where it stands. Quoted so that it
 * means the same whatever `standard_conforming_strings` says: quotes are doubled, and a text with a backslash says that it
 * doubles these. The space keeps it apart from what stands before.
 */
export function literal(value: unknown): string {
  if (value === null || value === undefined) return ' null'
  if (typeof value === 'number' || typeof value === 'boolean') return ` '${value}'`
  if (typeof value !== 'string') throw new TypeError(`a value of type ${typeof value} has no place in a statement`)
  const quoted = value.includes("'") ? value.replaceAll("'", "''") : value
  return quoted.includes('\\') ? ` E'${quoted.replaceAll('\\', '\\\\')}'` : ` '${quoted}'`
}
