import type { Store, WorkerCommand } from '../store.ts'
import { retryDelay, steadyNow } from './clock.ts'
import type { Slots } from './slots.ts'

export interface PulseHooks {
  /** The lease of this worker ended before it was renewed; the pulse rests until it is begun anew. */
  lost(worker: number): void
  /** Jobs that the worker runs and the store says are not its own any more. */
  gone(jobs: readonly { id: number; attempts: number }[]): void
  command(command: WorkerCommand): void
  failed(error: unknown, failures: number, retryMs: number): void
}

/** The longest gap between two beats, so that a cancelled job is told within two seconds; with none at work it may be longer. */
const LONGEST_BEAT_MS = 1_000
const LONGEST_IDLE_BEAT_MS = 1_500

/** Beats for one worker: in the heartbeat thread, and by a timer in the worker's own thread where there is none. */
export class Pulse {
  readonly #store: Pick<Store, 'heartbeat'>
  readonly #slots: Slots
  readonly #leaseMs: number
  readonly #hooks: PulseHooks
  #worker: number | null = null
  #timer: NodeJS.Timeout | undefined
  #failures = 0
  #beating = false

  constructor(store: Pick<Store, 'heartbeat'>, slots: Slots, leaseMs: number, hooks: PulseHooks) {
    this.#store = store
    this.#slots = slots
    this.#leaseMs = leaseMs
    this.#hooks = hooks
  }

  begin(worker: number): void {
    this.#worker = worker
    this.#failures = 0
    this.#schedule(this.#gapMs(LONGEST_BEAT_MS))
  }

  rest(): void {
    this.#worker = null
    clearTimeout(this.#timer)
  }

  #gapMs(longest: number): number {
    return Math.min(this.#leaseMs / 3, longest)
  }

  #schedule(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#beat(), ms)
  }

  async #beat(): Promise<void> {
    const worker = this.#worker
    if (worker === null) return
    // A beat of an earlier worker id may still wait for its answer: one at a time, or a slow store is flooded.
    if (this.#beating) return this.#schedule(50)
    this.#beating = true
    const held = this.#slots.held()
    const sentAt = steadyNow()
    const sentAtWall = Date.now()
    try {
      const answer = await this.#store.heartbeat({
        worker,
        leaseMs: this.#leaseMs,
        running: held.length,
        memoryBytes: process.memoryUsage.rss(),
        state: this.#slots.state,
        held: held.map(({ id, attempts }) => ({ id, attempts })),
      })
      if (this.#worker !== worker) return
      this.#failures = 0
      if (answer.lost) {
        this.rest()
        this.#hooks.lost(worker)
        return
      }
      this.#slots.renewed(this.#leaseMs, sentAt, sentAtWall)
      if (answer.gone.length > 0) this.#tellGone(answer.gone, held)
      if (answer.command !== null) this.#hooks.command(answer.command)
      const gapMs = this.#gapMs(this.#slots.held().length > 0 ? LONGEST_BEAT_MS : LONGEST_IDLE_BEAT_MS)
      this.#schedule(Math.max(sentAt + gapMs - steadyNow(), 20))
    } catch (error) {
      if (this.#worker !== worker) return
      const retryMs = Math.min(retryDelay(++this.#failures), this.#gapMs(LONGEST_BEAT_MS))
      this.#schedule(retryMs)
      this.#hooks.failed(error, this.#failures, retryMs)
    } finally {
      this.#beating = false
    }
  }

  #tellGone(ids: readonly number[], held: readonly { id: number; attempts: number }[]): void {
    const gone = new Set(ids)
    this.#hooks.gone(held.filter(({ id }) => gone.has(id)).map(({ id, attempts }) => ({ id, attempts })))
  }
}
