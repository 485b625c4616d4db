import { FaenaError, isFaenaError, notAllowed } from '../core/errors.ts'
import type { Fate, JobOutcome, NewRun, Store } from '../store.ts'
import { leaseLost } from './aborts.ts'
import { retryDelay } from './clock.ts'
import { cleanRun, historyRow, holdsKey, resultText } from './ending.ts'
import type { JobRun } from './job-run.ts'

/** The run that a completion leaves says whether it was committed: it is kept until that has surely been asked. */
const KEPT_MS = 60 * 60_000

/**
 * What `complete(tx)` does: settles the job as completed in the handler's own transaction, whose commit decides. Throws
 * LEASE_LOST where the job is not this worker's any more, so that the handler's writes roll back with it.
 */
export async function completeIn(
  store: Pick<Store, 'settle'>,
  worker: number,
  run: JobRun,
  tx: unknown,
  result: unknown,
): Promise<void> {
  if (tx === undefined || tx === null)
    throw notAllowed('BAD_ARGUMENT', 'tx', tx, 'the transaction that is to end the job')
  if (run.aborted?.code === 'LEASE_LOST') throw run.aborted
  if (run.displaced || run.abandoned || run.outcome !== null) throw tooLate(run)
  const before = run.joined
  // Whatever becomes of this call: from here on the job may be ended by a commit that nobody here sees.
  run.joined = true
  const outcome = completion(run, worker, result)
  const { applied, refused } = await store.settle({ worker, seq: 0, outcomes: [outcome], tx }).catch((error) => {
    // Refused before anything was written.
    if (isFaenaError(error, 'BAD_ARGUMENT') || isFaenaError(error, 'UNSUPPORTED')) run.joined = before
    throw error
  })
  if (refused[0] !== undefined) throw refused[0].error
  if (applied.length === 0) throw tooLate(run)
  run.completion = outcome
}

function tooLate(run: JobRun): FaenaError {
  const { message } = leaseLost(run.name)
  return new FaenaError(
    'LEASE_LOST',
    `${message}. Roll the transaction back: it must not end a job that may run again.`,
  )
}

function completion(run: JobRun, worker: number, result: unknown): JobOutcome {
  const now = Date.now()
  const keepMs: unknown = run.payload?.faena.keepResultMs
  const keepUntil = now + Math.max(typeof keepMs === 'number' ? keepMs : 0, KEPT_MS)
  const row: NewRun = { ...historyRow(run, 'completed', null), worker, endedAt: now, keepUntil }
  if (typeof keepMs === 'number') Object.assign(row, resultText(result))
  const { id, attempts } = run.job
  return { id, attempts, outcome: { kind: 'completed' }, unique: holdsKey(run.payload), run: cleanRun(row) }
}

export interface JoinedHooks {
  committed(run: JobRun): void
  /** Rolled back, and the job still is the worker's: what its handler ended with counts. */
  undone(run: JobRun): void
  lost(run: JobRun): void
  failed(error: unknown, failures: number, retryMs: number): void
  /** None is left. */
  idle(): void
}

/** Between two looks at a transaction that is still open. */
const FIRST_PAUSE_MS = 5
const LONGEST_PAUSE_MS = 1_000

/**
 * Attempts whose handler called `complete(tx)` and has ended. What the handler says of its transaction is not believed: its
 * commit may have happened although it threw, and may not have although it returned. So the store is asked, until it knows.
 *
 *   ended ──committed──▶ completed          ──undone──▶ settled as any other     ──lost──▶ told as lost
 *     └──open──▶ pause ──▶ asked again
 *
 * A transaction that stays open has its job's row locked. It is waited for here, where it holds up no other job's outcome.
 */
export class JoinedRuns {
  readonly #worker: number
  readonly #store: Pick<Store, 'fate'>
  readonly #hooks: JoinedHooks
  readonly #runs = new Set<JobRun>()
  #closed = false

  constructor(worker: number, store: Pick<Store, 'fate'>, hooks: JoinedHooks) {
    this.#worker = worker
    this.#store = store
    this.#hooks = hooks
  }

  get size(): number {
    return this.#runs.size
  }

  [Symbol.iterator](): Iterator<JobRun> {
    return this.#runs.values()
  }

  async follow(run: JobRun): Promise<void> {
    this.#runs.add(run)
    const fate = await this.#decided(run)
    this.#runs.delete(run)
    if (fate === undefined) return
    if (fate === 'committed') this.#hooks.committed(run)
    else if (fate === 'undone') this.#hooks.undone(run)
    else this.#hooks.lost(run)
    if (this.#runs.size === 0) this.#hooks.idle()
  }

  close(): void {
    this.#closed = true
  }

  async #decided(run: JobRun): Promise<Exclude<Fate, 'open'> | undefined> {
    const { id, attempts } = run.job
    const completion = { worker: this.#worker, id, attempts, uuid: run.uuid }
    let pause = FIRST_PAUSE_MS
    for (let failures = 0; !this.#closed; ) {
      if (run.displaced) return 'lost'
      try {
        const fate = await this.#store.fate(completion)
        if (fate !== 'open') return fate
        pause = Math.min(pause * 2, LONGEST_PAUSE_MS)
      } catch (error) {
        pause = retryDelay(++failures)
        this.#hooks.failed(error, failures, pause)
      }
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
    return undefined
  }
}
