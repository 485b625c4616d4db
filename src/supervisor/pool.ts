import { isDeepStrictEqual } from 'node:util'
import { spoken } from '../core/duration.ts'
import type { PoolPlan } from '../core/pools.ts'
import { POOL_PAUSES } from './backoff.ts'
import { type Lane, laneKey, lanesOf } from './lanes.ts'
import type { ProcessSpec } from './process.ts'
import { QUARANTINE_TIMING, Quarantine, type QuarantineTiming } from './quarantine.ts'
import type { ProcessRow } from './rows.ts'
import { type LaneLoad, Scaler } from './scaler.ts'
import { SLOT_TIMING, Slot, type SlotTiming } from './slot.ts'

export type PoolTiming = SlotTiming & QuarantineTiming

export const POOL_TIMING: PoolTiming = { ...SLOT_TIMING, ...QUARANTINE_TIMING, pauses: POOL_PAUSES }

export interface PoolHost {
  /** How a process of this pool is started; `name` is `pool_00`. */
  spec(
    plan: PoolPlan,
    name: string,
    queues: readonly string[] | undefined,
  ): Omit<ProcessSpec, 'replaces' | 'generation'>
  say(line: string): void
}

/** What waits in a queue, and how long its jobs run. */
export type QueueLoads = ReadonlyMap<string, { due: number; reserved: number; runMs: number | null }>

/** After a restart of one process, the next waits for the old one's jobs for at most so long. */
const TURN_MS = 10_000
/** A replacement that failed is tried again after so long, doubled each time up to the longest. */
const REPLACE_AGAIN_MS = 30_000
const LONGEST_AGAIN_MS = 3_600_000
/** What changes without a new process: they are read by the supervisor alone. */
const SCALING_KEYS = ['min', 'max', 'scaleBy', 'waitTargetMs', 'sizeTarget', 'cooldownMs', 'maxShift', 'holdDownMs']

/**
 * The processes of one pool, kept as many as they should be: whatever dies is followed by another, what reaches a limit is
 * replaced one by one, and a pool that dies at once again and again is quarantined: one trial after a growing time, all of
 * it again once that lives.
 */
export class Pool {
  readonly #host: PoolHost
  readonly #timing: PoolTiming
  #plan: PoolPlan
  #lanes: Lane[]
  #wanted: number[]
  #scaler: Scaler
  #slots: Slot[] = []
  #off = false
  #isQuiet = false
  #ended = false
  #turns: Promise<unknown> = Promise.resolve()
  #updating = false
  readonly #quarantine: Quarantine
  readonly #replaceTimers = new Set<NodeJS.Timeout>()

