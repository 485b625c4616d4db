import type { Status } from '../client/status.ts'

/**
 * The state of all queues for everybody who asks. On small tables each asker gets a fresh one. Where counting is slow, one
 * computation at a time serves all, never older than two seconds; what this API changed shows at once all the same.
 */
export class StatusBoard {
  readonly #read: () => Promise<Status>
  readonly #now: () => number
  #known: { status: Status; at: number; tookMs: number } | undefined
  #underWay: Promise<Status> | undefined
  #generation = 0

  constructor(read: () => Promise<Status>, now: () => number = () => performance.now()) {
    this.#read = read
    this.#now = now
  }

  async get(): Promise<Status> {
    const known = this.#known
    if (known !== undefined && known.tookMs > QUICK_MS) {
      const age = this.#now() - known.at
      if (age > REFRESH_MS) this.#refresh().catch(() => {})
      if (age <= OLDEST_MS) return known.status
    }
    return this.#refresh()
  }

  /** Something was changed: what is known, and what is being computed, is out of date. */
  changed(): void {
    this.#generation += 1
    this.#known = undefined
    this.#underWay = undefined
  }

  #refresh(): Promise<Status> {
    this.#underWay ??= this.#compute()
    return this.#underWay
  }

  async #compute(): Promise<Status> {
    const generation = this.#generation
    const began = this.#now()
    try {
      const status = await this.#read()
      // `at` is the beginning: what happened while it was counted may be missing.
      if (generation === this.#generation) this.#known = { status, at: began, tookMs: this.#now() - began }
      return status
    } finally {
      if (generation === this.#generation) this.#underWay = undefined
    }
  }
}

const QUICK_MS = 25
const REFRESH_MS = 1_000
const OLDEST_MS = 2_000
