import { spoken } from '../core/duration.ts'
import { mustQuarantine, QUARANTINE_DEATHS, quarantineFor } from './backoff.ts'
import type { Slot } from './slot.ts'

export interface QuarantineTiming {
  quarantineDeaths: number
  firstQuarantineMs: number
}

export const QUARANTINE_TIMING: QuarantineTiming = {
  quarantineDeaths: QUARANTINE_DEATHS,
  firstQuarantineMs: quarantineFor(0),
}

export interface QuarantineHost {
  /** Of the pool. */
  readonly name: string
  /** Places that are to have a process. */
  wanted(): readonly Slot[]
  say(line: string): void
  /** It is time for a trial, or it is over: the pool looks what there is to start. */
  changed(): void
}

/**
 * What keeps a pool that dies at once, again and again, from burning the machine: nothing of it is started but one trial
 * after a growing time, until a trial lives or an operator starts the pool.
 */
export class Quarantine {
  readonly #host: QuarantineHost
  readonly #timing: QuarantineTiming
  #now: { trials: number; until: number; trial: Slot | undefined; timer: NodeJS.Timeout } | undefined

  constructor(host: QuarantineHost, timing: QuarantineTiming) {
    this.#host = host
    this.#timing = timing
  }

  get holds(): boolean {
    return this.#now !== undefined
  }

  /** For the row of a place without a process; null where nothing is held back. */
  get words(): string | null {
    if (this.#now === undefined) return null
    return `quarantined, a trial in ${spoken(Math.max(1, Math.round(this.#now.until - performance.now())))}`
  }

  mayStart(slot: Slot): boolean {
    return this.#now === undefined || this.#now.trial === slot
  }

  /** A process ended that nobody had told to: that may begin a quarantine, or be the end of its trial. */
  died(slot: Slot): void {
    const { quarantineDeaths, firstQuarantineMs } = this.#timing
    const before = this.#now
    if (before === undefined) {
      const deaths = this.#host.wanted().map(({ quickDeaths }) => quickDeaths)
      if (!mustQuarantine(deaths, quarantineDeaths)) return
    } else if (before.trial !== slot) return
    this.end()
    const trials = before === undefined ? 0 : before.trials + 1
    const forMs = quarantineFor(trials, firstQuarantineMs)
    const timer = setTimeout(() => this.#try(), forMs)
    this.#now = { trials, until: performance.now() + forMs, trial: undefined, timer }
    const { name } = this.#host
    this.#host.say(
      `${name} is quarantined: its processes die at once, again and again. One is tried in ${spoken(forMs)}; ` +
        `faena start '${name}:*' starts all of them now.`,
    )
  }

  /** A process has worked for long enough to be called healthy. */
  lived(): void {
    if (this.#now === undefined) return
    this.#host.say(`${this.#host.name} is out of quarantine: a process of it lives.`)
    this.end()
    for (const slot of this.#host.wanted()) slot.forgive()
    this.#host.changed()
  }

  end(): void {
    clearTimeout(this.#now?.timer)
    this.#now = undefined
  }

  #try(): void {
    if (this.#now === undefined) return
    const [slot] = this.#host.wanted()
    this.#now.trial = slot
    slot?.retryNow()
    this.#host.changed()
  }
}
