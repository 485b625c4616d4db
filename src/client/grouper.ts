import { spoken } from '../core/duration.ts'
import { FaenaError, isFaenaError } from '../core/errors.ts'
import type { NewJob, Pushed, Store } from '../store.ts'
import { PushLane } from './lane.ts'

/** What one push holds at most; a job larger than that goes alone. */
export const PUSH_BYTES = 4 * 1024 * 1024
export const PUSH_JOBS = 5_000

/** Errors that say something of the store and nothing of a job: pushing the jobs one by one would not help. */
const NO_FAULT_OF_A_JOB: ReadonlySet<string> = new Set([
  'STORE_UNAVAILABLE',
  'STORE_CLOSED',
  'STORE_UNSAFE',
  'MIGRATION_NEEDED',
  'MIGRATION_FAILED',
  'UNSUPPORTED',
])

/** When nothing was pushed for so long, a dispatch is a lone one. */
const QUIET_MS = 5

/** One caller that waits for its job to be stored. */
interface Waiting {
  readonly job: NewJob
  /** The uuid was made for this dispatch. */
  readonly fresh: boolean
  readonly bytes: number
  /** By the monotonic clock. */
  readonly deadline: number
  readonly resolve: (pushed: Pushed) => void
  readonly reject: (error: unknown) => void
}

/**
 * Gathers single dispatches into pushes: what is dispatched in one turn of the event loop, or while a push is under way,
 * goes with the next one. So a lone dispatch waits for nobody, and under load one commit serves hundreds. Each promise
 * resolves only when its own job is stored, and each is rejected for its own job's fault or at its own deadline.
 */
export class Grouper {
  readonly #lane: PushLane
  readonly #timeoutMs: number
  #waiting: Waiting[] = []
  /** Halves of a group that was refused: they go before what waits. */
  #halves: Waiting[][] = []
  #current: Waiting[] = []
  #running: Promise<void> | null = null
  #sweep: NodeJS.Timeout | null = null
  /** When the last push was over, by the monotonic clock. */
  #pushedAt = Number.NEGATIVE_INFINITY
  #closed = false

  /** `timeoutMs`: how long a dispatch may wait for the store before it is rejected with STORE_UNAVAILABLE. */
  constructor(store: Pick<Store, 'push'>, timeoutMs: number) {
    this.#lane = new PushLane(store)
    this.#timeoutMs = timeoutMs
  }

  push(job: NewJob, fresh: boolean): Promise<Pushed> {
    if (this.#closed)
      return Promise.reject(new FaenaError('STORE_CLOSED', 'The queue was closed; dispatch nothing after close()'))
    return new Promise((resolve, reject) => {
      const bytes = Buffer.byteLength(job.payload)
      this.#waiting.push({ job, fresh, bytes, deadline: performance.now() + this.#timeoutMs, resolve, reject })
      this.#running ??= this.#work()
      this.#sweep ??= this.#sweepIn(this.#timeoutMs)
    })
  }

  /** Waits until every dispatch so far is stored or rejected, and refuses later ones. */
  async close(): Promise<void> {
    this.#closed = true
    while (this.#running !== null) await this.#running
    if (this.#sweep !== null) clearTimeout(this.#sweep)
    this.#sweep = null
  }

  async #work(): Promise<void> {
    // Whoever dispatches later in this turn of the event loop comes along; so do callers that were just answered. After a quiet
    // time a lone job does not wait for others that hardly come, only for those that the same code dispatches with it.
    if (performance.now() - this.#pushedAt < QUIET_MS) await turn()
    else await null
    while (this.#waiting.length > 0 || this.#halves.length > 0) {
      this.#current = this.#take()
      await this.#store()
      this.#current = []
      await turn()
    }
    this.#pushedAt = performance.now()
    this.#running = null
  }

  async #store(): Promise<void> {
    try {
      const answers = await this.#lane.push(() => ({
        jobs: this.#current.map(({ job }) => job),
        fresh: this.#current.every(({ fresh }) => fresh),
      }))
      for (const [at, { resolve }] of this.#current.entries()) resolve(answers[at]!)
    } catch (error) {
      const group = this.#current
      if (group.length > 1 && !(error instanceof FaenaError && NO_FAULT_OF_A_JOB.has(error.code))) {
        const middle = group.length >> 1
        this.#halves.push(group.slice(middle), group.slice(0, middle))
      } else {
        for (const waiting of group) {
          waiting.reject(
            isFaenaError(error, 'STORE_UNAVAILABLE') ? this.#tooLate(waiting.job, error.inDoubt, error) : error,
          )
        }
      }
    }
  }

  #take(): Waiting[] {
    const half = this.#halves.pop()
    if (half !== undefined) return half
    const all = this.#waiting
    let bytes = 0
    let count = 0
    while (count < all.length && count < PUSH_JOBS && (count === 0 || bytes + all[count]!.bytes <= PUSH_BYTES)) {
      bytes += all[count++]!.bytes
    }
    this.#waiting = all.slice(count)
    return count === all.length ? all : all.slice(0, count)
  }

  /** Never holds a process up: a push that hangs has its connection to do that. */
  #sweepIn(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.#rejectLate(), Math.max(1, ms)).unref()
  }

  /** Deadlines stand in the order of the dispatches, so the first of each list falls due first. */
  #rejectLate(): void {
    const now = performance.now()
    const isLate = ({ deadline }: Waiting) => deadline <= now
    const rejected = (list: Waiting[], inDoubt: boolean) => {
      const late = list.filter(isLate)
      for (const { job, reject } of late) reject(this.#tooLate(job, inDoubt))
      return late.length === 0 ? list : list.slice(late.length)
    }
    this.#waiting = rejected(this.#waiting, false)
    this.#halves = this.#halves.map((half) => rejected(half, false)).filter((half) => half.length > 0)
    if (this.#current.every(isLate)) this.#lane.abandon()
    else if (this.#lane.inDoubt) rejected(this.#current, true)
    else this.#current = rejected(this.#current, false)
    const next = [this.#current, ...this.#halves, this.#waiting].flatMap(
      (list) => list.find((one) => !isLate(one)) ?? [],
    )
    this.#sweep = next.length === 0 ? null : this.#sweepIn(Math.min(...next.map(({ deadline }) => deadline)) - now)
  }

  #tooLate(job: NewJob, inDoubt: boolean, cause?: unknown): FaenaError {
    const fate = inDoubt
      ? `it may have been stored: dispatch it again with uuid ${job.uuid}, which is refused as DUPLICATE_UUID if it was`
      : 'it was not stored'
    return new FaenaError(
      'STORE_UNAVAILABLE',
      `The store did not take job ${job.name} within ${spoken(this.#timeoutMs)}; ${fate}`,
      {
        cause,
        inDoubt,
      },
    )
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
