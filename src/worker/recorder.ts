import { isFaenaError } from '../core/errors.ts'
import { histogramStep, noCounts } from '../core/histogram.ts'
import type { HistoryRules } from '../core/history.ts'
import type { MetricRow, NewRun, OutcomeKind, RecordStore } from '../store.ts'
import { wallTime } from './clock.ts'
import { headlineOf, historyRow } from './ending.ts'
import { type JobRun, waitedMs } from './job-run.ts'
import { Round } from './round.ts'

const HISTORY_GAP_MS = 1_000
const METRICS_GAP_MS = 5_000
/** Totals kept while the store can't be reached; a minute of so many queue and name pairs. */
const MOST_TOTALS = 2_000
const MINUTE_MS = 60_000
/** Minutes that could not be written for so long are given up. */
const LATEST_MS = 3_600_000
/** Of queues whose history is kept whole: rows per write, and attempts that wait at most for a store that is slow. */
const ROWS_AT_ONCE = 500
const MOST_WHOLE = 20_000

interface Totals {
  worker: number
  row: MetricRow & { waits: number[]; runs: number[] }
  changed: boolean
}

const COUNTED: Record<OutcomeKind, 'completed' | 'failed' | 'retried' | 'released' | 'cancelled'> = {
  completed: 'completed',
  failed: 'failed',
  retry: 'retried',
  released: 'released',
  cancelled: 'cancelled',
}

/**
 * History and metrics of what ran, written in the background: nothing here delays a job or a settle, memory is bounded,
 * and what can't be written is dropped; where all is kept, not before the bound. Totals are exact while the store answers;
 * history is a sample, in which attempts that logged, progressed, failed or must be tried again go first.
 */
export class Recorder {
  readonly #store: Pick<RecordStore, 'saveRuns' | 'saveMetrics'>
  readonly #running: () => JobRun[]
  readonly #failed: (error: unknown) => void
  /** Rows of history per flush, and with that per second. */
  readonly #mostRows: number
  readonly #rules: HistoryRules
  readonly #totals = new Map<string, Totals>()
  /** The totals counted last: mostly the next job's too. */
  #last: Totals | undefined
  #telling: JobRun[] = []
  #plain: JobRun[] = []
  /** Of queues that keep all. */
  #whole: JobRun[] = []
  #historyTimer: NodeJS.Timeout | undefined
  #metricsTimer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()
  readonly #history = new Round(() => this.#writeHistory())
  readonly #metrics = new Round(() => this.#writeMetrics())

  constructor(
    store: Pick<RecordStore, 'saveRuns' | 'saveMetrics'>,
    running: () => JobRun[],
    mostRows: number,
    rules: HistoryRules,
    failed: (error: unknown) => void,
  ) {
    this.#store = store
    this.#running = running
    this.#mostRows = mostRows
    this.#rules = rules
    this.#failed = failed
  }

  start(): void {
    this.#historyTimer = setInterval(() => void this.#history.begin(), HISTORY_GAP_MS)
    this.#metricsTimer = setInterval(() => void this.#metrics.begin(), METRICS_GAP_MS)
  }

  started(run: JobRun): void {
    const totals = this.#totalsOf(run, wallTime(run.startedAt))
    if (totals === undefined) return
    totals.row.started++
    totals.changed = true
  }

