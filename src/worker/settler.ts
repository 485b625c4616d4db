import type { JobOutcome, Settled, Store } from '../store.ts'
import { retryDelay } from './clock.ts'
import { mended, weight } from './ending.ts'
import type { JobRun } from './job-run.ts'
import { completeIn, JoinedRuns } from './joined.ts'

export interface SettlerHooks {
  /** The outcome stands in the store. */
  applied(run: JobRun): void
  /** The job was not this worker's any more; nothing was changed. */
  lost(run: JobRun): void
  /** Its handler returned after `complete(tx)`, and that transaction was rolled back: it needs another outcome. */
  undone(run: JobRun): void
  /** A call failed, or a row was refused as it stood; it is tried again. */
  failed(error: unknown, failures: number, retryMs: number): void
  /** A settle ended, well or not: there is room again, or nothing left. */
  moved(): void
}

/** At most this many outcomes, and characters of text, go in one settle. */
const MOST_OUTCOMES = 2_000
const MOST_TEXT = 4 * 1024 * 1024
const MOST_WAITING = 1_500
const MOST_MENDS = 3

/**
 * Writes the outcomes of one worker id. One settle is under way at a time, and what ends meanwhile goes with the next:
 * an idle worker writes at once, a busy one in large batches.
 *
 * An error of a settle is never an error of a job. The batch stays as it is and is sent again under the same number,
 * for ever, since nobody knows whether the store wrote it; the number tells the store that it is the same.
 */
export class Settler {
  readonly worker: number
  readonly #store: Pick<Store, 'settle' | 'fate'>
  readonly #hooks: SettlerHooks
  readonly #joined: JoinedRuns
  #queue: JobRun[] = []
  /** Refused rows, which go alone and later so that they hold up nobody. */
  #refused: JobRun[] = []
  #refusedTimer: NodeJS.Timeout | undefined
  #underWay: readonly JobRun[] = []
  readonly #committedMeanwhile: JobRun[] = []
  /** Characters of the outcomes that wait or are under way. */
  #text = 0
  #scheduled = false
  #seq = 0
  #closed = false
  #idle: (() => void)[] = []
  #wakeUp: (() => void) | undefined

