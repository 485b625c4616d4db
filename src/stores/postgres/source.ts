import { FaenaError } from '../../core/errors.ts'
import type { PgListener, PgModule, PgPool } from './client.ts'
import type { Lane } from './connection.ts'

/** Where connections come from: made here from a URL or a configuration, or taken from a pool of the application. */
export interface Source {
  /** Host, port and database, for people: no password. */
  readonly shown: string
  /** Whether the pools are ours to close. */
  readonly ours: boolean
  pool(lane: Lane): Promise<PgPool>
  /** A connection beside the pools; undefined where there is only a pool of the application. */
  listener?(): Promise<PgListener>
}

/** A configuration of the `pg` package, or a URL. */
export type PgConfig = Record<string, unknown> & { connectionString?: string }

const MOST: Record<Lane, number> = { lease: 3, common: 5 }
const IDLE_MS = 300_000

/** Pools made from plain configuration. `pg` is loaded with the first connection. */
export function ownSource(config: PgConfig, timeoutMs: number): Source {
  const full = {
    application_name: 'faena',
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    connectionTimeoutMillis: timeoutMs,
    idleTimeoutMillis: IDLE_MS,
    // An idle connection of ours never keeps a script from ending.
    allowExitOnIdle: true,
    ...config,
  }
  return {
    shown: shownServer(config),
    ours: true,
    async pool(lane) {
      const { Pool } = await loadClient()
      return calmed(new Pool({ ...full, max: MOST[lane] }))
    },
    async listener() {
      const { Client } = await loadClient()
      return new Client(full)
    },
  }
}

/** The application's pool: its size, its life and its credentials are the application's affair. */
export function poolSource(pool: PgPool): Source {
  calmed(pool)
  return { shown: shownServer((pool.options ?? {}) as PgConfig), ours: false, pool: async () => pool }
}

/**
 * An event `error` that nobody listens to would end the process. An idle connection that breaks is taken out of the pool by
 * itself. One that breaks in the very moment in which it is made (its last words come together with its first) has no
 * listener of the pool's any more and none of ours yet.
 */
function calmed(pool: PgPool): PgPool {
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

async function loadClient(): Promise<PgModule> {
  try {
    const module = (await import('pg')) as unknown as { default?: PgModule } & PgModule
    return module.default ?? module
  } catch (cause) {
    throw new FaenaError('BAD_CONFIGURATION', 'PostgreSQL needs the package pg; run: npm install pg', { cause })
  }
}

function shownServer(config: PgConfig): string {
  if (typeof config.connectionString === 'string') {
    try {
      const { hostname, port, pathname } = new URL(config.connectionString)
      return `${hostname || 'localhost'}:${port || 5432}${pathname}`
    } catch {
      return 'the configured URL'
    }
  }
  const { host = 'localhost', port = 5432, database = '' } = config
  return `${String(host)}:${String(port)}/${String(database)}`
}
