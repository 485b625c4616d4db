import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { isFaenaError } from '../../../src/core/errors.ts'
import type { createQueue } from '../../../src/index.ts'
import { shortJob } from '../fixtures/chaos-jobs.ts'
import { steadySeconds } from '../support.ts'

/** What a dispatch was told. `skipped`: another job held its key. `doubtful`: it may have been stored. */
type Answer =
  | { told: 'dispatched'; uuid: string }
  | { told: 'skipped'; uuid: string }
  | { told: 'doubtful' | 'refused' }

type Input = { number: number; ms: number; key?: string; pad?: string }

/** Unique keys that its jobs share. */
const KEYS = 12
const DELAY_S = 2

/** Dispatches jobs, each with a number of its own, and keeps account of what it was told. */
export class Producer {
  /** By the job's number. */
  readonly answers = new Map<number, Answer>()
  /** When a delayed job may begin, by its number, on the ledger's clock. */
  readonly notBefore = new Map<number, number>()
  readonly acknowledged = new Set<string>()
  readonly unexpected: unknown[] = []
  longestMs = 0
  readonly #queue: ReturnType<typeof createQueue>
  #number = 0

  constructor(queue: ReturnType<typeof createQueue>) {
    this.#queue = queue
  }

  count(told: Answer['told']): number {
    return [...this.answers.values()].filter((answer) => answer.told === told).length
  }

  /** Many at once. `ms`: how long each runs. */
  async dispatch(count: number, ms?: number): Promise<void> {
    const inputs = Array.from({ length: count }, () => ({ ...this.#input(), ...(ms && { ms }) }))
    await this.#told(inputs, () => this.#queue.dispatchMany(shortJob, inputs))
  }

  /** To run later. */
  async dispatchDelayed(delayS = DELAY_S, pad?: string): Promise<void> {
    const input = { ...this.#input(), ...(pad && { pad }) }
    this.notBefore.set(input.number, steadySeconds() + delayS)
    await this.#told([input], async () => [await this.#queue.dispatch(shortJob, input, { delay: `${delayS}s` })])
  }

  /** A list at once, with so many bytes in each job; at most 4 MiB in all, which are stored or not stored as one. */
  async dispatchBlock(count: number, bytes: number): Promise<void> {
    const inputs = Array.from({ length: count }, () => ({
      ...this.#input(),
      pad: randomBytes(bytes / 2).toString('hex'),
    }))
    await this.#told(inputs, () => this.#queue.dispatchMany(shortJob, inputs))
  }

  /** So many MiB that nobody takes away for a while, in one job each. */
  async dispatchBulky(mebibytes: number, delayS: number): Promise<void> {
    const pad = () => randomBytes(500_000).toString('hex')
    await Promise.all(Array.from({ length: mebibytes }, () => this.dispatchDelayed(delayS, pad())))
  }

  /** Under a key that others may hold. */
  async dispatchUnique(key = `key-${Math.floor(Math.random() * KEYS)}`): Promise<void> {
    const input = { ...this.#input(), key }
    await this.#told([input], async () => [await this.#queue.dispatch(shortJob, input, { unique: key })])
  }

  /** Under each key once. Answers how many of them somebody still held. */
  async dispatchEveryKey(): Promise<number> {
    const before = this.count('skipped')
    for (let key = 0; key < KEYS; key++) await this.dispatchUnique(`key-${key}`)
    return this.count('skipped') - before
  }

  /** A few at a time, until so many in all were answered in one way or another, and longer while `more` says so. */
  async trickle(total: number, more: () => boolean): Promise<void> {
    const share = Math.max(5, Math.ceil((total - this.#number) / 40))
    while (this.#number < total || more()) {
      const [each, pauseMs] = this.#number < total ? [share, 100] : [5, 500]
      const alone = Array.from({ length: each }, async () => {
        const input = this.#input()
        await this.#told([input], async () => [await this.#queue.dispatch(shortJob, input)])
      })
      const keyed = Array.from({ length: 3 }, () => this.dispatchUnique())
      await Promise.all([...alone, ...keyed, this.dispatchDelayed(), this.dispatch(each)])
      await sleep(Math.random() * pauseMs)
    }
  }

  #input(): Input {
    this.#number++
    return { number: this.#number, ms: 5 + (this.#number % 60) }
  }

  async #told(inputs: readonly Input[], dispatch: () => Promise<{ uuid: string; outcome: string }[]>): Promise<void> {
    const since = performance.now()
    const keep = (answerOf: (at: number) => Answer) => {
      for (const [at, { number }] of inputs.entries()) this.answers.set(number, answerOf(at))
    }
    try {
      const dispatched = await dispatch()
      keep((at) => {
        const { uuid, outcome } = dispatched[at]!
        if (outcome !== 'skipped') this.acknowledged.add(uuid)
        return { told: outcome === 'skipped' ? 'skipped' : 'dispatched', uuid }
      })
    } catch (error) {
      if (!isFaenaError(error, 'STORE_UNAVAILABLE')) this.unexpected.push(error)
      const told = isFaenaError(error) && !error.inDoubt ? 'refused' : 'doubtful'
      keep(() => ({ told }))
    }
    this.longestMs = Math.max(this.longestMs, performance.now() - since)
  }
}
