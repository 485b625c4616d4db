import { setTimeout as sleep } from 'node:timers/promises'
import { FaenaError, isFaenaError, notAllowed } from '../core/errors.ts'
import { uuidv7 } from '../core/uuid.ts'
import type { NewOperation, Operation, OperationProgress, OperationState, Page, Paged, Store } from '../store.ts'
import { checkPage } from './filters.ts'
import { actOnChunk, type FailedAction, type Narrowing, narrowed, needsLabels } from './narrowed.ts'
import { Pace } from './pace.ts'

/** An operation as people see it. */
export interface OperationView extends Omit<Operation, 'filter' | 'fence' | 'leaseUntil' | 'after'> {
  narrowing: Narrowing
  /** Looked at so far; with `total` it says how far it is. */
  done: number
}

export interface Operations {
  /** Begins a bulk action that outlives this process. It acts on what had failed by now. */
  startOperation(action: FailedAction, narrowing: Narrowing, options: StartOptions): Promise<OperationView>
  /** The same, carried out here and now. Should this process end or the store fail, others carry it on. */
  runOperation(action: FailedAction, narrowing: Narrowing, options: StartOptions): Promise<OperationRun>
  /** Throws NOT_FOUND. */
  operation(id: number): Promise<OperationView>
  /** Newest first. */
  operations(filter?: { state?: OperationState }, page?: Partial<Page>): Promise<Paged<OperationView>>
  /** It ends after the chunk under way; what is done stays done. Throws NOT_FOUND, or BAD_ARGUMENT where it has ended. */
  cancelOperation(id: number): Promise<OperationView>
}

/** What was done of an operation here. */
export interface OperationRun {
  id: number
  changed: number
  skipped: number
  /** False: the store failed, or this process stops. The rest is done later, by whoever carries operations on. */
  ended: boolean
}

export interface StartOptions {
  subject: string
  /** At most so many jobs a second. */
  ratePerSecond?: number
}

export interface OperationRunnerOptions {
  store: Store
  /** Told after each chunk and at each end. */
  onProgress?: (id: number) => void
  onError?: (error: unknown) => void
  /** Before a keyed action: failed jobs that nobody has labelled would be passed over. */
  prepare?: () => Promise<void>
  leaseMs?: number
  pollMs?: number
  chunk?: number
}

const LEASE_MS = 15_000
const POLL_MS = 5_000
const CHUNK = 500
/** Chunks that failed one after the other before the operation is given up. */
const MOST_FAILURES = 20
/** A look that took too long takes as long again, unless it waited for somebody's lock. */
const MOST_TIMED_OUT = 3
const LONGEST_WAIT_MS = 30_000

export function operationsOf(store: Store, runner: OperationRunner): Operations {
  const known = async (id: number) => {
    const found = Number.isSafeInteger(id) ? await store.operation(id) : undefined
    if (found === undefined) throw new FaenaError('NOT_FOUND', `Operation ${id} not found`)
    return found
  }
  const wanted = (kind: FailedAction, narrowing: Narrowing, { subject, ratePerSecond }: StartOptions) => {
    const which = narrowed(narrowing)
    if (ratePerSecond !== undefined && !(ratePerSecond > 0 && ratePerSecond <= 1_000_000)) {
      throw notAllowed('BAD_ARGUMENT', 'ratePerSecond', ratePerSecond, 'a number above 0, up to 1000000')
    }
    return {
      ...which,
      operation: { kind, filter: JSON.stringify(narrowing), ratePerSecond: ratePerSecond ?? null, subject },
    }
  }
  return {
    async startOperation(kind, narrowing, options) {
      const { operation, ...which } = wanted(kind, narrowing, options)
      const { failed: upTo } = await store.bounds()
      // Counting what labels find takes as long as finding it; such an operation says how much it did only.
      const total = needsLabels(which) ? null : await store.countFailed(which.filter)
      const id = await store.createOperation({ ...operation, upTo, total })
      runner.kick()
      return operationView(await known(id))
    },

    async runOperation(kind, narrowing, options) {
      const { operation } = wanted(kind, narrowing, options)
      const { failed: upTo } = await store.bounds()
      return runner.run({ ...operation, upTo, total: null })
    },

    operation: async (id) => operationView(await known(id)),
    async operations(filter = {}, page = {}) {
      const { rows, next } = await store.operations(filter, checkPage(page))
      return { rows: rows.map(operationView), next }
    },
    async cancelOperation(id) {
      await known(id)
      if (await store.endOperation(id, { state: 'cancelled' })) return operationView(await known(id))
      const { state } = await known(id)
      throw new FaenaError('BAD_ARGUMENT', `Operation ${id} has ended already: ${state}`)
    },
  }
}

