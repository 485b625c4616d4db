import type { Duration } from './duration.ts'
import { bad, configured, durationOf, oneOf } from './readers.ts'

/** Where the tables lie and what they are called; the defaults are Laravel's names, in the place the URL names. */
export interface Tables {
  /** PostgreSQL: the schema, `public` by default. MySQL: another database of the server. */
  schema?: string
  /** Of everything that is Faena's alone; default `faena_`. */
  prefix?: string
  jobs?: string
  failedJobs?: string
  jobBatches?: string
}

/** What the end of a store's URL may say of it, as options of the store. */
export interface UrlOptions extends Tables {
  retryAfterMs?: number
  notifications?: boolean
}

const TABLES: Record<keyof Tables, string> = {
  schema: 'schema',
  prefix: 'prefix',
  jobs: 'jobs',
  failedJobs: 'failed_jobs',
  jobBatches: 'job_batches',
}

type Kind = 'sqlite' | 'postgres' | 'mysql'

/** The parameters each kind of store takes from its URL. SQLite's tables have their names for good. */
const PARAMETERS: Record<Kind, readonly string[]> = {
  sqlite: ['retry_after'],
  postgres: [...Object.values(TABLES), 'retry_after', 'notifications'],
  mysql: [...Object.values(TABLES), 'retry_after'],
}

/** A third of it is how often `reserved_at` is renewed, in whole seconds. */
const SHORTEST_RETRY_AFTER_MS = 3_000
const LONGEST_RETRY_AFTER_MS = 365 * 86_400_000

/**
 * Takes the parameters that are Faena's out of a URL's query; what it leaves is for the database's client. Throws
 * BAD_CONFIGURATION for a value that is not allowed, for one that this kind of store does not have, and for a misspelt one.
 */
export function optionsIn(query: string, kind: Kind, setting: string): { options: UrlOptions; rest: string } {
  const rest = new URLSearchParams(query)
  const options: UrlOptions = {}
  for (const given of new Set(rest.keys())) {
    const name = PARAMETERS.postgres.find((known) => plain(known) === plain(given))
    if (name === undefined) continue
    const [value = '', ...more] = rest.getAll(given)
    const where = `${given} of ${setting}`
    if (!PARAMETERS[kind].includes(name) || name !== given)
      throw bad(`a parameter of ${setting}`, given, PARAMETERS[kind].join(', '))
    if (more.length > 0) throw bad(where, [value, ...more], 'one value')
    configured(() => Object.assign(options, read(name, value, where, kind)))
    rest.delete(given)
  }
  return { options, rest: rest.toString() }
}

/** The URL with these options at its end. What it says itself stays, unless `over`. */
export function urlWith(url: string, options: { tables?: Tables; retryAfter?: Duration }, over: boolean): string {
  const [before, query = ''] = url.split(/\?(.*)/s, 2) as [string, string?]
  const parameters = new URLSearchParams(query)
  const wanted: [string, string | undefined][] = [
    ...Object.entries(options.tables ?? {}).map(([key, value]): [string, string | undefined] => [
      TABLES[key as keyof Tables],
      value,
    ]),
    ['retry_after', options.retryAfter === undefined ? undefined : inUnits(options.retryAfter)],
  ]
  const missing = wanted.filter(([name, value]) => value !== undefined && (over || !parameters.has(name)))
  if (missing.length === 0) return url
  for (const [name, value] of missing) parameters.set(name, value!)
  return `${before}?${parameters}`
}

/** `tables` of a configuration, checked. */
export function tablesOf(value: unknown, name: string): Tables {
  if (typeof value !== 'object' || value === null)
    throw bad(name, value, `an object of ${Object.keys(TABLES).join(', ')}`)
  for (const [key, table] of Object.entries(value)) {
    if (!Object.hasOwn(TABLES, key)) throw bad(`a setting of ${name}`, key, Object.keys(TABLES).join(', '))
    tableName(table, `${key} of ${name}`)
  }
  return value
}

/** A `retry_after` as it was given, checked. */
export function retryAfterOf(value: unknown, name: string): Duration {
  durationOf(value, name, SHORTEST_RETRY_AFTER_MS, LONGEST_RETRY_AFTER_MS)
  return value as Duration
}

function read(name: string, value: string, where: string, kind: Kind): UrlOptions {
  if (name === 'retry_after') {
    return { retryAfterMs: durationOf(value, where, SHORTEST_RETRY_AFTER_MS, LONGEST_RETRY_AFTER_MS) }
  }
  if (name === 'notifications') return { notifications: oneOf(['true', 'false'], value, where) === 'true' }
  const key = Object.entries(TABLES).find(([, parameter]) => parameter === name)![0]
  // A database of MySQL's may have been named by anybody; its store looks at the name.
  return { [key]: kind === 'mysql' && name === 'schema' ? value : tableName(value, where) }
}

/** PostgreSQL's length; each store looks closer. */
export function tableName(value: unknown, name: string): string {
  if (typeof value === 'string' && /^[A-Za-z0-9_$]{1,63}$/.test(value)) return value
  throw bad(name, value, 'letters, digits, _ and $, at most 63')
}

function inUnits(duration: Duration): string {
  return typeof duration === 'number' ? `${duration}ms` : duration
}

/** What a slip of the hand leaves of a parameter's name. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, '')
}
