import { alertHandler } from '../alerts/deliver.ts'
import { ALERT_QUEUE, alertJob } from '../alerts/job.ts'
import { Watch } from '../alerts/watch.ts'
import { alertSource } from '../client/alerts.ts'
import { masker } from '../core/mask.ts'
import type { Settings } from '../core/settings.ts'
import { surfacedFields } from '../core/surface.ts'
import { wallClock } from '../core/wallclock.ts'
import type { Store } from '../store.ts'
import { createWorker, type Worker } from '../worker/worker.ts'

export interface Alerting {
  start(): void
  /** Resolves when the look under way is over and what is being delivered has been, or was given back. */
  stop(): Promise<void>
}

export interface AlertingOptions {
  store: Store
  settings: Settings
  /** Nobody else in this process looks after dead workers' jobs. */
  reclaims: boolean
  onError(error: unknown): void
}

/** Deliveries that others left, or that somebody brought back by hand, are looked for so often. */
const LOOK_MS = 120_000

/**
 * The watch, and a worker for what it has to tell. The process that watches delivers too: so an alert gets out although no
 * worker is there, and nothing but the watch's own look is asked of the store while all is well.
 */
export function alertingOf({ store, settings, reclaims, onError }: AlertingOptions): Alerting | undefined {
  const { alerts, surface, mask } = settings
  if (!alerts.on) return undefined
  const deliverer = new Deliverer({ store, settings, reclaims, onError })
  const watch = new Watch({
    source: alertSource(store, surfacedFields(surface)),
    settings: alerts,
    masker: masker(mask),
    onLook: (stored) => {
      if (alerts.channels.length > 0) deliverer.look(stored)
    },
    onError,
  })

  return {
    start: () => watch.start(),
    async stop() {
      await watch.stop()
      await deliverer.stop()
    },
  }
}

/** Works the deliveries off, one round after the other, while there may be some. */
class Deliverer {
  readonly #options: AlertingOptions
  /** Until then a delivery is to be tried again; afterwards it is found as those that others left. */
  #retryUntil = Number.NEGATIVE_INFINITY
  #lookedAt = Number.NEGATIVE_INFINITY
  #wanted = false
  #worker: Worker | undefined
  #round: Promise<void> | undefined
  #stopped = false

  constructor(options: AlertingOptions) {
    this.#options = options
  }

  /** Called after each look of the watch: `stored` says that there is something new. */
  look(stored: boolean): void {
    // Of what is stored while a round is at its end, the round may know nothing: it is for the next one.
    this.#wanted ||= stored
    const now = performance.now()
    const isDue = this.#wanted || now < this.#retryUntil || now - this.#lookedAt >= LOOK_MS
    if (!isDue || this.#stopped || this.#round !== undefined) return
    this.#wanted = false
    this.#lookedAt = now
    this.#round = this.#run()
      .catch((error) => {
        this.#wanted = true
        this.#options.onError(error)
      })
      .finally(() => {
        this.#round = undefined
        this.#worker = undefined
      })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#worker?.stop()
    await this.#round
  }

  async #run(): Promise<void> {
    const { store, settings, reclaims, onError } = this.#options
    if (reclaims) await store.reclaim()
    const worker = createWorker({
      store,
      handlers: [alertHandler(settings.alerts, wallClock(settings.timezone))],
      queues: [ALERT_QUEUE],
      name: alertJob.name,
      concurrency: 4,
      leaseMs: settings.leaseMs,
      graceMs: 5_000,
      historyPerSecond: settings.history.perSecond,
      stopWhenEmpty: true,
      onError,
    })
    worker.events.on('retrying', ({ delayMs }) => {
      this.#retryUntil = Math.max(this.#retryUntil, performance.now() + delayMs + LOOK_MS)
    })
    worker.events.on('failed', ({ uuid, error }) =>
      onError(new Error(`Alert ${uuid} was not delivered`, { cause: error })),
    )
    this.#worker = worker
    if (this.#stopped) return
    await worker.start()
    await worker.stopped
  }
}
