import { performance } from 'node:perf_hooks'
import { FaenaError } from '../../core/errors.ts'
import { wallClock } from '../../core/wallclock.ts'
import type { Store } from '../../store.ts'
import { sqlReads } from '../sql/reads.ts'
import { raw, sql } from '../sql/sql.ts'
import { adminWrites } from './admin.ts'
import type { PgPool } from './client.ts'
import { Connection } from './connection.ts'
import { type Context, nowMs } from './context.ts'
import { diagnosing } from './diagnosis.ts'
import { dialectOf } from './dialect.ts'
import { leasing } from './lease.ts'
import { channelOf, Listener } from './listener.ts'
import { catalogueOf, migrate } from './migrations.ts'
import { type NameOptions, tableNames } from './names.ts'
import { Notifier } from './notifier.ts'
import { pushing } from './push.ts'
import { reclaiming } from './reclaim.ts'
import { recording } from './records.ts'
import { reserving } from './reserve.ts'
import { refuseUnfit } from './safety.ts'
import { scheduling } from './schedules.ts'
import { settling } from './settle.ts'
import { ownSource, type PgConfig, poolSource } from './source.ts'

export interface PostgresOptions extends NameOptions {
  /** `postgres://user:password@host:5432/database`, or a configuration of the `pg` package. */
  connection: string | PgConfig
  /** Zone of `failed_jobs.failed_at` (Laravel's app.timezone). Default UTC. */
  timezone?: string
  /** Written to `failed_jobs.connection`. Default `database`, Laravel's own name. */
  connectionName?: string
  /** How long one call may take before it rejects with STORE_UNAVAILABLE. Default 5,000 ms. */
  timeoutMs?: number
  /** False: no connection that hears notifications; workers poll. */
  listen?: boolean
  /** Unix ms in place of the server's clock; for tests. */
  clock?: () => number
}
