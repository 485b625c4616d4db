/**
 * The part of the `pg` package that this store uses. A pool of the application's own fits if it has this form; the types
 * of `pg` itself are not needed by whoever uses Faena.
 */
export interface PgPool {
  connect(): Promise<PgClient>
  end(): Promise<void>
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'connect', listener: (client: PgClient) => void): unknown
  readonly totalCount?: number
  readonly idleCount?: number
  readonly waitingCount?: number
  readonly options?: { readonly max?: number }
}

export interface PgQueryable {
  query(query: PgQuery): Promise<PgResult>
}

export interface PgClient extends PgQueryable {
  /** With an error, the connection is closed and not used again. */
  release(error?: Error): void
  /** Whether the connection keeps the process from ending. */
  ref?(): void
  unref?(): void
  on(event: 'error', listener: (error: Error) => void): unknown
  removeListener(event: 'error', listener: (error: Error) => void): unknown
}

/** A connection beside the pool, for notifications. */
export interface PgListener extends PgQueryable {
  connect(): Promise<unknown>
  end(): Promise<void>
  on(event: 'error' | 'end' | 'notification', listener: (event?: unknown) => void): unknown
}

export interface PgQuery {
  /** The connection has the server keep the statement under this name, and sends its text once. */
  name?: string
  text: string
  values?: unknown[]
  types?: { getTypeParser(oid: number, format?: string): (value: string) => unknown }
}

export interface PgResult {
  rows: unknown[]
  rowCount: number | null
}

/** The module `pg` as far as it is used, loaded only when a URL or configuration asks for connections. */
export interface PgModule {
  Pool: new (config: Record<string, unknown>) => PgPool
  Client: new (config: Record<string, unknown>) => PgListener
}

const NUMBERS = new Set([20, 21, 23, 26, 700, 701, 1_700]) // int8, int2, int4, oid, float4, float8, numeric
const BOOLEAN = 16
const NUMBER_LISTS = new Set([1_007, 1_016]) // int4[], int8[]

/** Numbers as numbers (our ids fit), everything else as the server's own text: no time zone of this process gets in. */
export const types = {
  getTypeParser(oid: number): (value: string) => unknown {
    if (NUMBERS.has(oid)) return Number
    if (oid === BOOLEAN) return (value) => value === 't'
    if (NUMBER_LISTS.has(oid)) return (value) => JSON.parse(`[${value.slice(1, -1)}]`)
    return (value) => value
  },
}

/** An array parameter of texts, as PostgreSQL writes it; several times faster than the client's own. */
export function textArray(values: readonly (string | null)[]): string {
  let text = '{'
  let [last, quoted]: [string | undefined, string] = [undefined, '']
  for (let at = 0; at < values.length; at++) {
    const value = values[at]
    if (at > 0) text += ','
    if (value === null || value === undefined) {
      text += 'NULL'
      continue
    }
    // Queues and names are nearly always those of the job before.
    if (value !== last) [last, quoted] = [value, `"${value.replace(/["\\]/g, '\\$&')}"`]
    text += quoted
  }
  return `${text}}`
}

/**
 * Between the texts of a list in one text, at which the server cuts them: no JSON has it. Writing and reading a backslash before
 * each of their quotes, as in an array, would be a fifth of what a push costs.
 */
export const SEPARATOR = '\x1f'

/** An array parameter of numbers. */
export function numberArray(values: readonly (number | null)[]): string {
  return `{${values.map((value) => value ?? 'NULL').join(',')}}`
}

/**
 * Values without NUL in their texts, which PostgreSQL neither stores nor compares; its visible sign (U+2400) stands in for it,
 * in what is written as in what is looked for.
 */
export function storable(values: readonly unknown[]): unknown[] {
  const unfit = (value: unknown): value is string => typeof value === 'string' && value.includes('\0')
  if (!values.some(unfit)) return values as unknown[]
  return values.map((value) => (unfit(value) ? value.replaceAll('\0', '\u2400') : value))
}
