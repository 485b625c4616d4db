import type { Admin } from '../client/admin.ts'
import type { Queue } from '../client/queue.ts'
import type { AnyJob } from '../core/job.ts'
import type { SurfacedField } from '../core/surface.ts'
import type { WallClock } from '../core/wallclock.ts'
import type { StatusBoard } from './status-board.ts'

/** What the routes work with. */
export interface Services {
  admin: Admin
  /** For dispatch by name; left out, the route says so. */
  queue: Queue | undefined
  jobs: readonly AnyJob[]
  surface: readonly SurfacedField[]
  clock: WallClock
  /** What `max_attempts` is where a job says nothing. */
  defaultTries: number
  board: StatusBoard
}
