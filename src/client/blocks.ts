import { performance } from 'node:perf_hooks'
import { spoken } from '../core/duration.ts'
import { FaenaError, isFaenaError } from '../core/errors.ts'
import type { NewJob, Pushed, Store } from '../store.ts'
import { PUSH_BYTES, PUSH_JOBS } from './grouper.ts'
import { PushLane } from './lane.ts'

/**
 * Pushes lists of jobs, one list after another, beside the single dispatches rather than before them. A list that fits
 * one push is stored as a whole or not at all; a longer one is stored push by push, in order, and an error says how far
 * that came.
 */
export class Blocks {
  readonly #lane: PushLane
  readonly #timeoutMs: number
  #last: Promise<unknown> = Promise.resolve()

  /** `timeoutMs`: how long a list may wait for its turn and its first push, then each further push, until it is given up. */
  constructor(store: Pick<Store, 'push'>, timeoutMs: number) {
    this.#lane = new PushLane(store)
    this.#timeoutMs = timeoutMs
  }

  push(jobs: readonly NewJob[], fresh: boolean): Promise<Pushed[]> {
    const turn = this.#last
    const pushed = this.#inTurn(turn, jobs, fresh)
    // A promise keeps what it was fulfilled with: here it must be nothing, or each list would keep all before it.
    this.#last = Promise.allSettled([turn, pushed]).then(() => {})
    return pushed
  }

  async close(): Promise<void> {
    await this.#last
  }

  /** Lists that wait behind one that hangs are given up in time as well. */
  async #inTurn(turn: Promise<unknown>, jobs: readonly NewJob[], fresh: boolean): Promise<Pushed[]> {
    const begin = performance.now()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), this.#timeoutMs).unref()
    })
    const first = await Promise.race([turn, late]).finally(() => clearTimeout(timer))
    if (first === 'late') throw this.#tooLate(jobs.length, false)
    let leftMs = Math.max(1, this.#timeoutMs - (performance.now() - begin))
    return inPushes(jobs, (part) => {
      const withinMs = leftMs
      leftMs = this.#timeoutMs
      return this.#pushPart(part, fresh, withinMs)
    })
  }

  async #pushPart(jobs: readonly NewJob[], fresh: boolean, withinMs: number): Promise<Pushed[]> {
    const load = { jobs, fresh }
    const late = setTimeout(() => this.#lane.abandon(), withinMs).unref()
    try {
      return await this.#lane.push(() => load)
    } catch (error) {
      throw isFaenaError(error, 'STORE_UNAVAILABLE') ? this.#tooLate(jobs.length, error.inDoubt, error) : error
    } finally {
      clearTimeout(late)
    }
  }

  #tooLate(count: number, inDoubt: boolean, cause?: unknown): FaenaError {
    const fate = inDoubt ? 'they may have been stored' : 'none of them was stored'
    const text = `The store did not take ${count} jobs within ${spoken(this.#timeoutMs)}; ${fate}`
    return new FaenaError('STORE_UNAVAILABLE', text, { cause, inDoubt })
  }
}

/** Cuts `jobs` into pushes of bounded size and makes them one by one. */
export async function inPushes(
  jobs: readonly NewJob[],
  push: (part: readonly NewJob[]) => Promise<Pushed[]>,
): Promise<Pushed[]> {
  if (fitsOnePush(jobs)) return push(jobs)
  const answers: Pushed[] = []
  for (let from = 0; from < jobs.length; ) {
    const part = jobs.slice(from, endOfPush(jobs, from))
    try {
      for (const answer of await push(part)) answers.push(answer)
    } catch (error) {
      throw from === 0 ? error : halfway(error, answers.length, jobs.length)
    }
    from += part.length
  }
  return answers
}

function fitsOnePush(jobs: readonly NewJob[]): boolean {
  if (jobs.length > PUSH_JOBS) return false
  let characters = 0
  for (const { payload } of jobs) characters += payload.length
  // Told without measuring: no character takes more than three bytes.
  return characters * 3 <= PUSH_BYTES || endOfPush(jobs, 0) === jobs.length
}

/** Where the push ends that begins with the job at `from`. */
function endOfPush(jobs: readonly NewJob[], from: number): number {
  const most = Math.min(jobs.length, from + PUSH_JOBS)
  let bytes = 0
  for (let at = from; at < most; at++) {
    bytes += Buffer.byteLength(jobs[at]!.payload)
    if (bytes > PUSH_BYTES && at > from) return at
  }
  return most
}

function halfway(error: unknown, stored: number, all: number): unknown {
  if (!(error instanceof FaenaError)) return error
  const text = `${error.message}. The first ${stored} of ${all} jobs are stored: go on from inputs[${stored}]`
  return new FaenaError(error.code, text, { cause: error, inDoubt: error.inDoubt, issues: error.issues })
}
