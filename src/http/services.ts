import type { AlertChannels } from '../alerts/channels.ts'
import type { Admin } from '../client/admin.ts'
import type { Queue } from '../client/queue.ts'
import type { AnyJob } from '../core/job.ts'
import type { Telemetry } from '../core/telemetry.ts'
import type { WallClock } from '../core/wallclock.ts'
import type { Sessions } from './auth/sessions.ts'

/** What the server says of itself to administrators. */
export interface About {
  version: string
  /** Settings in force, secrets masked. */
  settings: { name: string; shown: string; source: string }[]
}

/** What the routes work with. */
export interface Services {
  admin: Admin
  /** For dispatch by name; left out, the route says so. */
  queue: Queue | undefined
  jobs: readonly AnyJob[]
  telemetry: Telemetry | undefined
  /** Who is told of alerts; left out, none can be tried. */
  channels: AlertChannels | undefined
  /** Names of the surfaced fields: lists may be narrowed by them. */
  fields: readonly string[]
  /** Times as people read them. */
  clock: WallClock
  sessions: Sessions
  /** What sign-in links are signed with; undefined where tokens are checked with a public key. */
  signInSecret: string | undefined
  about: About
  /** The description of the API as this server has it. */
  openapi(): unknown
}