  /** A run's outcome stands in the store. */
  ended(run: JobRun): void {
    const kind = run.outcome!.kind
    this.#count(run, kind)
    // The settle has written the row already where the job's result is kept, and an id made up for one attempt finds nothing.
    if (run.written?.run !== undefined || !run.payload?.uuid) return
    const { keep } = this.#rules.of(run.job.queue)
    if (keep === 'none') return
    if (keep === 'all') {
      this.#whole.push(run)
      this.#boundWhole()
      return
    }
    if (kind !== 'completed' || run.notesSoFar !== null) {
      if (this.#telling.length < this.#mostRows) this.#telling.push(run)
    } else if (this.#plain.length < this.#mostRows) this.#plain.push(run)
  }

  /** Writes what there is and ends. */
  async end(): Promise<void> {
    clearInterval(this.#historyTimer)
    clearInterval(this.#metricsTimer)
    // What is under way may have begun before the last attempts ended.
    await Promise.all([this.#history.underWay, this.#metrics.underWay])
    await Promise.all([this.#history.begin(), this.#metrics.begin()])
  }

  #count(run: JobRun, kind: OutcomeKind): void {
    const totals = this.#totalsOf(run, wallTime(run.startedAt) + run.runMs)
    if (totals === undefined) return
    const { row } = totals
    const waited = waitedMs(run)
    row[COUNTED[kind]]++
    row.waitMs += waited
    row.runMs += run.runMs
    row.waits[histogramStep(waited)]!++
    row.runs[histogramStep(run.runMs)]!++
    totals.changed = true
  }

  #totalsOf(run: JobRun, at: number): Totals | undefined {
    const worker = run.settler?.worker ?? 0
    const { queue } = run.job
    const { name } = run
    const last = this.#last
    if (
      last !== undefined &&
      last.row.name === name &&
      last.row.queue === queue &&
      last.worker === worker &&
      at - last.row.minute < MINUTE_MS &&
      at >= last.row.minute
    ) {
      return last
    }
    const minute = Math.floor(at / MINUTE_MS) * MINUTE_MS
    const key = `${worker}\n${minute}\n${queue}\n${name}`
    let totals = this.#totals.get(key)
    if (totals === undefined) {
      if (this.#totals.size >= MOST_TOTALS) return undefined
      const ended = { completed: 0, failed: 0, retried: 0, released: 0, cancelled: 0, waitMs: 0, runMs: 0 }
      const counts = { dispatched: 0, started: 0, ...ended, waits: noCounts(), runs: noCounts() }
      totals = { worker, row: { minute, queue, name, ...counts }, changed: false }
      this.#totals.set(key, totals)
    }
    this.#last = totals
    return totals
  }

  async #writeHistory(): Promise<void> {
    await this.#writeWhole()
    await this.#write(() => {
      // Made at the last moment: a row that says `running` must not be written after the one that says how it ended.
      const rows = this.#historyRows()
      return rows.length === 0 ? undefined : this.#store.saveRuns(rows)
    })
  }

  async #writeWhole(): Promise<void> {
    const whole = this.#whole
    this.#whole = []
    for (let at = 0; at < whole.length; at += ROWS_AT_ONCE) {
      const rows = whole.slice(at, at + ROWS_AT_ONCE).map((run) => this.#endedRow(run))
      const written = await this.#write(() => this.#store.saveRuns(rows))
      if (written !== 'unreachable') continue
      // For the next round. Rows that may have been stored all the same are written over; those a store refuses are not kept.
      this.#whole = whole.slice(at).concat(this.#whole)
      this.#boundWhole()
      return
    }
  }

  #boundWhole(): void {
    if (this.#whole.length <= MOST_WHOLE) return
    const { length } = this.#whole
    this.#whole = []
    this.#failed(new Error(`The history of ${length} attempts was dropped: the store did not take it`))
  }

  #historyRows(): NewRun[] {
    const rows = this.#telling.map((run) => this.#endedRow(run))
    for (const run of this.#running()) {
      if (rows.length >= this.#mostRows) break
      // A row that the handler's transaction has written would be waited for.
      if (!run.payload?.uuid || !run.notesSoFar?.changed || run.joined) continue
      if (this.#rules.of(run.job.queue).keep === 'none') continue
      run.notesSoFar.changed = false
      rows.push(historyRow(run, 'running', null))
    }
    for (const run of this.#plain.slice(0, this.#mostRows - rows.length)) rows.push(this.#endedRow(run))
    this.#telling = []
    this.#plain = []
    return rows
  }

  #endedRow(run: JobRun): NewRun {
    const row = historyRow(run, run.outcome!.kind, headlineOf(run))
    const { keepMs } = this.#rules.of(run.job.queue)
    if (keepMs !== null) row.keepUntil = (row.endedAt ?? Date.now()) + keepMs
    return row
  }

  async #writeMetrics(): Promise<void> {
    // By now what was written of that minute may be part of another row: written again, it would count twice.
    const tooOld = Date.now() - LATEST_MS
    for (const totals of this.#totals.values()) if (totals.row.minute < tooOld) totals.changed = false
    const byWorker = new Map<number, Totals[]>()
    for (const totals of this.#totals.values()) {
      if (!totals.changed) continue
      const list = byWorker.get(totals.worker)
      if (list === undefined) byWorker.set(totals.worker, [totals])
      else list.push(totals)
    }
    for (const [worker, list] of byWorker) {
      for (const totals of list) totals.changed = false
      const rows = list.map(({ row }) => ({
        ...row,
        ...{ waitMs: Math.round(row.waitMs), runMs: Math.round(row.runMs) },
        ...{ waits: [...row.waits], runs: [...row.runs] },
      }))
      const written = await this.#write(() => this.#store.saveMetrics(worker, rows))
      // Totals, not differences: what failed is simply written again, with what was counted since.
      if (written !== 'written') for (const totals of list) totals.changed = true
    }
    this.#forget()
  }

  /** Totals of past minutes that are written. */
  #forget(): void {
    const minute = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS
    for (const [key, totals] of this.#totals) {
      if (totals.row.minute < minute - MINUTE_MS && !totals.changed) {
        this.#totals.delete(key)
        if (this.#last === totals) this.#last = undefined
      }
    }
  }

  /** One write at a time, so that a slow store isn't flooded. */
  async #write(work: () => Promise<void> | undefined): Promise<'written' | 'unreachable' | 'refused'> {
    const before = this.#writing
    let done = () => {}
    this.#writing = new Promise((resolve) => {
      done = resolve
    })
    await before
    try {
      await work()
      return 'written'
    } catch (error) {
      this.#failed(error)
      return isFaenaError(error, 'STORE_UNAVAILABLE') ? 'unreachable' : 'refused'
    } finally {
      done()
    }
  }
}
