/**
 * What runs in this worker, in memory that its heartbeat thread can read while the worker's own thread is blocked. One
 * slot per job that runs. The worker writes the slots, the thread only reads them; of the header, the thread writes the
 * lease's end.
 */
export type SlotState = 'running' | 'quiet' | 'stopping'

export interface SlotEntry {
  slot: number
  id: number
  attempts: number
  /** When the attempt's time is over, in steady ms; Infinity for none. */
  deadline: number
}

const STATES: readonly SlotState[] = ['running', 'quiet', 'stopping']
const STATE = 0
const CURRENT = 1
const PONGS = 2
const INT_HEADER = 4
const LEASE_UNTIL = 0
const LEASE_UNTIL_WALL = 1
const FLOAT_HEADER = 2

/** A worker trusts its lease so much less long than the store does. */
export function trustMargin(leaseMs: number): number {
  return Math.min(leaseMs / 5, 5_000)
}

export class Slots {
  readonly size: number
  readonly memory: SharedArrayBuffer
  readonly #ints: Int32Array
  readonly #floats: Float64Array

  constructor(size: number, memory?: SharedArrayBuffer) {
    const floats = FLOAT_HEADER + 2 * size
    const ints = INT_HEADER + 2 * size
    this.size = size
    this.memory = memory ?? new SharedArrayBuffer(floats * 8 + ints * 4)
    this.#floats = new Float64Array(this.memory, 0, floats)
    this.#ints = new Int32Array(this.memory, floats * 8, ints)
    if (!memory) this.leave()
  }

  /** The version is odd while a slot changes, so that a reader never takes half of one job and half of the next for one. */
  take(slot: number, id: number, attempts: number, deadline: number): void {
    const at = INT_HEADER + 2 * slot
    Atomics.add(this.#ints, at, 1)
    this.#ints[at + 1] = attempts
    this.#floats[FLOAT_HEADER + 2 * slot] = id
    this.#floats[FLOAT_HEADER + 2 * slot + 1] = deadline
    Atomics.add(this.#ints, at, 1)
  }

  free(slot: number): void {
    this.take(slot, 0, 0, Number.POSITIVE_INFINITY)
  }

  /** The worker's thread begins to run code of the job in this slot, without a pause until `leave`. */
  enter(slot: number): void {
    Atomics.store(this.#ints, CURRENT, slot)
  }

  leave(): void {
    Atomics.store(this.#ints, CURRENT, -1)
  }

  /** The slot whose job is known to have the worker's thread just now, or -1. */
  get current(): number {
    return Atomics.load(this.#ints, CURRENT)
  }

  /** The worker's thread answers a ping: its event loop turns. */
  pong(): void {
    Atomics.add(this.#ints, PONGS, 1)
  }

  get pongs(): number {
    return Atomics.load(this.#ints, PONGS)
  }

  get state(): SlotState {
    return STATES[Atomics.load(this.#ints, STATE)] ?? 'running'
  }

  set state(state: SlotState) {
    Atomics.store(this.#ints, STATE, STATES.indexOf(state))
  }

  /** Steady ms at which the lease ends if no heartbeat succeeds: counted from before the last good one was sent. */
  get leaseUntil(): number {
    return this.#floats[LEASE_UNTIL]!
  }

  /** The lease was renewed by a call that was sent at these times: what the store does later only makes it end later there. */
  renewed(leaseMs: number, sentAt: number, sentAtWall: number): void {
    this.#floats[LEASE_UNTIL] = sentAt + leaseMs
    this.#floats[LEASE_UNTIL_WALL] = sentAtWall + leaseMs
  }

  /**
   * Whether the lease surely holds for `marginMs` from `now` (steady ms) on. The system's clock is asked too: where the machine
   * was suspended, steady time may have stood still. Where somebody has set that clock, the next heartbeat mends it.
   */
  holds(now: number, marginMs: number): boolean {
    return now + marginMs < this.#floats[LEASE_UNTIL]! && Date.now() + marginMs < this.#floats[LEASE_UNTIL_WALL]!
  }

  /** All jobs that run. A slot that changes just now is left out; its job is seen next time. */
  held(): SlotEntry[] {
    const entries: SlotEntry[] = []
    for (let slot = 0; slot < this.size; slot++) {
      const at = INT_HEADER + 2 * slot
      const version = Atomics.load(this.#ints, at)
      const id = this.#floats[FLOAT_HEADER + 2 * slot]!
      const deadline = this.#floats[FLOAT_HEADER + 2 * slot + 1]!
      const attempts = this.#ints[at + 1]!
      if (id !== 0 && version % 2 === 0 && Atomics.load(this.#ints, at) === version) {
        entries.push({ slot, id, attempts, deadline })
      }
    }
    return entries
  }
}
