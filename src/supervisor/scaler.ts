import type { PoolPlan } from '../core/pools.ts'
import type { Lane } from './lanes.ts'

/** What a lane has and what waits for it. */
export interface LaneLoad {
  /** Processes that serve it and are to stay. */
  have: number
  due: number
  reserved: number
  /** How long its jobs run on average, as far as is known. */
  runMs: number | null
}

/** Of jobs nobody has timed yet. */
const RUN_UNKNOWN_MS = 1_000
/** With all processes in use, one moves only where its old queue has so much more than its share: shares tremble. */
const CLEAR_SURPLUS = 0.7

interface Memory {
  /** Since when fewer would be enough. */
  lowSince: number | null
  steppedAt: number
}

/**
 * How many processes each lane of a pool should have: rules without processes or clocks, so that every hour of a day can be
 * played through in a test. `decide` is asked again and again with what is there now, and answers the next step.
 *
 * What a lane needs: processes for the jobs that run, and for those that wait as many more as bring them to their
 * start within the pool's target. Where the lanes need more than `max` together, they share it by their need.
 * More come with each cooldown. Fewer only after they would have been enough for the whole hold-down; sooner, but not for a
 * tremble of shares, where another lane waits and all processes are in use.
 */
export class Scaler {
  readonly #plan: PoolPlan
  readonly #lanes: readonly Lane[]
  readonly #memories: Memory[]

  constructor(plan: PoolPlan, lanes: readonly Lane[]) {
    this.#plan = plan
    this.#lanes = lanes
    this.#memories = lanes.map(() => ({ lowSince: null, steppedAt: Number.NEGATIVE_INFINITY }))
  }

  /** `total`: all processes of the pool, those included that still finish their jobs. `now`: steady, in ms. */
  decide(loads: readonly LaneLoad[], total: number, now: number): number[] {
    const needs = loads.map((load) => need(this.#plan, load))
    const shares = this.#shares(needs)
    const wanted = loads.map(({ have }) => have)
    const desired = shares.map((share, at) => clamp(Math.ceil(share - 0.001), this.#lanes[at]!))
    const isShort = needs.reduce((sum, one) => sum + one, 0) > this.#plan.max
    const goals = isShort ? wholeShares(shares, this.#lanes, this.#plan.max) : desired

    let room = this.#plan.max - total
    const byHunger = loads.map((_, at) => at).sort((a, b) => goals[b]! - wanted[b]! - (goals[a]! - wanted[a]!))
    let unmet = false
    for (const at of byHunger) {
      const memory = this.#memories[at]!
      const missing = goals[at]! - loads[at]!.have
      if (missing < 0) {
        memory.lowSince ??= now
        continue
      }
      memory.lowSince = null
      if (missing === 0) continue
      if (room <= 0) unmet = true
      else if (this.#mayStep(memory, now)) {
        const step = Math.min(missing, this.#plan.maxShift, room)
        wanted[at]! += step
        room -= step
        memory.steppedAt = now
      }
    }
    for (const at of byHunger.toReversed()) {
      const memory = this.#memories[at]!
      const surplus = loads[at]!.have - goals[at]!
      if (surplus <= 0 || memory.lowSince === null || !this.#mayStep(memory, now)) continue
      const low = now - memory.lowSince
      const clear = loads[at]!.have - shares[at]! >= CLEAR_SURPLUS
      if (low < this.#plan.holdDownMs && !(unmet && clear && low >= this.#plan.cooldownMs)) continue
      wanted[at]! -= Math.min(surplus, this.#plan.maxShift)
      memory.steppedAt = now
      // One at a time goes to who waits: it gets the place once the jobs there have ended.
      unmet = false
    }
    return wanted
  }

  #mayStep(memory: Memory, now: number): boolean {
    return now - memory.steppedAt >= this.#plan.cooldownMs
  }

  /** Each lane's need, cut to what there is: its least first, the rest of `max` by what each needs beyond. */
  #shares(needs: readonly number[]): number[] {
    const bounded = needs.map((one, at) => Math.max(one, this.#lanes[at]!.least))
    const sum = bounded.reduce((a, b) => a + b, 0)
    const { max } = this.#plan
    if (sum <= max) return bounded
    const least = this.#lanes.reduce((a, lane) => a + lane.least, 0)
    const beyond = bounded.map((one, at) => one - this.#lanes[at]!.least)
    const whole = beyond.reduce((a, b) => a + b, 0)
    return beyond.map((one, at) => this.#lanes[at]!.least + (one / whole) * (max - least))
  }
}

/** Processes, with a fraction, that a load calls for. */
function need({ concurrency, scaleBy, waitTargetMs, sizeTarget }: PoolPlan, load: LaneLoad): number {
  const { have, due, reserved, runMs } = load
  // A worker also holds what it took ahead, which occupies nobody; and other machines may have their share.
  const busy = Math.min(reserved / concurrency, have)
  const waiting =
    scaleBy === 'size' ? due / sizeTarget : (due * (runMs ?? RUN_UNKNOWN_MS)) / (waitTargetMs * concurrency)
  return busy + waiting
}

function clamp(value: number, { least, most }: Lane): number {
  return Math.min(most, Math.max(least, value))
}

/** Shares as whole processes, none lost: rounded down, the rest to the largest fractions. */
function wholeShares(shares: readonly number[], lanes: readonly Lane[], max: number): number[] {
  const whole = shares.map((share, at) => clamp(Math.floor(share + 0.001), lanes[at]!))
  const byFraction = shares.map((_, at) => at).sort((a, b) => shares[b]! - whole[b]! - (shares[a]! - whole[a]!))
  let rest = max - whole.reduce((a, b) => a + b, 0)
  for (const at of byFraction) {
    if (rest <= 0) break
    if (whole[at]! < lanes[at]!.most) {
      whole[at]! += 1
      rest -= 1
    }
  }
  return whole
}
