import { spoken } from '../core/duration.ts'
import type { Worker } from '../worker/worker.ts'
import type { WorkOrder } from './work-order.ts'

const LOOK_MS = 500

/** Watches the limits of a supervised worker, and asks for another in its place, once, when it reaches one. */
export class Recycling {
  readonly #limits: WorkOrder['recycle']
  readonly #report: (reason: string, limit: boolean) => void
  #asked = false
  #timer: NodeJS.Timeout | undefined

  constructor(limits: WorkOrder['recycle'], report: (reason: string, limit: boolean) => void) {
    this.#limits = limits
    this.#report = report
  }

  ask(reason: string, limit = true): void {
    if (this.#asked) return
    this.#asked = true
    this.end()
    this.#report(reason, limit)
  }

  watch(worker: Worker): void {
    const { memoryMb = 0, maxJobs = 0, maxAgeMs = 0 } = this.#limits ?? {}
    if (maxJobs > 0) {
      let begun = 0
      worker.events.on('started', () => {
        begun += 1
        if (begun === maxJobs) this.ask(`it began ${maxJobs} jobs`)
      })
    }
    const startedAt = performance.now()
    const look = () => {
      const megabytes = Math.round(process.memoryUsage.rss() / 1_048_576)
      if (memoryMb > 0 && megabytes >= memoryMb) this.ask(`it has ${megabytes} MB of ${memoryMb} allowed`)
      else if (maxAgeMs > 0 && performance.now() - startedAt >= maxAgeMs) this.ask(`it is ${spoken(maxAgeMs)} old`)
    }
    if (!this.#asked && (memoryMb > 0 || maxAgeMs > 0)) this.#timer = setInterval(look, LOOK_MS)
  }

  end(): void {
    clearInterval(this.#timer)
  }
}
