import { steadyNow } from './clock.ts'
import type { SlotEntry, Slots } from './slots.ts'

/** How often it looks, and how long the worker's thread may leave a ping unanswered before it counts as blocked. */
const LOOK_MS = 200
const PATIENCE_MS = 1_000

/**
 * Watches, from the heartbeat thread, for a handler that blocks the worker's thread beyond its timeout. Everything else
 * the worker sees to itself; so nothing is done while it answers pings.
 *
 * Where the job that has the thread is known (it runs its first stretch of code), its own timeout decides, and no other
 * job's. Where it is not (the handler blocks after an await), a job whose timeout and grace are both over decides: the
 * worker would have ended that attempt by then, had it been able to.
 */
export class Watchdog {
  readonly #slots: Slots
  readonly #graceMs: number
  readonly #ping: () => void
  readonly #blocked: (late: SlotEntry[]) => void
  #timer: NodeJS.Timeout | undefined
  #suspicion: { pongs: number; since: number } | undefined

  constructor(slots: Slots, graceMs: number, ping: () => void, blocked: (late: SlotEntry[]) => void) {
    this.#slots = slots
    this.#graceMs = graceMs
    this.#ping = ping
    this.#blocked = blocked
  }

  start(): void {
    this.#timer = setInterval(() => this.#look(), LOOK_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const now = steadyNow()
    const late = this.#late(now)
    if (late.length === 0) {
      this.#suspicion = undefined
      return
    }
    const pongs = this.#slots.pongs
    if (this.#suspicion?.pongs !== pongs) {
      this.#suspicion = { pongs, since: now }
      this.#ping()
    } else if (now - this.#suspicion.since >= PATIENCE_MS) {
      this.stop()
      this.#blocked(late)
    }
  }

  #late(now: number): SlotEntry[] {
    const current = this.#slots.current
    return this.#slots
      .held()
      .filter(({ slot, deadline }) =>
        current >= 0 ? slot === current && deadline < now : deadline + this.#graceMs < now,
      )
  }
}
