import { noCounts } from '../core/histogram.ts'
import type { MetricRow, NewJob, Pushed, Store } from '../store.ts'

const WRITE_MS = 5_000
const MINUTE_MS = 60_000
const UNNAMED = 'unknown'
/** Pairs of queue and job in a minute that are counted apart, while the store cannot be reached too. */
const MOST_ROWS = 2_000
/** Older minutes may be part of other rows by now: written again, they would count twice. */
const LATEST_MS = 3_600_000
/** Above all ids of workers, and exact as a number. */
const FIRST_WRITER = 2 ** 52

interface Row {
  row: MetricRow
  changed: boolean
}

/**
 * Counts what is dispatched, by minute, queue and job, for the metrics in the store. Written in the background every few
 * seconds while there is something new, and at the end; what cannot be written is dropped. It holds no process up.
 */
export class DispatchCounts {
  readonly #store: Pick<Store, 'saveMetrics'>
  readonly #writer = FIRST_WRITER + Math.floor(Math.random() * FIRST_WRITER)
  readonly #rows = new Map<string, Row>()
  /** The row counted last: mostly the next job's too. */
  #last: Row | undefined
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(store: Pick<Store, 'saveMetrics'>) {
    this.#store = store
  }

  count(job: Pick<NewJob, 'queue' | 'name'>): void {
    this.#add(job, Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS)
  }

  /**
   * The store with its pushes counted: what was stored, not what a unique key kept out. What goes with a caller's transaction
   * counts when it is handed over: nobody is told of its commit, and counting within it would lock a row that all write.
   */
  counting(store: Pick<Store, 'push'>): Pick<Store, 'push'> {
    return {
      push: async (jobs, options) => {
        const pushed = await store.push(jobs, options)
        this.#countStored(jobs, pushed)
        return pushed
      },
    }
  }

  async close(): Promise<void> {
    await this.#write()
    clearTimeout(this.#timer)
  }

  #countStored(jobs: readonly NewJob[], pushed: readonly Pushed[]): void {
    const minute = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS
    for (let at = 0; at < jobs.length; at++) if (pushed[at]?.outcome === 'dispatched') this.#add(jobs[at]!, minute)
  }

  #add({ queue, name }: Pick<NewJob, 'queue' | 'name'>, minute: number): void {
    const last = this.#last
    const alike = last?.row.minute === minute && last.row.queue === queue && last.row.name === (name ?? UNNAMED)
    const counted = alike ? last : this.#rowOf(minute, queue, name ?? UNNAMED)
    if (counted === undefined) return
    this.#last = counted
    counted.row.dispatched++
    counted.changed = true
    this.#timer ??= setTimeout(() => void this.#write(), WRITE_MS).unref()
  }

  #rowOf(minute: number, queue: string, name: string): Row | undefined {
    const key = `${minute}\n${queue}\n${name}`
    const known = this.#rows.get(key)
    if (known !== undefined || this.#rows.size >= MOST_ROWS) return known
    const made = { row: emptyRow(minute, queue, name), changed: false }
    this.#rows.set(key, made)
    return made
  }

  #write(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#writing = this.#writing.then(() => this.#writeChanged())
    return this.#writing
  }

  async #writeChanged(): Promise<void> {
    const now = Date.now()
    for (const [key, { row, changed }] of this.#rows) {
      if (row.minute < now - LATEST_MS || (!changed && row.minute < now - 2 * MINUTE_MS)) this.#rows.delete(key)
    }
    this.#last = undefined
    const changed = [...this.#rows.values()].filter((each) => each.changed)
    if (changed.length === 0) return
    for (const each of changed) each.changed = false
    try {
      await this.#store.saveMetrics(
        this.#writer,
        changed.map(({ row }) => ({ ...row })),
      )
    } catch {
      // Totals, not differences: they are written with the next ones, if there are any.
      for (const each of changed) each.changed = true
    }
  }
}

function emptyRow(minute: number, queue: string, name: string): MetricRow {
  const ended = { completed: 0, failed: 0, retried: 0, released: 0, cancelled: 0, waitMs: 0, runMs: 0 }
  return { minute, queue, name, dispatched: 0, started: 0, ...ended, waits: noCounts(), runs: noCounts() }
}
