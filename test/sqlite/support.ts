import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync, type DatabaseSyncOptions } from 'node:sqlite'
import type { Store } from '../../src/store.ts'
import { type SqliteOptions, sqliteStore } from '../../src/stores/sqlite/store.ts'

/** A folder for the files of one case; `await using` closes what was opened in it and takes it away. */
export interface TestFolder extends AsyncDisposable {
  readonly path: string
  /** The file that is meant where none is named. */
  readonly file: string
  /** A store on the file, not opened yet. */
  store(options?: Partial<SqliteOptions>): Store
  opened(options?: Partial<SqliteOptions>): Promise<Store>
  /** A connection of the application's own. */
  database(options?: DatabaseSyncOptions, file?: string): DatabaseSync
}

export async function testFolder(): Promise<TestFolder> {
  const path = await mkdtemp(join(tmpdir(), 'faena-sqlite-'))
  const file = join(path, 'faena.db')
  const stores: Store[] = []
  const databases: DatabaseSync[] = []
  const store = (options: Partial<SqliteOptions> = {}) => {
    const made = sqliteStore({ path: file, ...options })
    stores.push(made)
    return made
  }
  return {
    path,
    file,
    store,
    async opened(options) {
      const made = store(options)
      await made.open()
      return made
    },
    database(options = {}, named = file) {
      const made = new DatabaseSync(named, options)
      databases.push(made)
      return made
    },
    async [Symbol.asyncDispose]() {
      for (const each of databases) if (each.isOpen) each.close()
      for (const each of stores) await each.close()
      await rm(path, { recursive: true, force: true })
    },
  }
}

/** Lets everything that is ready run, without a wait. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

export function numberOf(database: DatabaseSync, sql: string): number {
  const statement = database.prepare(sql)
  statement.setReturnArrays(true)
  return Number((statement.get() as unknown as [number])[0])
}
