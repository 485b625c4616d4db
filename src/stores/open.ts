import { FaenaError } from '../core/errors.ts'
import { parseUrl } from '../core/url.ts'
import type { Store } from '../store.ts'

export interface StoreOptions {
  timezone?: string
  connection?: string
  timeoutMs?: number
  /** False: a store that brings its tables up to date when it opens (SQLite does) leaves them as they are. */
  migrate?: boolean
}

/**
 * Opens the store a URL names; a database's code is loaded only when its URL asks for it. Throws BAD_CONFIGURATION for a
 * URL that is not allowed, UNSUPPORTED for a store that this version does not have.
 */
export async function openStore(url: string, options: StoreOptions = {}): Promise<Store> {
  const store = await storeFor(url, options)
  await store.open()
  return store
}

async function storeFor(url: string, options: StoreOptions): Promise<Store> {
  const parsed = parseUrl(url)
  switch (parsed.kind) {
    case 'sqlite': {
      const { sqliteStore } = await import('./sqlite/store.ts')
      return sqliteStore({ path: parsed.path, ...options, ...parsed.options })
    }
    case 'postgres': {
      const { postgresStore } = await import('./postgres/store.ts')
      return postgresStore({ url: parsed.url, ...options, ...parsed.options })
    }
    case 'mysql': {
      const { mysqlStore } = await import('./mysql/store.ts')
      return mysqlStore({ url: parsed.url, ...options, ...parsed.options })
    }
    case 'memory': {
      const { memoryStore } = await import('./memory/store.ts')
      return memoryStore(options)
    }
    default:
      throw new FaenaError('UNSUPPORTED', `This version of Faena has no ${parsed.kind} store yet; use sqlite:PATH`)
  }
}
