import { performance } from 'node:perf_hooks'
import { notAllowed } from '../../core/errors.ts'
import { withoutOptions } from '../../core/url.ts'
import { wallClock } from '../../core/wallclock.ts'
import type { Store } from '../../store.ts'
import { accounting } from '../sql/accounts.ts'
import { alerting } from '../sql/alerts.ts'
import { auditing } from '../sql/audit.ts'
import { operating } from '../sql/operations.ts'
import { sqlReads } from '../sql/reads.ts'
import { RetryAfter } from '../sql/retry-after.ts'
import { sql } from '../sql/sql.ts'
import { adminWrites } from './admin.ts'
import { callsOf } from './calls.ts'
import type { PgPool } from './client.ts'
import { fates } from './complete.ts'
import { Connection } from './connection.ts'
import { type Context, nowMs } from './context.ts'
import { counting } from './counts.ts'
import { noting } from './crashes.ts'
import { deskOf } from './desk.ts'
import { diagnosing } from './diagnosis.ts'
import { dialectOf } from './dialect.ts'
import { leasing, returned } from './lease.ts'
import { migrate } from './migrations.ts'
import { type NameOptions, tableNames } from './names.ts'
import { alsoFromPhp, isLaravels } from './php.ts'
import { pushing } from './push.ts'
import { reclaiming } from './reclaim.ts'
import { recording } from './records.ts'
import { reserving } from './reserve.ts'
import { refuseUnfit, schemaVersion } from './safety.ts'
import { ScanFloors } from './scan-floor.ts'
import { scheduling } from './schedules.ts'
import { settling } from './settle.ts'
import { ownSource, type PgConfig, poolSource, type Source } from './source.ts'
import { Wakeup } from './wakeup.ts'

export interface PostgresOptions extends NameOptions {
  /** `postgres://user:password@host:5432/database`, with options behind a question mark if need be; or `config`, or `pool`. */
  url?: string
  /** A configuration of the `pg` package. */
  config?: PgConfig
  /** A pool of the application's own. It has to have connections to spare for workers, and is not closed here. */
  pool?: PgPool
  /** Zone of `failed_jobs.failed_at` (Laravel's app.timezone). Default UTC. */
  timezone?: string
  /** Written to `failed_jobs.connection`. Default `database`, Laravel's own name. */
  connection?: string
  /**
   * Laravel's `retry_after` where its workers share the table of jobs: what runs is renewed in time for it, and what PHP's
   * workers left reserved for longer is given back. Not given: a table that Laravel made is renewed for 90,000 ms.
   */
  retryAfterMs?: number
  /** How long one call may take before it rejects with STORE_UNAVAILABLE, or a read with READ_TIMED_OUT. Default 5,000 ms. */
  timeoutMs?: number
  /** False: no connection that hears notifications and none sent; other processes' jobs are found by looking. */
  notifications?: boolean
  /** Unix ms in place of the server's clock; for tests. */
  clock?: () => number
}

/**
 * The store for PostgreSQL 13 and later, also where Laravel made the tables. The server's clock is the only one. Its tables
 * are brought up to date by `faena migrate`, never by themselves.
 */
export function postgresStore(given: PostgresOptions): Store {
  const options = withUrl(given)
  const timeoutMs = options.timeoutMs ?? 5_000
  const source = sourceOf(options, timeoutMs)
  const connection = new Connection(source, timeoutMs)
  const names = tableNames(options)
  const dialect = dialectOf(names)
  const wakeup = new Wakeup(source, connection, names.channel, options.notifications ?? true)
  const context: Context = {
    connection,
    names,
    calls: callsOf(names),
    wallClock: wallClock(options.timezone ?? 'UTC'),
    connectionName: options.connection ?? 'database',
    retryAfter: new RetryAfter(options.retryAfterMs, () => isLaravels(connection, names)),
    clock: options.clock,
    floors: new ScanFloors(),
    wake: () => wakeup.wake(),
    waking: (push) => wakeup.around(push),
  }

  const reads = sqlReads({
    all: (statement) => connection.read(statement),
    lookUp: (statement) => connection.read(statement, { lookUp: true }),
    now: async () => (await connection.query('common', sql`select ${nowMs(context)} as now`))[0]?.now as number,
    wallClock: context.wallClock,
    dialect,
  })
  const desk = deskOf(context)

  return {
    kind: 'postgres',
    durability:
      'An acknowledged dispatch, completion or failure is in the write-ahead log on disk (fsync and synchronous_commit on, as PostgreSQL comes): it survives a crash of the server or the system and a loss of power.',

    open: () => refuseUnfit(context),

    async close() {
      await wakeup.close()
      await connection.close()
    },

    async migrate(migration = {}) {
      const report = await migrate(context, migration)
      context.retryAfter.forget()
      return report
    },

    async ping() {
      const started = performance.now()
      const [row] = await connection.query(
        'common',
        sql`select ${nowMs(context)} as now, current_setting('server_version') as server`,
      )
      const latencyMs = performance.now() - started
      return {
        latencyMs,
        now: row?.now as number,
        schemaVersion: await schemaVersion(context),
        server: `PostgreSQL ${row?.server}`,
      }
    },

    connections: () => connection.uses(),
    diagnose: diagnosing(context, source, options.notifications ?? true),
    push: pushing(context),
    reserve: reserving(context),
    settle: settling(context),
    fate: fates(context),
    reclaim: alsoFromPhp(context, reclaiming(context)),
    ...noting(context),
    ...leasing(context),
    ...reads,
    ...counting(context, reads),
    ...adminWrites(context, dialect),
    ...scheduling(context),
    ...recording(context),
    ...operating(desk),
    ...auditing(desk),
    ...accounting(desk),
    ...alerting(desk),
    listen: (wake) => wakeup.listen(wake),
    notify: () => returned(context),
  }
}

/** With what the end of the URL says, where the options do not say it themselves. */
function withUrl(options: PostgresOptions): PostgresOptions {
  if (options.url === undefined) return options
  const { url, options: inUrl } = withoutOptions(options.url, 'postgres')
  const said = Object.entries(options).filter(([, value]) => value !== undefined)
  return { ...inUrl, ...Object.fromEntries(said), url }
}

function sourceOf({ url, config, pool }: PostgresOptions, timeoutMs: number): Source {
  if (pool && url === undefined && config === undefined) return poolSource(pool)
  if (pool === undefined && (url !== undefined) !== (config !== undefined)) {
    return ownSource(config ?? { connectionString: url }, timeoutMs)
  }
  const given = Object.entries({ url, config, pool }).flatMap(([name, value]) => (value === undefined ? [] : [name]))
  throw notAllowed('BAD_CONFIGURATION', 'the options of postgresStore', given, 'exactly one of url, config and pool')
}
