import { randomUUID } from 'node:crypto'
import { FaenaError, isFaenaError } from '../core/errors.ts'
import type { NewJob, Pushed, PushId, Store } from '../store.ts'

const FIRST_PAUSE_MS = 20
const LONGEST_PAUSE_MS = 500

/** What is pushed in one go. `fresh`: all uuids were made just now, so none of them needs looking up. */
export interface Load {
  readonly jobs: readonly NewJob[]
  readonly fresh: boolean
}

/** The push under way. */
interface Run {
  /** The store was asked and has not answered. */
  asking: boolean
  /** An earlier answer may have been lost. */
  doubt: boolean
  abandoned: boolean
  /** Ends the waiting for an answer or for the next attempt. */
  wake: () => void
}

/**
 * One push at a time, each with an id that the store can look up. While the store is unavailable the push is repeated:
 *
 *   asked ──answer──────────────────────────▶ resolved
 *     │ ──refused (any other error)─────────▶ rejected with that error
 *     └ ──STORE_UNAVAILABLE──▶ pause ──▶ asked again         … until abandon() ──▶ rejected with STORE_UNAVAILABLE
 *
 * Once an answer may have been lost (`inDoubt`) the very same push is repeated under the same id, so that it is stored
 * once; before that nothing is stored, and what is pushed may still change.
 */
export class PushLane {
  readonly #store: Pick<Store, 'push'>
  #producer: string = randomUUID()
  #seq = 0
  #run: Run | null = null

  constructor(store: Pick<Store, 'push'>) {
    this.#store = store
  }

  /** Whether what is being pushed may be stored already. */
  get inDoubt(): boolean {
    return this.#run !== null && (this.#run.asking || this.#run.doubt)
  }

  /** `load` is asked anew before every attempt that is not in doubt; with no jobs left the push ends with no answers. */
  async push(load: () => Load): Promise<Pushed[]> {
    const run: Run = { asking: false, doubt: false, abandoned: false, wake: () => {} }
    this.#run = run
    try {
      let given = load()
      let pushId = this.#nextId()
      for (let pause = FIRST_PAUSE_MS; given.jobs.length > 0; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
        try {
          return await this.#ask(run, given, pushId)
        } catch (error) {
          await this.#afterFailure(run, error, pause)
        }
        if (run.doubt) continue
        given = load()
        pushId = this.#nextId()
      }
      return []
    } finally {
      this.#run = null
    }
  }

  /** Nobody waits for the push under way any longer: it is not repeated, and not waited for where it hangs. */
  abandon(): void {
    if (this.#run === null) return
    this.#run.abandoned = true
    this.#run.wake()
  }

  #nextId(): PushId {
    this.#seq += 1
    return { producer: this.#producer, seq: this.#seq }
  }

  #ask(run: Run, { jobs, fresh }: Load, pushId: PushId): Promise<Pushed[]> {
    run.asking = true
    return new Promise((resolve, reject) => {
      run.wake = () =>
        reject(new FaenaError('STORE_UNAVAILABLE', 'The store did not answer in time', { inDoubt: true }))
      this.#store.push(jobs, { pushId, fresh }).then(resolve, reject)
    })
  }

  /** Returns, after a pause, where another attempt makes sense; throws what the caller is to be told where none does. */
  async #afterFailure(run: Run, error: unknown, pause: number): Promise<void> {
    run.asking = false
    const unavailable = isFaenaError(error, 'STORE_UNAVAILABLE')
    if (unavailable && error.inDoubt) run.doubt = true
    // A store closed while an answer is missing leaves the doubt; any other refusal ends it: nothing was stored.
    if (!unavailable && !(run.doubt && isFaenaError(error, 'STORE_CLOSED'))) throw error
    if (unavailable && !run.abandoned) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pause * (0.75 + 0.5 * Math.random()))
        run.wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      if (!run.abandoned) return
    }
    // The abandoned push may still be running in the store: what comes next must not share its sequence.
    if (run.doubt) {
      this.#producer = randomUUID()
      this.#seq = 0
    }
    throw new FaenaError('STORE_UNAVAILABLE', 'The store could not be reached or did not answer in time', {
      cause: error,
      inDoubt: run.doubt,
    })
  }
}
