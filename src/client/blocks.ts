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

  /** `timeoutMs`: how long each push may take before the list is given up. */
  constructor(store: Pick<Store, 'push'>, timeoutMs: number) {
    this.#lane = new PushLane(store)
    this.#timeoutMs = timeoutMs
  }

  push(jobs: readonly NewJob[], fresh: boolean): Promise<Pushed[]> {
    const pushed = this.#last.then(() => inPushes(jobs, (part) => this.#pushPart(part, fresh)))
    this.#last = pushed.catch(() => {})
    return pushed
  }

  async close(): Promise<void> {
    await this.#last
  }

  async #pushPart(jobs: readonly NewJob[], fresh: boolean): Promise<Pushed[]> {
    const load = { jobs, fresh }
    const late = setTimeout(() => this.#lane.abandon(), this.#timeoutMs).unref()
    try {
      return await this.#lane.push(() => load)
    } catch (error) {
      if (!isFaenaError(error, 'STORE_UNAVAILABLE')) throw error
      const fate = error.inDoubt ? 'they may have been stored' : 'none of them was stored'
      const text = `The store did not take ${jobs.length} jobs within ${spoken(this.#timeoutMs)}; ${fate}`
      throw new FaenaError('STORE_UNAVAILABLE', text, { cause: error, inDoubt: error.inDoubt })
    } finally {
      clearTimeout(late)
    }
  }
}

/** Cuts `jobs` into pushes of bounded size and makes them one by one. */
export async function inPushes(
  jobs: readonly NewJob[],
  push: (part: readonly NewJob[]) => Promise<Pushed[]>,
): Promise<Pushed[]> {
  const answers: Pushed[] = []
  for (const part of parts(jobs)) {
    try {
      for (const answer of await push(part)) answers.push(answer)
    } catch (error) {
      throw answers.length === 0 ? error : halfway(error, answers.length, jobs.length)
    }
  }
  return answers
}

function* parts(jobs: readonly NewJob[]): Generator<readonly NewJob[]> {
  let from = 0
  let bytes = 0
  for (let at = 0; at < jobs.length; at++) {
    const more = Buffer.byteLength(jobs[at]!.payload)
    if (at > from && (at - from === PUSH_JOBS || bytes + more > PUSH_BYTES)) {
      yield jobs.slice(from, at)
      from = at
      bytes = 0
    }
    bytes += more
  }
  if (from < jobs.length) yield from === 0 ? jobs : jobs.slice(from)
}

function halfway(error: unknown, stored: number, all: number): unknown {
  if (!(error instanceof FaenaError)) return error
  const text = `${error.message}. The first ${stored} of ${all} jobs are stored: go on from inputs[${stored}]`
  return new FaenaError(error.code, text, { cause: error, inDoubt: error.inDoubt, issues: error.issues })
}
