import type { Store } from '../../src/store.ts'
import type { TestClock } from './clock.ts'
import type { RawTables } from './raw.ts'

/** One store with data of its own, opened and migrated, and what a test needs beside the contract. */
export interface Harness {
  readonly store: Store
  /** The only clock the store knows. */
  readonly clock: TestClock
  readonly raw: RawTables
  /** A further connection to the same data, as another process would have; closed with the harness. */
  second(): Promise<Store>
  /** Opens a transaction of the application's own on the same data. Left out by stores that have none. */
  begin?(): Promise<Transaction>
  /** Closes everything and takes the data away. */
  close(): Promise<void>
}

export interface Transaction {
  /** What `push` and `settle` take as `tx`. */
  readonly tx: unknown
  commit(): Promise<void>
  rollback(): Promise<void>
}

export interface HarnessOptions {
  /** The zone `failed_at` is in; UTC unless given. */
  timezone?: string
  /** What failed jobs carry as their connection. */
  connection?: string
}
