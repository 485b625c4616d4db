import type { Admin } from '../client/admin.ts'
import type { Queue } from '../client/queue.ts'
import type { WallClock } from '../core/wallclock.ts'
import type { Configuration } from './config.ts'
import type { Output, Streams } from './output.ts'

/** What a command has that needs no store. */
export interface Setting {
  readonly output: Output
  readonly streams: Streams
  readonly configuration: Configuration
  /** The word the command was called by: its own name or Laravel's. */
  readonly calledAs: string
}

/** What a command has with the store open. */
export interface Session extends Setting {
  readonly admin: Admin
  /** For the one command that dispatches; made when it is asked for. */
  queue(): Promise<Queue>
  /** For times that people read. */
  readonly clock: WallClock
  readonly connection: {
    name: string
    /** Of the store, without a password. */
    shownUrl: string
  }
}
