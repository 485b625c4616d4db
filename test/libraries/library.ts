import type { Store } from '../../src/store.ts'

export type DatabaseKind = 'postgres' | 'mysql' | 'sqlite'

/** What the tests need of a query builder or ORM, opened by its own means on a database of the test's own. */
export interface Library {
  /** Runs `work` in a transaction of the library's, which rolls back where it throws. */
  transaction(work: (tx: unknown, insert: (id: number) => Promise<unknown>) => Promise<void>): Promise<void>
  /** What is no transaction, and would commit each statement by itself. */
  readonly whole: unknown
  close(): Promise<void>
}

/** Where the library connects to, and where its table `cases` is. */
export interface Place {
  readonly kind: DatabaseKind
  /** A URL, or the path of a SQLite file. */
  readonly url: string
  /** `cases` with its schema before it, where it needs one. */
  readonly table: string
}

export type OpenLibrary = (place: Place) => Promise<Library>

/** A database with a store on it and the application's own table. */
export interface Given extends AsyncDisposable {
  readonly place: Place
  readonly store: Store
  /** What stands in `cases`. */
  cases(): Promise<number[]>
}
