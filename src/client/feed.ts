import type { Store, WorkerState } from '../store.ts'
import type { Board } from './board.ts'

/** Something changed. Numbers rise by one; a gap or another `epoch` tells a reader that it missed some. */
export type FeedEvent = { id: number; epoch: string } & (
  | { type: 'counts'; data: Board }
  | { type: 'worker'; data: { change: 'joined' | 'left' | 'changed'; worker: WorkerState } }
  /** Failed jobs that are new, by id; at most the newest of them are named. */
  | { type: 'failed'; data: { count: number; ids: number[] } }
  | { type: 'operation'; data: { id: number } }
)

export interface FeedOptions {
  store: Store
  board: () => Promise<Board>
  everyMs?: number
  onError?: (error: unknown) => void
}

const EVERY_MS = 1_000
const MOST_NAMED = 20
const REMEMBERED = 500

/**
 * What the panel is told as it happens: one look a second at the store serves all who listen, and none is taken while
 * nobody does. A hint, not a record: who was away reads the lists anew.
 */
export class Feed {
  readonly #options: FeedOptions
  readonly #listeners = new Set<(event: FeedEvent) => void>()
  readonly #epoch = Date.now().toString(36)
  readonly #past: FeedEvent[] = []
  #lastId = 0
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined
  #seen: { counts: string; workers: Map<number, string>; failed: number } | undefined
  #lastWorkers = new Map<number, WorkerState>()

  constructor(options: FeedOptions) {
    this.#options = options
  }

  /**
   * `after`: the last event that the listener has seen, as `epoch-id`; those since then come first, as far as they are
   * remembered. Returns what ends it.
   */
  subscribe(listener: (event: FeedEvent) => void, after?: string): () => void {
    for (const event of this.#missed(after)) listener(event)
    this.#listeners.add(listener)
    if (this.#listeners.size === 1) {
      // What happened while nobody listened is not news.
      this.#seen = undefined
      void this.#look()
    }
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) clearTimeout(this.#timer)
    }
  }

  /** Resolves when the look under way is over. */
  async close(): Promise<void> {
    this.#listeners.clear()
    clearTimeout(this.#timer)
    await this.#looking
  }

  operation(id: number): void {
    this.#tell({ type: 'operation', data: { id } })
  }

  #missed(after: string | undefined): FeedEvent[] {
    const [epoch, id] = after?.split('-') ?? []
    return epoch === this.#epoch ? this.#past.filter((event) => event.id > Number(id)) : []
  }

  #look(): Promise<void> {
    this.#looking ??= this.#read()
      .catch((error) => this.#options.onError?.(error))
      .finally(() => {
        this.#looking = undefined
        clearTimeout(this.#timer)
        if (this.#listeners.size > 0) {
          this.#timer = setTimeout(() => void this.#look(), this.#options.everyMs ?? EVERY_MS)
          this.#timer.unref()
        }
      })
    return this.#looking
  }

  async #read(): Promise<void> {
    const { store, board } = this.#options
    const [counts, workers, { failed }] = await Promise.all([board(), store.workers(), store.bounds()])
    const before = this.#seen
    const { at: _at, oldestDue, ...numbers } = counts
    const now = {
      counts: JSON.stringify([numbers, oldestDue?.queue, oldestDue?.availableAt]),
      workers: new Map(workers.map((worker) => [worker.id, shownState(worker)])),
      failed,
    }
    const were = this.#lastWorkers
    this.#seen = now
    this.#lastWorkers = new Map(workers.map((worker) => [worker.id, worker]))
    if (before === undefined || before.counts !== now.counts) this.#tell({ type: 'counts', data: counts })
    if (before === undefined) return
    for (const worker of workers) {
      const known = before.workers.get(worker.id)
      if (known === undefined) this.#tell({ type: 'worker', data: { change: 'joined', worker } })
      else if (known !== now.workers.get(worker.id)) this.#tell({ type: 'worker', data: { change: 'changed', worker } })
    }
    for (const [id, worker] of were) {
      if (!now.workers.has(id)) this.#tell({ type: 'worker', data: { change: 'left', worker } })
    }
    if (failed > before.failed) {
      const ids = await store.failedIds({ all: true }, { limit: MOST_NAMED, above: before.failed })
      if (ids.length > 0) this.#tell({ type: 'failed', data: { count: failed - before.failed, ids } })
    }
  }

  #tell(
    what: { [Type in FeedEvent['type']]: Pick<Extract<FeedEvent, { type: Type }>, 'type' | 'data'> }[FeedEvent['type']],
  ): void {
    this.#lastId += 1
    const event = { ...what, id: this.#lastId, epoch: this.#epoch } as FeedEvent
    this.#past.push(event)
    if (this.#past.length > REMEMBERED) this.#past.shift()
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch (error) {
        this.#options.onError?.(error)
      }
    }
  }
}

/** What of a worker is worth telling; its heartbeat comes each second. */
function shownState({ state, running, queues, concurrency }: WorkerState): string {
  return JSON.stringify([state, running, queues, concurrency])
}
