import type { Place, Session } from '../contestant.ts'
import { dayProducer, dayWatcher, dayWorker } from './day.ts'
import { drain } from './drain.ts'
import { due } from './due.ts'
import { bulk, fail, fill, single } from './load.ts'
import { pickup, pickupInside, send } from './pickup.ts'
import { steady } from './steady.ts'

export type Figures = Record<string, number>

/** What a role is given: its contestant, and the parent's signals. */
export interface Stage {
  session: Session
  parameters: Figures
  place: Place
  /** Everything is connected and nothing begun. */
  ready(): void
  go: Promise<void>
  stop: Promise<void>
  /** Jobs handled so far. */
  done(count: number): void
}

export type Role = (stage: Stage) => Promise<Figures>

export const ROLES: Readonly<Record<string, Role>> = {
  bulk,
  single,
  fail,
  fill,
  // Only then: a client of HTTP would weigh in the memory of workers.
  ask: async (stage) => (await import('./asking.ts')).ask(stage),
  poll: async (stage) => (await import('./asking.ts')).poll(stage),
  steady,
  drain,
  due,
  pickup,
  pickupInside,
  send,
  dayWorker,
  dayProducer,
  dayWatcher,
}
