import { performance } from 'node:perf_hooks'
import { wallClock } from '../../core/wallclock.ts'
import type { Store } from '../../store.ts'
import { accounting } from '../sql/accounts.ts'
import { alerting } from '../sql/alerts.ts'
import { auditing } from '../sql/audit.ts'
import { operating } from '../sql/operations.ts'
import { sqlReads } from '../sql/reads.ts'
import { RetryAfter } from '../sql/retry-after.ts'
import { adminWrites } from './admin.ts'
import { fates } from './complete.ts'
import { Connection } from './connection.ts'
import type { Context } from './context.ts'
import { counting } from './counts.ts'
import { noting } from './crashes.ts'
import { deskOf } from './desk.ts'
import { diagnosing } from './diagnosis.ts'
import { DIALECT } from './dialect.ts'
import { leasing } from './lease.ts'
import { fromNothing, migrate, SCHEMA_VERSION, schemaVersion } from './migrations.ts'
import { isLaravels, withPhpsLeftovers } from './php.ts'
import { pushing } from './push.ts'
import { ThreadedReader } from './reader.ts'
import { reclaiming } from './reclaim.ts'
import { recording } from './records.ts'
import { reserving } from './reserve.ts'
import { scheduling } from './schedules.ts'
import { settling } from './settle.ts'
import { Wakeup } from './wakeup.ts'

/** For a rare look at a whole table. */
const SLOW_MS = 60_000

export interface SqliteOptions {
  /** The file; folders are made. `:memory:` for a store that lives and dies with the process. */
  path: string
  /** Zone of `failed_jobs.failed_at` (Laravel's app.timezone). Default UTC. */
  timezone?: string
  /** Written to `failed_jobs.connection`. Default `database`, Laravel's own name. */
  connection?: string
  /**
   * Laravel's `retry_after` where its workers share the table of jobs: what runs is renewed in time for it, and what PHP's
   * workers left reserved for longer is given back. Not given: a table that Laravel made is renewed for 90,000 ms.
   */
  retryAfterMs?: number
  /**
   * How long a write waits for another writer before it rejects with STORE_UNAVAILABLE, and a list or search of large tables may
   * take before it rejects with READ_TIMED_OUT. Default 5,000 ms.
   */
  timeoutMs?: number
  /** False: opening leaves the tables as they are, for a look at what `migrate` would do. Default true. */
  migrate?: boolean
  /** Unix ms; for tests. */
  clock?: () => number
}

/**
 * The embedded default: one file, several processes, no server. Brings its tables up to date by itself when it opens, as
 * no other store does, since nobody else administers a file of ours.
 */
export function sqliteStore(options: SqliteOptions): Store {
  const timeoutMs = options.timeoutMs ?? 5_000
  const connection = new Connection(options.path, timeoutMs)
  const wakeup = new Wakeup(connection.path)
  const patienceMs = Math.max(SLOW_MS, timeoutMs)
  const reader = new ThreadedReader(connection, patienceMs)
  // Searches in a thread of their own: behind a count of everything they would come too late.
  const searcher = new ThreadedReader(connection, timeoutMs)
  const patient = new ThreadedReader(connection, patienceMs)
  const now = options.clock ?? Date.now
  const context: Context = {
    connection,
    scan: (statement) => reader.all(statement),
    now,
    wallClock: wallClock(options.timezone ?? 'UTC'),
    connectionName: options.connection ?? 'database',
    retryAfter: new RetryAfter(options.retryAfterMs, () => connection.read(() => isLaravels(connection))),
    wake: () => wakeup.wake(),
  }

  const desk = deskOf(context, (statement) => reader.here(statement))
  const migrates = options.migrate ?? true
  let opening: Promise<void> | undefined

  const openAll = async () => {
    try {
      // A file that is only to be looked at is not made for that.
      if (!migrates && !connection.fileExists) return
      await connection.open()
      if (migrates) await migrate(connection, now, {})
    } catch (error) {
      // Half open it would let calls through to tables that it does not know.
      opening = undefined
      await connection.close()
      throw error
    }
  }

  return {
    kind: 'sqlite',
    durability:
      'An acknowledged dispatch, completion or failure is on disk (WAL, synchronous FULL): it survives a crash of the process or the system and a loss of power. A reservation may be undone by a loss of power; the job is then pending again.',

    open() {
      opening ??= openAll()
      return opening
    },

    async close() {
      if (!connection.opened) await opening?.catch(() => {})
      opening = undefined
      wakeup.close()
      const closed = connection.close()
      await Promise.all([reader.close(), searcher.close(), patient.close()])
      await closed
    },

    async migrate(migration = {}) {
      await opening
      if (opening && !connection.opened) {
        if (migration.dryRun) return fromNothing()
        await connection.open()
      }
      return migrate(connection, now, migration)
    },

    async ping() {
      const started = performance.now()
      const version = await connection.read(() => schemaVersion(connection))
      const server = `SQLite ${connection.serverVersion}`
      return { latencyMs: performance.now() - started, now: now(), schemaVersion: version, server }
    },

    // One connection and its readers, which nothing waits in line for.
    connections: () => [],
    diagnose: diagnosing(context, SCHEMA_VERSION),
    push: pushing(context),
    reserve: reserving(context),
    settle: settling(context),
    fate: fates(context),
    ...withPhpsLeftovers(context, { ...leasing(context), reclaim: reclaiming(context) }),
    ...noting(context),
    ...sqlReads({
      all: context.scan,
      search: (statement) => searcher.all(statement),
      background: (statement) => patient.all(statement),
      lookUp: (statement) => reader.here(statement),
      now: async () => now(),
      wallClock: context.wallClock,
      dialect: DIALECT,
    }),
    ...counting(context.scan, now),
    ...adminWrites(context),
    ...scheduling(context),
    ...recording(context),
    ...operating(desk),
    ...auditing(desk),
    ...accounting(desk),
    ...alerting(desk),
    listen(wake) {
      if (!connection.opened) throw connection.closed()
      return wakeup.listen(wake)
    },
    notify: () => wakeup.wake(),
  }
}
