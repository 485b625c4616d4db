import { newJob } from '../../src/client/newjob.ts'
import { defineJob } from '../../src/core/job.ts'
import type { StandardSchema } from '../../src/core/schema.ts'
import { type BuildJob, type Fired, Scheduler, type SchedulerOptions } from '../../src/maintenance/scheduler.ts'
import type { NewSchedule, Store } from '../../src/store.ts'
import type { Given } from '../support/suite.ts'

/** Takes whatever it is given. */
export const anything: StandardSchema<unknown> = {
  '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) },
}

export const report = defineJob({ name: 'reports.send', input: anything, queue: 'reports' })

const build: BuildJob = (job, input, data, options) => newJob(job, input, data, options, 1024 * 1024)

export interface TestScheduler {
  scheduler: Scheduler
  fired: Fired[]
  errors: unknown[]
}

/** A scheduler on the store's own clock, which tells what it did. */
export function testScheduler(
  given: Given,
  options: Partial<SchedulerOptions> = {},
  store: Store = given.store,
): TestScheduler {
  const fired: Fired[] = []
  const errors: unknown[] = []
  const scheduler = new Scheduler({
    store,
    jobs: [report],
    build,
    clock: given.clock.now,
    random: () => 0.5,
    onFired: (event) => fired.push(event),
    onError: (error) => errors.push(error),
    ...options,
  })
  return { scheduler, fired, errors }
}

const MINUTE = 60_000

/** A schedule of every minute whose next run is the next whole minute of the store's clock. */
export function everyMinute(given: Given, wish: Partial<NewSchedule> = {}): NewSchedule {
  return {
    key: 'report',
    job: report.name,
    queue: 'reports',
    input: '{"day":1}',
    timing: { everyMs: MINUTE },
    missed: 'once',
    overlap: 'allow',
    origin: 'api',
    nextAt: (Math.floor(given.clock.now() / MINUTE) + 1) * MINUTE,
    ...wish,
  }
}

/** The store with some of its operations done otherwise. */
export function altered(store: Store, changes: Partial<Store>): Store {
  return new Proxy(store, {
    get: (target, name) => Reflect.get(name in changes ? changes : target, name) as unknown,
  })
}

/** The store, with the names of the operations that were called. */
export function watched(store: Store): { store: Store; calls: string[] } {
  const calls: string[] = []
  const noted = new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (...given: unknown[]) => {
        calls.push(String(name))
        return Reflect.apply(member, target, given)
      }
    },
  })
  return { store: noted, calls }
}
