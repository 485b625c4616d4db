import { performance } from 'node:perf_hooks'
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
import { fates } from './complete.ts'
import { Connection } from './connection.ts'
import { type Context, nowMs } from './context.ts'
import { counting } from './counts.ts'
import { noting } from './crashes.ts'
import { deskOf } from './desk.ts'
import { diagnosing } from './diagnosis.ts'
import { mysqlDialect } from './dialect.ts'
import { errorNumber } from './errors.ts'
import { Held } from './held.ts'
import { leasing } from './lease.ts'
import { migrate, versionOf } from './migrations.ts'
import { type NameOptions, tableNames } from './names.ts'
import { alsoFromPhp } from './php.ts'
import { Polling } from './polling.ts'
import { pruning } from './prune.ts'
import { pushing } from './push.ts'
import { reclaiming } from './reclaim.ts'
import { recording } from './records.ts'
import { reserving } from './reserving.ts'
import { refuseUnsafe } from './safety.ts'
import { scheduling } from './schedules.ts'
import { serverName } from './server.ts'
import { settling } from './settle.ts'
import { Shape } from './shape.ts'
import { type MysqlConfig, sourceOf } from './source.ts'
import { whileStill } from './still.ts'
import { Views } from './views.ts'
import { Wakeup } from './wakeup.ts'

export interface MysqlOptions extends NameOptions {
  /** `mysql://user:password@host:port/database` or `mariadb://…`, or a configuration of the mysql2 package. */
  url: string | MysqlConfig
  /** Zone of `failed_jobs.failed_at` (Laravel's app.timezone). Default UTC. */
  timezone?: string
  /** Written to `failed_jobs.connection`; what Laravel calls its connection, so that it can retry. Default `database`. */
  connection?: string
  /** How long a call may take before it rejects with STORE_UNAVAILABLE, or a read with READ_TIMED_OUT. Default 5,000 ms. */
  timeoutMs?: number
  /**
   * Laravel's `retry_after`. Where it is given, its workers share the table of jobs, and what they left behind is given back; a
   * table that Laravel made is taken to be shared with 90,000 ms, as in its skeleton, and what its workers left is theirs.
   */
  retryAfterMs?: number
  /** Unix ms in place of the server's clock; for tests. */
  clock?: () => number
}

/** MySQL 8.0 and later, MariaDB 10.6 and later: the database that the application has already, and Laravel's tables in it. */
export function mysqlStore(options: MysqlOptions): Store {
  const source = sourceOf(options.url)
  const connection = new Connection(source, options.timeoutMs ?? 5_000)
  const { schema = source.names.schema, prefix = source.names.prefix } = options
  const names = tableNames({ ...options, schema, prefix }, source.database)
  const dialect = mysqlDialect(names)
  const wakeup = new Wakeup(`${source.shown} ${names.jobs.text[0]}`)
  const polling = new Polling()
  const views = new Views()
  const shape = new Shape(connection, names)
  const context: Context = {
    connection,
    names,
    wallClock: wallClock(options.timezone ?? 'UTC'),
    connectionName: options.connection ?? 'database',
    retryAfter: new RetryAfter(options.retryAfterMs, async () => !(await shape.read()).ordered),
    clock: options.clock,
    shape,
    views,
    held: new Held(),
    polling,
    wake: () => {
      views.expect()
      wakeup.wake()
    },
  }
  const now = async () => {
    if (options.clock) return options.clock()
    const [answer] = await connection.query('common', [sql`select ${nowMs(context)} as now`])
    return Number(answer!.rows[0]!.now)
  }
  const reads = sqlReads({
    all: (statement) => connection.read(statement, { slow: true }),
    lookUp: (statement) => connection.read(statement, { lookUp: true }),
    search: (statement) => connection.read(statement),
    whileStill: (table, read, keptMs) =>
      whileStill(context, names.plain[table], read, { ...(keptMs !== undefined && { keptMs }) }),
    now,
    wallClock: context.wallClock,
    dialect,
  })
  const desk = deskOf(context)
  const alerts = alerting(desk)
  let opened = false

  return {
    kind: 'mysql',
    durability:
      'An acknowledged dispatch, completion or failure survives what the server survives: with innodb_flush_log_at_trx_commit = 1, its default, a crash of the server and a loss of power. faena doctor says so where it is set otherwise.',

    async open() {
      if (opened) return
      connection.reopen()
      await refuseUnsafe(context)
      opened = true
    },

    async close() {
      opened = false
      wakeup.close()
      polling.close()
      await connection.close()
    },

    async migrate(migration = {}) {
      connection.refuseClosed()
      const report = await migrate(source, names, connection.timeoutMs, migration)
      shape.forget()
      context.retryAfter.forget()
      return report
    },

    async ping() {
      const started = performance.now()
      const [answer] = await connection.query('common', [sql`select ${nowMs(context)} as now, version() as version`])
      const latencyMs = performance.now() - started
      const { now: at, version } = answer!.rows[0]!
      return {
        latencyMs,
        now: Number(at),
        schemaVersion: await schemaVersion(context),
        server: serverName(String(version)),
      }
    },

    connections: () => connection.uses(),
    diagnose: diagnosing(context),
    push: pushing(context),
    reserve: reserving(context),
    settle: settling(context),
    fate: fates(context),
    reclaim: alsoFromPhp(context, reclaiming(context)),
    ...noting(context),
    ...leasing(context),
    ...reads,
    ...adminWrites(context, dialect, now),
    ...scheduling(context),
    ...recording(context),
    ...operating(desk),
    ...auditing(desk),
    ...accounting(desk),
    ...alerts,
    ...counting(context, { ...reads, ...alerts }),
    prune: pruning(context),
    listen(wake) {
      const ends = [wakeup.listen(wake), polling.add(wake)]
      return () => {
        for (const end of ends) end()
      }
    },
    notify: () => {
      views.lower()
      context.wake()
    },
  }
}

/** 0 where there are no tables yet. */
async function schemaVersion({ connection, names }: Context): Promise<number> {
  try {
    const [answer] = await connection.query('common', [versionOf(names)])
    return Number(answer!.rows[0]!.version)
  } catch (error) {
    const cause = (error as { cause?: unknown }).cause
    if (errorNumber(cause) === 1_146) return 0
    throw error
  }
}