  constructor(plan: PoolPlan, host: PoolHost, timing: PoolTiming = POOL_TIMING) {
    this.#plan = plan
    this.#host = host
    this.#timing = timing
    this.#lanes = lanesOf(plan)
    this.#wanted = this.#lanes.map(({ least }) => least)
    this.#scaler = new Scaler(plan, this.#lanes)
    this.#quarantine = new Quarantine(
      {
        name: plan.name,
        wanted: () => this.#slots.filter(({ off, removed }) => !off && !removed),
        say: (line) => host.say(line),
        changed: () => this.reconcile(),
      },
      timing,
    )
  }

  get plan(): PoolPlan {
    return this.#plan
  }

  get slots(): readonly Slot[] {
    return this.#slots
  }

  /** Queues whose loads `scale` wants to know; none where the number of processes is fixed. */
  get scaledQueues(): readonly string[] {
    return this.#lanes.some(({ least, most }) => most > least) ? (this.#plan.queues ?? []) : []
  }

  rows(): ProcessRow[] {
    const { words } = this.#quarantine
    return this.#slots.flatMap((slot) => slot.rows(this.#plan.name, this.#lanes[slot.lane]?.queues, words))
  }

  /** Starts what is missing, sends away what is too much. Called whenever something has changed. */
  reconcile(): void {
    if (this.#ended) return
    this.#slots = this.#slots.filter((slot) => !(slot.removed && slot.isEmpty))
    for (const at of this.#lanes.keys()) {
      const those = this.#slots.filter((slot) => slot.lane === at && !slot.removed)
      for (let missing = this.#wanted[at]! - those.length; missing > 0; missing--) this.#add(at)
      // While processes are replaced, those of an old configuration stay until the new ones work.
      const surplus = this.#updating ? 0 : those.length - this.#wanted[at]!
      for (const slot of leastUseful(those).slice(0, Math.max(0, surplus))) slot.retire()
    }
    this.#slots = this.#slots.filter((slot) => !(slot.removed && slot.isEmpty)).sort((a, b) => a.index - b.index)
    if (this.#off) return
    for (const slot of this.#slots) {
      if (slot.mayStart && this.#quarantine.mayStart(slot)) slot.start()
    }
  }

  /** Also lifts a quarantine. Resolves to what did not come to work, with the reason. */
  async start(slots: readonly Slot[] = this.#slots): Promise<Map<Slot, string>> {
    const all = slots.length === this.#slots.length
    if (all) this.#off = false
    if (this.#off) {
      // One of a pool that was stopped as a whole: the others stay as they are.
      this.#off = false
      for (const slot of this.#slots) slot.off ||= !slots.includes(slot)
    }
    for (const slot of slots) {
      slot.off = false
      slot.forgive()
    }
    this.#quarantine.end()
    this.reconcile()
    const failed = new Map<Slot, string>()
    await Promise.all(
      slots.map(async (slot) => {
        const why = await slot.worksOrNot()
        if (why !== null) failed.set(slot, why)
      }),
    )
    return failed
  }

  /** Within the grace; nothing of them is started again before `start`. */
  async stop(slots: readonly Slot[] = this.#slots): Promise<void> {
    if (slots.length === this.#slots.length) {
      this.#off = true
      this.#quarantine.end()
    }
    for (const slot of slots) slot.off = true
    await Promise.all(slots.map((slot) => slot.stop()))
  }

  /**
   * One by one, each new process at work before the old one leaves. Where a new one does not come to work, the rest stays
   * as it is. `done` is told of each; resolves to the reason if it came to nothing.
   */
  restart(slots: readonly Slot[] = this.#slots, done: (slot: Slot) => void = () => {}): Promise<string | null> {
    return this.#turn(async () => {
      if (slots.length === this.#slots.length) this.#off = false
      for (const slot of slots) slot.off = false
      this.#quarantine.end()
      for (const slot of slots) {
        // Meanwhile it may have been stopped.
        if (slot.removed || slot.off || this.#ended) continue
        const why = await slot.replace()
        if (why !== null) return `${slot.name}: ${why}; the processes that work stay as they are`
        done(slot)
        await slot.left(TURN_MS)
      }
      return null
    })
  }

  /** Takes over another plan of the same name; its processes are replaced where it says something new to them. */
  async update(plan: PoolPlan): Promise<string | null> {
    const before = this.#lanes.map(laneKey)
    const rolls = !isDeepStrictEqual(withoutScaling(this.#plan), withoutScaling(plan))
    const had = this.#wanted
    this.#plan = plan
    this.#lanes = lanesOf(plan)
    this.#scaler = new Scaler(plan, this.#lanes)
    this.#wanted = this.#lanes.map((lane) => {
      const count = had[before.indexOf(laneKey(lane))] ?? lane.least
      return Math.min(lane.most, Math.max(lane.least, count))
    })
    this.#moveSlots(before)
    this.#updating = rolls
    this.reconcile()
    if (!rolls) return null
    const old = this.#slots.filter((slot) => slot.isManned && !slot.removed)
    const why = await this.restart(this.#off ? [] : old.filter(({ off }) => !off))
    this.#updating = false
    this.reconcile()
    return why
  }

  /** The next step of the number of processes, by what waits. */
  scale(loads: QueueLoads): void {
    if (this.#off || this.#updating || this.#quarantine.holds || this.#ended) return
    const lanes = this.#lanes.map(({ queues }, at) => loadOf(queues ?? [], loads, this.#have(at)))
    const total = this.#slots.reduce((sum, slot) => sum + slot.count, 0)
    const wanted = this.#scaler.decide(lanes, Math.max(total, this.#slots.length), performance.now())
    for (const [at, number] of wanted.entries()) {
      if (number === this.#wanted[at]) continue
      const what = this.#lanes.length === 1 ? this.#plan.name : `${this.#plan.name}, queue ${laneKey(this.#lanes[at]!)}`
      this.#host.say(`${what}: ${this.#wanted[at]} → ${number} processes (${lanes[at]!.due} jobs are due)`)
    }
    this.#wanted = wanted
    this.reconcile()
  }

  quiet(): void {
    this.#isQuiet = true
    for (const slot of this.#slots) slot.tell('quiet')
  }

  resume(): void {
    this.#isQuiet = false
    for (const slot of this.#slots) slot.tell('resume')
  }

  /** For good: nothing is started any more. Called again with `stopNow` it ends what still finishes its jobs. */
  async end(how: 'stop' | 'stopNow' = 'stop'): Promise<void> {
    this.#ended = true
    this.#quarantine.end()
    for (const timer of this.#replaceTimers) clearTimeout(timer)
    await Promise.all(this.#slots.map((slot) => slot.stop(how)))
  }

  #have(lane: number): number {
    return this.#slots.filter((slot) => slot.lane === lane && !slot.removed).length
  }

  #add(lane: number): void {
    const taken = this.#slots.map(({ index }) => index)
    let index = 0
    while (taken.includes(index)) index += 1
    const name = `${this.#plan.name}_${String(index).padStart(2, '0')}`
    const slot = new Slot(index, `${this.#plan.name}:${name}`, lane, {
      timing: this.#timing,
      isQuiet: () => this.#isQuiet,
      spec: ({ lane }) => this.#host.spec(this.#plan, name, this.#lanes[lane]?.queues),
      say: (line) => this.#host.say(line),
      changed: () => this.reconcile(),
      died: (slot) => this.#quarantine.died(slot),
      lived: () => this.#quarantine.lived(),
      wantsReplacement: (slot, reason, inMs) => this.#recycleIn(inMs, slot, reason, REPLACE_AGAIN_MS),
    })
    slot.off = this.#off
    this.#slots.push(slot)
  }

  /** Slots whose lane is gone go to the lanes that have too few. */
  #moveSlots(before: readonly string[]): void {
    const keys = this.#lanes.map(laneKey)
    const homeless: Slot[] = []
    for (const slot of this.#slots) {
      const lane = keys.indexOf(before[slot.lane] ?? '')
      if (lane === -1) homeless.push(slot)
      // A number no lane has: it counts for none until it is housed.
      slot.lane = lane
    }
    for (const slot of homeless) {
      const short = keys.map((_, at) => this.#wanted[at]! - this.#have(at))
      slot.lane = short.indexOf(Math.max(...short))
    }
  }

  async #recycle(slot: Slot, reason: string, againMs: number): Promise<void> {
    const why = await this.#turn(async () => {
      if (!slot.asks || slot.removed || slot.off || this.#ended) return null
      this.#host.say(`${slot.name}: ${reason}; another takes its place`)
      return slot.replace()
    })
    if (why === null || this.#ended) return
    this.#host.say(`${slot.name} goes on, since ${why}; again in ${spoken(againMs)}`)
    this.#recycleIn(againMs, slot, reason, Math.min(LONGEST_AGAIN_MS, againMs * 2))
  }

  #recycleIn(ms: number, slot: Slot, reason: string, againMs: number): void {
    const timer = setTimeout(() => {
      this.#replaceTimers.delete(timer)
      void this.#recycle(slot, reason, againMs)
    }, ms)
    this.#replaceTimers.add(timer)
  }

  /** Replacements of a pool come one after the other: it never has more than one process too many at work. */
  #turn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turns.then(work)
    this.#turns = result.catch(() => {})
    return result
  }
}

/** First those where nothing works, then the highest numbers. */
function leastUseful(slots: readonly Slot[]): Slot[] {
  return [...slots].sort((a, b) => Number(a.isWorking) - Number(b.isWorking) || b.index - a.index)
}

function loadOf(queues: readonly string[], loads: QueueLoads, have: number): LaneLoad {
  let [due, reserved, timed, runs] = [0, 0, 0, 0]
  for (const queue of queues) {
    const load = loads.get(queue)
    if (load === undefined) continue
    due += load.due
    reserved += load.reserved
    if (load.runMs === null) continue
    timed += Math.max(1, load.due)
    runs += load.runMs * Math.max(1, load.due)
  }
  return { have, due, reserved, runMs: timed === 0 ? null : runs / timed }
}

function withoutScaling(plan: PoolPlan): object {
  return Object.fromEntries(Object.entries(plan).filter(([key]) => !SCALING_KEYS.includes(key)))
}
