import { FaenaError } from '../core/errors.ts'
import type { Store } from '../store.ts'

export interface StoreOptions {
  timezone?: string
  connection?: string
  timeoutMs?: number
  /** False: a store that brings its tables up to date when it opens (SQLite does) leaves them as they are. */
  migrate?: boolean
}

/** Schemes of store URLs that this version opens, for messages. */
export const STORE_SCHEMES = 'sqlite:PATH, file:PATH, memory:'

/**
 * Opens the store a URL names; a database's code is loaded only when its URL asks for it. Throws BAD_CONFIGURATION for any
 * other URL.
 */
export async function openStore(url: string, options: StoreOptions = {}): Promise<Store> {
  const store = await storeFor(url, options)
  await store.open()
  return store
}

async function storeFor(url: string, options: StoreOptions): Promise<Store> {
  const [, scheme, rest] = /^([a-z]+):(.*)$/s.exec(url) ?? []
  switch (scheme) {
    case 'sqlite':
    case 'file': {
      const { sqliteStore } = await import('./sqlite/store.ts')
      return sqliteStore({ path: sqlitePath(rest!), ...options })
    }
    case 'memory': {
      const { memoryStore } = await import('./memory/store.ts')
      return memoryStore(options)
    }
  }
  throw new FaenaError('BAD_CONFIGURATION', `DATABASE_URL is ${shownUrl(url)}; allowed: ${STORE_SCHEMES}`, {
    issues: [{ path: 'DATABASE_URL', message: `allowed: ${STORE_SCHEMES}` }],
  })
}

/** `sqlite:a/b.db`, `sqlite:///abs/b.db`, `file:/abs/b.db`, `sqlite::memory:`. */
function sqlitePath(rest: string): string {
  const path = decodeURIComponent(rest.startsWith('//') ? rest.slice(2) : rest).replace(/\?.*$/, '')
  if (path === '')
    throw new FaenaError(
      'BAD_CONFIGURATION',
      'DATABASE_URL names no file; allowed: sqlite:PATH, such as sqlite:.faena/faena.db',
    )
  return path
}

/** Without the password, should it have one. */
function shownUrl(url: string): string {
  return url.replace(/\/\/([^:@/]*):[^@]*@/, '//$1:***@')
}
