import { raw, type Sql } from '../sql/sql.ts'

/**
 * Statements as text, with their values written into them: the server then answers a whole transaction in one round trip,
 * which prepared statements cannot. A text is quoted in a form that means the same under every sql_mode: quotes are doubled,
 * and whatever holds a backslash or a NUL is written in hexadecimal. `foreign`: a connection of the application, whose
 * character set is not known, so that everything beyond ASCII is written in hexadecimal too.
 */
export function textOf({ text, values }: Sql, foreign = false): string {
  let all = text[0]!
  for (let at = 0; at < values.length; at++) all += literal(values[at], foreign) + text[at + 1]!
  return all
}

const UNSAFE = /[\\\0]/
// biome-ignore lint/suspicious/noControlCharactersInRegex: what is not printable ASCII is what is looked for
const UNSAFE_ABROAD = /[\\\x00-\x1f\x7f-\uffff]/

export function literal(value: unknown, foreign = false): string {
  if (typeof value === 'string') {
    if (!(foreign ? UNSAFE_ABROAD : UNSAFE).test(value))
      return `'${value.includes("'") ? value.replaceAll("'", "''") : value}'`
    return `_utf8mb4 x'${Buffer.from(value, 'utf8').toString('hex')}'`
  }
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  if (typeof value === 'boolean') return value ? '1' : '0'
  throw new TypeError(`a value of type ${typeof value} has no place in a statement`)
}

/** A list longer than this is not looked up id by id any more: MariaDB would read the table (in_predicate_conversion_threshold). */
const IDS_PER_LIST = 900

/**
 * Whether the column is one of these ids. Statements that lock rows name the index as well: in a short table the server
 * would rather read, and lock, all of it.
 */
export function among(column: string, ids: readonly number[]): Sql {
  for (const id of ids) if (!Number.isSafeInteger(id)) throw new TypeError(`${id} is not an id`)
  if (ids.length === 0) return raw('1 = 0')
  const lists: string[] = []
  for (let at = 0; at < ids.length; at += IDS_PER_LIST) {
    lists.push(`${column} in (${ids.slice(at, at + IDS_PER_LIST).join(',')})`)
  }
  return raw(lists.length === 1 ? lists[0]! : `(${lists.join(' or ')})`)
}

/** `'a', 'b', 'c'`, for `in (…)`; `null`, which nothing equals, where there is none. */
export function valueList(values: readonly (string | number)[]): Sql {
  if (values.length === 0) return raw('null')
  return { text: ['', ...Array<string>(values.length - 1).fill(', '), ''], values }
}

/** `(…), (…)` for `values`; a value that is itself SQL is put in as such. */
export function rowList(rows: readonly (readonly unknown[])[]): Sql {
  const text = ['']
  const values: unknown[] = []
  for (const [at, row] of rows.entries()) {
    text[text.length - 1] += at === 0 ? '(' : ', ('
    for (const [place, value] of row.entries()) {
      if (place > 0) text[text.length - 1] += ', '
      if (isSql(value)) {
        text[text.length - 1] += value.text[0]!
        text.push(...value.text.slice(1))
        values.push(...value.values)
      } else {
        values.push(value)
        text.push('')
      }
    }
    text[text.length - 1] += ')'
  }
  return { text, values }
}

function isSql(value: unknown): value is Sql {
  return typeof value === 'object' && value !== null && Array.isArray((value as Sql).text)
}

/** An identifier in MySQL's quotes. Names are validated before they come here. */
export function quoted(name: string): string {
  return `\`${name}\``
}
