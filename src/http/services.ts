import type { Admin } from '../client/admin.ts'
import type { Queue } from '../client/queue.ts'
import type { AnyJob } from '../core/job.ts'
import type { WallClock } from '../core/wallclock.ts'
import type { Sessions } from './auth/sessions.ts'

/** What the routes work with. */
export interface Services {
  admin: Admin
  /** For dispatch by name; left out, the route says so. */
  queue: Queue | undefined
  jobs: readonly AnyJob[]
  /** Names of the surfaced fields: lists may be narrowed by them. */
  fields: readonly string[]
  /** Times as people read them. */
  clock: WallClock
  sessions: Sessions
  /** The description of the API as this server has it. */
  openapi(): unknown
}
