import { FaenaError, notAllowed } from '../../core/errors.ts'
import { maskedUrl } from '../../core/url.ts'

/** A configuration of the `mysql2` package for one connection. */
export type MysqlConfig = Record<string, unknown> & { host?: string; port?: number; user?: string; database?: string }

/** What connections are made from. */
export interface Source {
  readonly config: MysqlConfig
  readonly database: string
  /** Host, port and database, for people: no password. */
  readonly shown: string
  /** Where the URL says that the tables are. */
  readonly names: { schema?: string; prefix?: string }
}

/**
 * `mysql://user:password@host:port/database`, with `ssl=true`, `ssl-mode=REQUIRED` (or another of MySQL's own words) or
 * `socketPath=/run/…` behind a question mark; `schema=app&prefix=queue_` there say where the tables are. Other parameters,
 * which other tools put there, are left alone.
 */
export function sourceOf(given: string | MysqlConfig): Source {
  const config = typeof given === 'string' ? fromUrl(given) : { ...given }
  const { host = 'localhost', port = 3306, database } = config
  if (typeof database !== 'string' || database === '') {
    throw new FaenaError(
      'BAD_CONFIGURATION',
      `The URL ${shownUrl(given)} names no database; allowed: mysql://user:password@host:port/database`,
    )
  }
  const names = typeof given === 'string' ? placeOf(new URL(given).searchParams) : {}
  return { config: { ...config, host, port }, database, shown: `${host}:${port}/${database}`, names }
}

function placeOf(parameters: URLSearchParams): Source['names'] {
  const [schema, prefix] = ['schema', 'prefix'].map((name) => parameters.get(name) ?? undefined)
  return { ...(schema && { schema }), ...(prefix && { prefix }) }
}

function fromUrl(text: string): MysqlConfig {
  const url = new URL(text)
  const { searchParams } = url
  const socketPath = searchParams.get('socketPath') ?? searchParams.get('socket')
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 3306 : Number(url.port),
    user: decodeURIComponent(url.username),
    ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
    database: decodeURIComponent(url.pathname.slice(1)),
    ...(socketPath ? { socketPath } : {}),
    ...encryption(searchParams),
  }
}

const MODES: Record<string, Record<string, unknown> | undefined> = {
  disabled: undefined,
  preferred: undefined,
  required: { rejectUnauthorized: false },
  verify_ca: { rejectUnauthorized: true },
  verify_identity: { rejectUnauthorized: true, verifyIdentity: true },
  true: { rejectUnauthorized: true, verifyIdentity: true },
  1: { rejectUnauthorized: true, verifyIdentity: true },
  false: undefined,
  0: undefined,
}

function encryption(parameters: URLSearchParams): { ssl?: Record<string, unknown> } {
  const name = ['ssl', 'ssl-mode', 'sslmode', 'sslMode'].find((each) => parameters.has(each))
  if (name === undefined) return {}
  const mode = parameters.get(name)!.toLowerCase().replace('-', '_')
  if (!(mode in MODES)) {
    throw notAllowed('BAD_CONFIGURATION', name, mode, 'true, false, DISABLED, REQUIRED, VERIFY_CA, VERIFY_IDENTITY')
  }
  return MODES[mode] ? { ssl: MODES[mode] } : {}
}

function shownUrl(given: string | MysqlConfig): string {
  return typeof given === 'string' ? maskedUrl(given) : 'the configuration'
}
