import { CONFIG_FILE, type FaenaConfig } from './config.ts'
import type { Duration } from './duration.ts'
import { bad, oneOf, textOf } from './readers.ts'
import { asPath, laravelUrl, parseUrl } from './url.ts'
import { type Tables, urlWith } from './url-options.ts'

export interface ChosenStore {
  /** `database`, `sync` or the name of a configured connection; what `failed_jobs.connection` holds. */
  connection: string
  /** Whether jobs run at their dispatch. */
  sync: boolean
  /** Of the store; checked by its form alone, and not at all with `sync`, which opens none. */
  url: string
}

/** Which store: the named connection's, else DATABASE_URL, else `url`, else Laravel's DB_* where QUEUE_CONNECTION=database asks for it. */
export function chosenStore(
  env: Readonly<Record<string, string | undefined>>,
  file: FaenaConfig,
  setting: <T>(key: 'connection' | 'url', standard: T, read: (value: unknown, name: string) => T) => T,
  data: string,
  from: Record<string, string>,
): ChosenStore {
  const others = connectionsOf(file.connections)
  const names = ['database', 'sync', ...others.keys()]
  const connection = setting('connection', 'database', (value, name) => oneOf(names, value, name))
  const sync = connection === 'sync'
  const named = others.get(connection)
  if (named !== undefined) {
    from.url = CONFIG_FILE
    return { connection, sync, url: named }
  }
  const given = setting<string | undefined>('url', undefined, (value, name) => {
    if (!sync) parseUrl(textOf(value, name), name)
    return value as string
  })
  const shared = given === undefined && !sync && from.connection !== undefined ? laravelUrl(env) : undefined
  if (shared !== undefined) from.url = 'DB_CONNECTION'
  return { connection, sync, url: given ?? shared ?? `sqlite:${asPath(data)}/faena.db` }
}

/** What is said of every store becomes part of its URL, which processes and threads are given. */
export function withOptions(
  url: string,
  tables: Tables | undefined,
  retryAfter: Duration | undefined,
  isFromVariable: boolean,
): string {
  const { kind } = parseUrl(url)
  if (kind === 'memory' || kind === 'redis') return url
  if (kind === 'sqlite' && tables !== undefined && Object.keys(tables).length > 0)
    throw bad(`tables of ${CONFIG_FILE}`, tables, 'none for SQLite, whose tables have the names of Laravel')
  const whole = urlWith(urlWith(url, { tables }, false), { retryAfter }, isFromVariable)
  parseUrl(whole)
  return whole
}

function connectionsOf(connections: FaenaConfig['connections'] = {}): Map<string, string> {
  const found = new Map<string, string>()
  for (const [name, value] of Object.entries(connections)) {
    const where = `connections.${name} of ${CONFIG_FILE}`
    if (name === 'database' || name === 'sync')
      throw bad('a connection', name, `another name: ${name} stands for itself (use url)`)
    const url = textOf(typeof value === 'object' && value !== null ? value.url : value, where)
    parseUrl(url, where)
    found.set(name, url)
  }
  return found
}
