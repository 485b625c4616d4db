import { DispatchCounts } from '../client/dispatch-counts.ts'
import { inputText } from '../client/input.ts'
import { newJob } from '../client/newjob.ts'
import type { AnyJob } from '../core/job.ts'
import type { Settings } from '../core/settings.ts'
import { surfacedFields } from '../core/surface.ts'
import { surfacedTextIn } from '../laravel/command.ts'
import { saveConfigured } from '../maintenance/configured.ts'
import { createJanitor } from '../maintenance/janitor.ts'
import { callHooksLeftBy } from '../maintenance/left-hooks.ts'
import { createScheduler } from '../maintenance/scheduler.ts'
import type { Store } from '../store.ts'
import { alertingOf } from './alerting.ts'

/** What runs beside the worker in its process: the scheduler, the janitor and the watch for alerts. */
export interface Background {
  /** Saves the configuration's schedules and begins. Rejects if a schedule's input does not fit its job. */
  start(): Promise<void>
  /** The jobs of dead workers back, now. Never rejects: the janitor, here or elsewhere, comes to them too. */
  reclaimOnce(): Promise<void>
  /** What the worker before this one could not do any more. Never rejects. */
  standInFor(worker: number): Promise<void>
  stop(): Promise<void>
}

export interface BackgroundOptions {
  store: Store
  settings: Settings
  /** By name, those of the configuration and those that handlers bring. */
  jobs: readonly AnyJob[]
  leaseMs: number
  notice(text: string): void
  onError(error: unknown): void
}

export function backgroundOf({ store, settings, jobs, leaseMs, notice, onError }: BackgroundOptions): Background {
  const fields = surfacedFields(settings.surface)
  const counts = new DispatchCounts(store)
  const scheduler = createScheduler({
    store,
    jobs,
    build: (job, input, data, { uuid, queue }) => newJob(job, input, data, { uuid, queue }, settings.maxPayloadBytes),
    onStored: (job) => counts.count(job),
    onError,
  })
  const janitor = createJanitor({
    store,
    leaseMs,
    retention: { runsMs: settings.history.retentionMs, metricsMs: settings.history.metricsMs },
    surface: (data) => surfacedTextIn(fields, data),
    onReclaimed: ({ workers, returned }) =>
      notice(
        `The lease of ${workers.length === 1 ? 'worker' : 'workers'} ${workers.join(', ')} ended: ` +
          `${returned} jobs are back in their queues.`,
      ),
    onError,
  })
  const alerting = alertingOf({ store, settings, reclaims: false, onError })
  return {
    async start() {
      // Only a configuration that speaks of schedules has a say in them: another application may share the store.
      if (settings.from.schedules !== undefined) {
        const { saved, removed } = await saveConfigured(store, settings.schedules, inputText)
        if (saved.length > 0) notice(`Schedules saved: ${saved.join(', ')}.`)
        if (removed.length > 0)
          notice(`Schedules removed, since the configuration no longer lists them: ${removed.join(', ')}.`)
      }
      scheduler.start()
      janitor.start()
      alerting?.start()
    },
    reclaimOnce: () => janitor.reclaim().catch(onError),
    async standInFor(worker) {
      // Its lease ended with the registration of who stands in: its jobs need not wait for the janitor.
      await janitor.reclaim().catch(onError)
      await callHooksLeftBy(worker, store, jobs).catch(onError)
    },
    async stop() {
      await Promise.all([scheduler.stop(), janitor.stop(), alerting?.stop()])
      await counts.close()
    },
  }
}