  constructor(worker: number, store: Pick<Store, 'settle' | 'fate'>, hooks: SettlerHooks) {
    this.worker = worker
    this.#store = store
    this.#hooks = hooks
    this.#joined = new JoinedRuns(worker, store, {
      committed: (run) => this.#committed(run),
      undone: (run) => this.#undone(run),
      lost: (run) => hooks.lost(run),
      failed: hooks.failed,
      idle: () => {
        hooks.moved()
        if (!this.busy) this.#tellIdle()
      },
    })
  }

  /** Outcomes that do not stand in the store yet. */
  get backlog(): number {
    return this.#queue.length + this.#underWay.length + this.#refused.length + this.#joined.size
  }

  /** Whether outcomes wait or are under way, refused rows aside. */
  get busy(): boolean {
    return this.#queue.length + this.#underWay.length + this.#joined.size > 0
  }

  /** So much waits to be written that no more should be begun. Refused rows don't count: they may wait for long. */
  get full(): boolean {
    return this.#queue.length + this.#underWay.length >= MOST_WAITING || this.#text >= MOST_TEXT
  }

  /** Takes a run whose outcome is made (`run.written`). What ends in the same turn of the event loop goes together. */
  add(run: JobRun): void {
    if (run.displaced) {
      this.#hooks.lost(run)
      return
    }
    if (run.joined) void this.#joined.follow(run)
    else this.#enqueue(run)
  }

  /** Ends the job in the handler's own transaction. */
  complete(run: JobRun, tx: unknown, result: unknown): Promise<void> {
    return completeIn(this.#store, this.worker, run, tx, result)
  }

  #enqueue(run: JobRun): void {
    this.#queue.push(run)
    this.#text += weight(run.written!)
    if (this.#scheduled || this.#closed) return
    this.#scheduled = true
    setImmediate(() => void this.#flush())
  }

  /** Whose outcomes do not stand in the store, as far as is known. */
  get unwritten(): JobRun[] {
    return [...this.#underWay, ...this.#queue, ...this.#refused, ...this.#joined]
  }

  /** Whose outcomes wait, and are not under way. */
  get pending(): Iterable<JobRun> {
    return [...this.#queue, ...this.#refused, ...this.#joined]
  }

  /** Its row is gone, and its id belongs to another job: an outcome that is not under way yet is not written. */
  withdraw(run: JobRun): void {
    const at = this.#queue.indexOf(run)
    const refusedAt = this.#refused.indexOf(run)
    if (at >= 0) {
      this.#queue.splice(at, 1)
      this.#text -= weight(run.written!)
    } else if (refusedAt >= 0) this.#refused.splice(refusedAt, 1)
    else return
    this.#hooks.lost(run)
  }

  /**
   * Resolves once everything was written, or refused once more, or `withinMs` are over; answers how many outcomes are left.
   */
  async drained(withinMs: number): Promise<number> {
    if (this.backlog > 0 && withinMs > 0) {
      // Whoever waits for the end does not wait for a back-off that began long ago.
      this.#wakeUp?.()
      this.#retryRefused()
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, withinMs)
        this.#idle.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
    return this.backlog
  }

  /** Gives up what is left; it will be run again. */
  close(): void {
    this.#closed = true
    clearTimeout(this.#refusedTimer)
    this.#joined.close()
    this.#wakeUp?.()
  }

  #committed(run: JobRun): void {
    if (run.outcome?.kind !== 'completed') {
      run.thrown = run.outcome !== null && 'error' in run.outcome ? run.outcome.error : undefined
      run.outcome = { kind: 'completed' }
    }
    // The attempt before this one may be in the settle under way, and is told first.
    if (this.#underWay.length > 0) this.#committedMeanwhile.push(run)
    else this.#hooks.applied(run)
  }

  #undone(run: JobRun): void {
    if (run.outcome?.kind === 'completed') this.#hooks.undone(run)
    this.#enqueue(run)
  }

  async #flush(): Promise<void> {
    while (this.#queue.length > 0 && !this.#closed) {
      const batch = this.#nextBatch()
      this.#underWay = batch
      const settled = await this.#settle(batch)
      this.#underWay = []
      for (const run of batch) this.#text -= weight(run.written!)
      if (settled !== undefined) this.#tell(batch, settled)
      for (const run of this.#committedMeanwhile.splice(0)) this.#hooks.applied(run)
      if (settled === undefined) break
      this.#hooks.moved()
    }
    this.#scheduled = false
    if (!this.busy) this.#tellIdle()
  }

  #nextBatch(): JobRun[] {
    const queue = this.#queue
    let text = 0
    let end = 0
    while (end < queue.length && end < MOST_OUTCOMES) {
      text += weight(queue[end]!.written!)
      if (end > 0 && text > MOST_TEXT) break
      end++
    }
    if (end === queue.length) {
      this.#queue = []
      return queue
    }
    return queue.splice(0, end)
  }

  /** Until the store answers. The batch and its number do not change between tries. */
  async #settle(batch: readonly JobRun[]): Promise<Settled | undefined> {
    const outcomes: JobOutcome[] = batch.map((run) => run.written!)
    const seq = ++this.#seq
    for (let failures = 1; !this.#closed; failures++) {
      try {
        return await this.#store.settle({ worker: this.worker, seq, outcomes })
      } catch (error) {
        const retryMs = retryDelay(failures)
        this.#hooks.failed(error, failures, retryMs)
        await this.#pause(retryMs)
      }
    }
    return undefined
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer)
        this.#wakeUp = undefined
        resolve()
      }
      const timer = setTimeout(end, ms)
      this.#wakeUp = end
    })
  }

  #tell(batch: readonly JobRun[], settled: Settled): void {
    if (settled.applied.length === batch.length) {
      for (const run of batch) this.#hooks.applied(run)
      return
    }
    const applied = new Set(settled.applied)
    const refused = new Map(settled.refused.map(({ id, error }) => [id, error]))
    for (const run of batch) {
      const error = refused.get(run.job.id)
      if (error !== undefined) this.#refuse(run, error)
      else if (applied.has(run.job.id)) this.#hooks.applied(run)
      // On SQLite a transaction that still was open counted as undone: it may have been committed since.
      else if (run.joined) void this.#joined.follow(run)
      else this.#hooks.lost(run)
    }
  }

  /** Mends what can be mended at once; after that the row is tried again as it is, slower and slower. */
  #refuse(run: JobRun, error: Error): void {
    run.mends++
    const retryMs = run.mends < MOST_MENDS ? 0 : retryDelay(run.mends) * 6
    this.#hooks.failed(error, run.mends, retryMs)
    run.written = mended(run.written!, run.job.payload, run.mends)
    if (retryMs === 0) {
      this.#enqueue(run)
      return
    }
    this.#refused.push(run)
    clearTimeout(this.#refusedTimer)
    this.#refusedTimer = setTimeout(() => this.#retryRefused(), retryMs)
  }

  #retryRefused(): void {
    const runs = this.#refused
    this.#refused = []
    for (const run of runs) this.#enqueue(run)
  }

  #tellIdle(): void {
    for (const resolve of this.#idle.splice(0)) resolve()
  }
}
