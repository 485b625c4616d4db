import { FaenaError } from './errors.ts'
import { optionsIn, retryAfterOf, tableName, type UrlOptions, urlWith } from './url-options.ts'

/** A store's URL, read: the file of an embedded store, or the address of a server. */
export type StoreUrl =
  | { kind: 'sqlite'; path: string; options?: UrlOptions }
  | { kind: 'memory' }
  | { kind: 'postgres' | 'mysql'; url: string; options?: UrlOptions }
  | { kind: 'redis'; url: string }

const SCHEMES: Record<string, StoreUrl['kind']> = {
  sqlite: 'sqlite',
  file: 'sqlite',
  memory: 'memory',
  postgres: 'postgres',
  postgresql: 'postgres',
  mysql: 'mysql',
  mariadb: 'mysql',
  redis: 'redis',
  rediss: 'redis',
}

export const ALLOWED_URLS =
  'sqlite:PATH, file:PATH, postgres://, postgresql://, mysql://, mariadb://, redis://, rediss:// (user:password@host:port/database), memory:'

/**
 * Reads a store's URL: `sqlite:data/faena.db`, `sqlite:///var/lib/faena.db`, `sqlite::memory:`, `postgres://user@host/db`.
 * Faena's own parameters behind a question mark become `options`, and do not stand in `url` any more; what else is there is
 * for the database's client. Throws BAD_CONFIGURATION that names `setting`, never a password.
 */
export function parseUrl(url: string, setting = 'DATABASE_URL'): StoreUrl {
  const [, scheme, rest] = /^([a-z]+):(.*)$/is.exec(url.trim()) ?? []
  const kind = SCHEMES[scheme?.toLowerCase() ?? '']
  if (kind === undefined || rest === undefined) throw badUrl(setting, url, ALLOWED_URLS)
  if (kind === 'memory') return { kind }
  if (kind === 'redis') return { kind, url: serverUrl(url.trim(), setting) }
  if (kind !== 'sqlite') return { kind, ...withoutOptions(serverUrl(url.trim(), setting), kind, setting) }
  const [, before = '', query = ''] = /^([^?]*)\??(.*)$/s.exec(rest)!
  const path = decoded(before.replace(/^\/\//, ''))
  if (path === '') throw badUrl(setting, url, 'a path after the colon, as in sqlite:.faena/faena.db')
  const { options } = optionsIn(query, kind, setting)
  return { kind, path, ...given(options) }
}

/** A server's URL as its client takes it, and what it said to Faena. One that cannot be read is left to the client. */
export function withoutOptions(
  url: string,
  kind: 'postgres' | 'mysql',
  setting = 'url',
): { url: string; options?: UrlOptions } {
  const [before, query] = url.split(/\?(.*)/s, 2) as [string, string?]
  if (query === undefined) return { url }
  const { options, rest } = optionsIn(query, kind, setting)
  if (Object.keys(options).length === 0) return { url }
  return { url: rest === '' ? before : `${before}?${rest}`, options }
}

function given(options: UrlOptions): { options?: UrlOptions } {
  return Object.keys(options).length === 0 ? {} : { options }
}

/** A path as it stands in a URL: with what has a meaning of its own there encoded. */
export function asPath(path: string): string {
  return path.replace(/[%?#]/g, encodeURIComponent)
}

/** The URL as it may be shown: without its password. */
export function maskedUrl(url: string): string {
  return url.replace(/^([a-z]+:\/\/[^:@/?#]*):.*@/is, '$1:***@')
}

/**
 * The URL of Laravel's `DB_*` settings, for an application that shares its `.env`; undefined where none of them is given.
 * Throws BAD_CONFIGURATION for a connection that is none of Laravel's four, or that is not named.
 */
export function laravelUrl(env: Record<string, string | undefined>): string | undefined {
  const url = databaseUrl(env)
  const [table, seconds] = [env.DB_QUEUE_TABLE?.trim(), env.DB_QUEUE_RETRY_AFTER?.trim()]
  if (url === undefined || (!table && !seconds)) return url
  if (seconds && !/^\d+$/.test(seconds)) throw badUrl('DB_QUEUE_RETRY_AFTER', seconds, 'a whole number of seconds')
  const jobs = table === 'jobs' ? undefined : table
  if (jobs && url.startsWith('sqlite:')) throw badUrl('DB_QUEUE_TABLE', jobs, 'jobs, the only name on SQLite')
  const retryAfter = seconds ? retryAfterOf(`${Number(seconds)}s`, 'DB_QUEUE_RETRY_AFTER') : undefined
  const whole = urlWith(
    url,
    { tables: { ...(jobs && { jobs: tableName(jobs, 'DB_QUEUE_TABLE') }) }, retryAfter },
    false,
  )
  parseUrl(whole, 'DB_CONNECTION')
  return whole
}

function databaseUrl(env: Record<string, string | undefined>): string | undefined {
  const given = (name: string) => env[name]?.trim() || undefined
  const url = given('DB_URL')
  if (url !== undefined) {
    const plain = url.replace(/^pgsql:/, 'postgres:')
    parseUrl(plain, 'DB_URL')
    return plain
  }
  const connection = given('DB_CONNECTION')
  if (connection === undefined && ['DB_HOST', 'DB_PORT', 'DB_DATABASE'].every((name) => given(name) === undefined)) {
    return undefined
  }
  const scheme = LARAVEL[connection ?? '']
  if (scheme === undefined)
    throw badUrl('DB_CONNECTION', connection, `${Object.keys(LARAVEL).join(', ')} (or set DATABASE_URL)`)
  const database = given('DB_DATABASE')
  if (scheme === 'sqlite') return `sqlite:${asPath(database ?? 'database/database.sqlite')}`
  const user = encodeURIComponent(given('DB_USERNAME') ?? 'root')
  const password = given('DB_PASSWORD')
  const secret = password === undefined ? '' : `:${encodeURIComponent(password)}`
  const host = given('DB_HOST') ?? '127.0.0.1'
  const port = given('DB_PORT')
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) > 0 && Number(port) < 65_536)) {
    throw badUrl('DB_PORT', port, 'a whole number from 1 to 65535')
  }
  const address = `${host.includes(':') ? `[${host}]` : host}${port === undefined ? '' : `:${port}`}`
  return `${scheme}://${user}${secret}@${address}/${encodeURIComponent(database ?? 'laravel')}`
}

const LARAVEL: Record<string, string> = { sqlite: 'sqlite', pgsql: 'postgres', mysql: 'mysql', mariadb: 'mariadb' }

function serverUrl(url: string, setting: string): string {
  if (/^[a-z]+:\/\//i.test(url) && URL.canParse(url) && new URL(url).hostname !== '') return url
  const form =
    'scheme://user:password@host:port/database, with special characters encoded (# as %23, / as %2F, @ as %40)'
  throw badUrl(setting, url, form)
}

/** A path is read with or without percent signs encoded. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

function badUrl(name: string, value: string | undefined, allowed: string): FaenaError {
  const shown = value === undefined ? 'not set' : JSON.stringify(maskedUrl(value))
  return new FaenaError('BAD_CONFIGURATION', `${name} is ${shown}; allowed: ${allowed}`, {
    issues: [{ path: name, message: `allowed: ${allowed}` }],
  })
}