function operationView(operation: Operation): OperationView {
  const { filter, fence: _fence, leaseUntil: _lease, after: _after, ...shown } = operation
  return { ...shown, narrowing: JSON.parse(filter) as Narrowing, done: operation.changed + operation.skipped }
}

/**
 * Carries operations on, one after the other: those begun here, and those whose process has gone. Each chunk is one step
 * of the store and its report another, so a crash between the two has the chunk done again, which finds nothing left to
 * do: a job that failed again meanwhile lies above the bound of when the operation began.
 */
export class OperationRunner {
  readonly #options: OperationRunnerOptions
  readonly #owner = uuidv7()
  readonly #leaseMs: number
  readonly #beside = new Set<Promise<unknown>>()
  #stopping = new AbortController()
  #wake = new AbortController()
  #running: Promise<void> | undefined

  constructor(options: OperationRunnerOptions) {
    this.#options = options
    this.#leaseMs = options.leaseMs ?? LEASE_MS
  }

  start(): void {
    if (this.#running) return
    this.#stopping = new AbortController()
    this.#running = this.#loop()
  }

  /** Makes one and carries it out at once, beside the others. Where the store fails it is let go of, and waits its turn. */
  async run(wanted: NewOperation): Promise<OperationRun> {
    const { store, onError, onProgress } = this.#options
    const id = await store.createOperation(wanted, { owner: this.#owner, leaseMs: this.#leaseMs })
    const progress = { after: 0, changed: 0, skipped: 0 }
    const carried = this.#carryOn({ ...wanted, id, fence: 1 }, progress, { patient: false })
      .catch(async (error) => {
        onError?.(error)
        onProgress?.(id)
        await store.reportOperation(id, 1, progress, 0)
        this.kick()
      })
      .then(() => store.operation(id))
      // Its lease ends by itself then.
      .catch(() => undefined)
    this.#beside.add(carried)
    const now = await carried
    this.#beside.delete(carried)
    const { changed, skipped } = progress
    return { id, changed, skipped, ended: now !== undefined && now.endedAt !== null }
  }

  /** One was begun: it is looked for at once. */
  kick(): void {
    this.#wake.abort()
  }

  /** Ends after the chunk under way and lets go of its operation, so that another process goes on with it at once. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#wake.abort()
    await Promise.allSettled([this.#running, ...this.#beside])
    this.#running = undefined
  }

  async #loop(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      this.#wake = new AbortController()
      try {
        const operation = await this.#options.store.takeOperation(this.#owner, this.#leaseMs)
        if (operation) await this.#carryOn(operation, progressOf(operation), { patient: true })
        else await this.#rest(this.#options.pollMs ?? POLL_MS)
      } catch (error) {
        this.#options.onError?.(error)
        await this.#rest(this.#options.pollMs ?? POLL_MS)
      }
    }
  }

  /** `progress` is kept up to date. `patient`: it is tried again where the store fails; else that rejects. */
  async #carryOn(operation: Held, progress: OperationProgress, { patient }: { patient: boolean }): Promise<void> {
    const { store } = this.#options
    const { id, fence, kind, upTo, ratePerSecond } = operation
    const which = narrowed(JSON.parse(operation.filter) as Narrowing)
    if (needsLabels(which)) await this.#options.prepare?.()
    const pace = new Pace(chunkSize(this.#options.chunk ?? CHUNK, ratePerSecond))
    const began = { at: performance.now(), changed: progress.changed }
    let failures = 0
    let timedOut = 0
    for (;;) {
      const from = performance.now()
      let next: number | null
      let rest: number
      try {
        const chunk = { limit: pace.limit, upTo, after: progress.after }
        const done = await this.#holding(id, fence, progress, () => actOnChunk(store, kind, which, chunk))
        progress.changed += done.changed
        progress.skipped += done.skipped
        next = done.next
        rest = pace.took(performance.now() - from, done.changed + done.skipped)
        failures = 0
        timedOut = 0
      } catch (error) {
        if (!patient) throw error
        if (isFaenaError(error, 'READ_TIMED_OUT')) timedOut += 1
        else failures += 1
        if (timedOut >= MOST_TIMED_OUT || failures >= MOST_FAILURES) {
          await store.endOperation(id, { state: 'failed', error: String(error), fence })
          this.#options.onProgress?.(id)
          return
        }
        this.#options.onError?.(error)
        const wait = Math.min(250 * 2 ** (failures + timedOut), LONGEST_WAIT_MS)
        if (!(await this.#waitHolding(id, fence, progress, wait))) return
        // Somebody else's by now, where the store was out of reach for longer than the lease.
        if (!(await store.reportOperation(id, fence, progress, this.#leaseMs).catch(() => true))) return
        continue
      }
      progress.after = next ?? upTo
      const mine = await store.reportOperation(id, fence, progress, this.#leaseMs)
      if (mine && next === null) await store.endOperation(id, { state: 'done', fence })
      this.#options.onProgress?.(id)
      // Cancelled, or somebody else's by now.
      if (!mine || next === null) return
      const due = ratePerSecond === null ? 0 : began.at + ((progress.changed - began.changed) / ratePerSecond) * 1_000
      if (!(await this.#waitHolding(id, fence, progress, Math.max(rest, due - performance.now())))) return
    }
  }

  /** A chunk under way, whose look for its jobs may take longer than the lease: that is renewed meanwhile. */
  async #holding<T>(id: number, fence: number, progress: OperationProgress, work: () => Promise<T>): Promise<T> {
    let renewal: Promise<unknown> = Promise.resolve()
    const renew = async () => {
      await renewal
      await this.#options.store.reportOperation(id, fence, progress, this.#leaseMs)
    }
    const renewing = setInterval(() => {
      // Whether it is still ours is asked after the chunk; while the store does not answer, nobody else gets it either.
      renewal = renew().catch(() => {})
    }, this.#leaseMs / 3)
    try {
      return await work()
    } finally {
      clearInterval(renewing)
      // It says how far it was before the chunk, and must not come after who says how far it is now.
      await renewal
    }
  }

  /** Sleeps, renewing the lease. False: it is not ours any more, or this process stops and has let it go. */
  async #waitHolding(id: number, fence: number, progress: OperationProgress, ms: number) {
    const until = performance.now() + ms
    for (;;) {
      if (this.#stopping.signal.aborted) {
        await this.#options.store.reportOperation(id, fence, progress, 0)
        return false
      }
      const left = until - performance.now()
      if (left <= 0) return true
      const step = Math.min(left, this.#leaseMs / 3)
      await sleep(step, undefined, { signal: this.#stopping.signal }).catch(() => {})
      if (left > step && !(await this.#options.store.reportOperation(id, fence, progress, this.#leaseMs))) return false
    }
  }

  async #rest(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#wake.signal }).catch(() => {})
  }
}

/** An operation that is carried on here. */
type Held = Pick<Operation, 'id' | 'fence' | 'kind' | 'filter' | 'upTo' | 'ratePerSecond'>

function progressOf({ after, changed, skipped }: Operation): OperationProgress {
  return { after, changed, skipped }
}

/** With a rate, a chunk is a tenth of a second's share, so that the jobs come evenly and not in bursts. */
function chunkSize(chunk: number, ratePerSecond: number | null): number {
  return ratePerSecond === null ? chunk : Math.max(1, Math.min(chunk, Math.floor(ratePerSecond / 10)))
}
