import type { Controls } from '../supervisor/wire.ts'
import type { Worker } from '../worker/worker.ts'

/** What a worker process is told from outside, at whatever moment: also before there is a worker, then it waits here. */
export class Life implements Controls {
  readonly #stopAsked = Promise.withResolvers<void>()
  #stopping: 'no' | 'retiring' | 'graceful' | 'now' = 'no'
  #worker: Worker | undefined

  get stopping(): boolean {
    return this.#stopping !== 'no'
  }

  /** Resolves when a stop is asked for. */
  get stopAsked(): Promise<void> {
    return this.#stopAsked.promise
  }

  stop(): void {
    if (this.#stopping !== 'now') this.#stopping = 'graceful'
    this.#stopWorker()
  }

  stopNow(): void {
    this.#stopping = 'now'
    this.#stopWorker()
  }

  /** Like a stop, but running jobs may take as long as they need: another worker serves the queues by now. */
  retire(): void {
    if (this.#stopping === 'no') this.#stopping = 'retiring'
    this.#stopWorker()
  }

  quiet(): void {
    this.#worker?.quiet()
  }

  resume(): void {
    this.#worker?.resume()
  }

  /** From now on this worker is what is told; it was started just now. */
  lead(worker: Worker): void {
    this.#worker = worker
    if (this.stopping) this.#stopWorker()
  }

  #stopWorker(): void {
    this.#stopAsked.resolve()
    void this.#worker?.stop(GRACE[this.#stopping])
  }
}

/** Left out: the worker's own. */
const GRACE: Record<string, { graceMs?: number }> = {
  retiring: { graceMs: Number.POSITIVE_INFINITY },
  graceful: {},
  now: { graceMs: 0 },
}
