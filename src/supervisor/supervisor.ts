import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { FaenaError } from '../core/errors.ts'
import type { PoolPlan } from '../core/pools.ts'
import { lineSplitter } from './lines.ts'
import { ProcessLog } from './log.ts'
import { type Meant, meantBy } from './names.ts'
import { POOL_TIMING, Pool, type PoolTiming, type QueueLoads } from './pool.ts'
import type { ProcessSpec } from './process.ts'
import type { ProcessRow } from './rows.ts'
import type { Controls } from './wire.ts'

export interface SupervisorOptions {
  pools: readonly PoolPlan[]
  /** The folder for what processes print. */
  logs: string
  /** How a process of a pool is started. `name` is `pool_00`. */
  spec(
    plan: PoolPlan,
    name: string,
    queues: readonly string[] | undefined,
  ): Omit<ProcessSpec, 'replaces' | 'generation'>
  /** The pools as the configuration has them now. Rejects where it is wrong. */
  reread(): Promise<readonly PoolPlan[]>
  /** What waits in these queues; asked only where a pool scales. */
  measure(queues: readonly string[]): Promise<QueueLoads>
  /** A line of the supervisor's own. */
  say(line: string): void
  /** A line that a process printed. */
  pass(stream: 'stdout' | 'stderr', line: string): void
  timing?: PoolTiming
}

/** What `reread` finds and `update` does, by name of the pool. */
export interface Changes {
  added: string[]
  changed: string[]
  removed: string[]
}

/** A look at the queues may take a twentieth of the time. */
const LOOKING_SHARE = 20

/** All pools of one installation on one machine: starts them, steers them by name, and ends them. */
export class Supervisor implements Controls {
  readonly #options: SupervisorOptions
  readonly #pools = new Map<string, Pool>()
  readonly #removing = new Set<Pool>()
  readonly #logs = new Map<string, ProcessLog>()
  readonly #ended = Promise.withResolvers<void>()
  #lookTimer: NodeJS.Timeout | undefined
  #lookFailed = false
  #stopping = false
  #isQuiet = false
  #updates: Promise<unknown> = Promise.resolve()

  constructor(options: SupervisorOptions) {
    this.#options = options
  }

  start(): void {
    for (const plan of this.#options.pools) this.#add(plan)
    this.#lookIn(this.#leastCooldown())
  }

  /** Resolves when the last process has ended, after a stop. */
  get ended(): Promise<void> {
    return this.#ended.promise
  }

  stop(): void {
    this.#end('stop')
  }

  stopNow(): void {
    this.#end('stopNow')
  }

  quiet(): void {
    this.#isQuiet = true
    for (const pool of this.#all()) pool.quiet()
  }

  resume(): void {
    this.#isQuiet = false
    for (const pool of this.#all()) pool.resume()
  }

  rows(names: readonly string[] = []): ProcessRow[] {
    if (names.length === 0) return this.#all().flatMap((pool) => pool.rows())
    const meant = new Set(this.#meant(names).flatMap(({ slots }) => slots.map(({ name }) => name)))
    return this.#all().flatMap((pool) => pool.rows().filter(({ name }) => meant.has(name)))
  }

  /** Answers how many did not come to work; `say` is told of each. */
  async startNamed(names: readonly string[], say: (line: string) => void): Promise<number> {
    const results = await Promise.all(
      this.#meant(names).map(async ({ pool, slots }) => {
        const idle = slots.filter(({ isManned }) => !isManned)
        for (const slot of slots) if (!idle.includes(slot)) say(`${slot.name}: already started`)
        const failed = idle.length === 0 ? new Map() : await pool.start(idle.length === slots.length ? slots : idle)
        for (const slot of idle) say(`${slot.name}: ${failed.has(slot) ? `ERROR (${failed.get(slot)})` : 'started'}`)
        return failed.size
      }),
    )
    return results.reduce((a, b) => a + b, 0)
  }

  async stopNamed(names: readonly string[], say: (line: string) => void): Promise<void> {
    await Promise.all(
      this.#meant(names).map(async ({ pool, slots }) => {
        const idle = slots.filter(({ isEmpty }) => isEmpty)
        await pool.stop(slots)
        for (const slot of slots) say(`${slot.name}: ${idle.includes(slot) ? 'not running' : 'stopped'}`)
      }),
    )
  }

  async restartNamed(names: readonly string[], say: (line: string) => void): Promise<number> {
    const results = await Promise.all(
      this.#meant(names).map(async ({ pool, slots }) => {
        const why = await pool.restart(slots, ({ name }) => say(`${name}: restarted`))
        if (why !== null) say(`ERROR (${why})`)
        return why === null ? 0 : 1
      }),
    )
    return results.reduce<number>((a, b) => a + b, 0)
  }

  /** What is different in the configuration, changing nothing. */
  async reread(): Promise<Changes> {
    return this.#changes(await this.#options.reread())
  }

  /** Takes the configuration over, one call after the other. Answers how many pools could not be brought to it. */
  update(say: (line: string) => void): Promise<number> {
    const updated = this.#updates.then(() => this.#update(say))
    this.#updates = updated.catch(() => {})
    return updated
  }

  async #update(say: (line: string) => void): Promise<number> {
    const plans = await this.#options.reread()
    // What it would start now, nobody would stop.
    this.#refuseEnding()
    const { added, changed, removed } = this.#changes(plans)
    const planOf = (name: string) => plans.find((plan) => plan.name === name)!
    // First what is new, so that a queue that moves from one pool to another always has a worker.
    for (const name of added) {
      this.#add(planOf(name))
      say(`${name}: added process group`)
    }
    const results = await Promise.all(
      changed.map(async (name) => {
        const why = await this.#pools.get(name)!.update(planOf(name))
        say(why === null ? `${name}: updated process group` : `${name}: ERROR (${why})`)
        return why === null ? 0 : 1
      }),
    )
    await Promise.all(added.map((name) => this.#pools.get(name)!.start()))
    await Promise.all(
      removed.map(async (name) => {
        const pool = this.#pools.get(name)!
        this.#pools.delete(name)
        this.#removing.add(pool)
        await pool.end()
        this.#removing.delete(pool)
        await this.#closeLogs(name)
        say(`${name}: removed process group`)
      }),
    )
    this.#lookIn(this.#leastCooldown())
    return results.reduce<number>((a, b) => a + b, 0)
  }

  /** What the processes of one name printed. Throws NOT_FOUND or BAD_ARGUMENT. */
  logOf(name: string): ProcessLog {
    const slots = this.#meant([name]).flatMap((meant) => meant.slots)
    if (slots.length !== 1) {
      const names = slots.map((slot) => slot.name).join(', ')
      throw new FaenaError('BAD_ARGUMENT', `${name} is ${slots.length} processes; allowed: one of ${names}`)
    }
    return this.#log(slots[0]!.name)
  }

  #meant(names: readonly string[]): Meant[] {
    this.#refuseEnding()
    return meantBy(names, [...this.#pools.values()])
  }

  #refuseEnding(): void {
    if (this.#stopping) throw new FaenaError('UNSUPPORTED', 'The supervisor is ending; it takes no more commands')
  }

  #all(): Pool[] {
    return [...this.#pools.values(), ...this.#removing]
  }

  #add(plan: PoolPlan): void {
    const { spec, say, pass, timing = POOL_TIMING } = this.#options
    const host = {
      say,
      spec: (now: PoolPlan, name: string, queues: readonly string[] | undefined) => {
        const log = this.#log(`${now.name}:${name}`)
        const taking = (stream: 'stdout' | 'stderr') =>
          lineSplitter((line) => {
            log.add(line)
            pass(stream, line)
          })
        const print = { stdout: taking('stdout'), stderr: taking('stderr') }
        return {
          ...spec(now, name, queues),
          print: (stream: 'stdout' | 'stderr', chunk: Buffer | null) => print[stream](chunk),
        }
      },
    }
    const pool = new Pool(plan, host, timing)
    this.#pools.set(plan.name, pool)
    if (this.#isQuiet) pool.quiet()
    pool.reconcile()
  }

  #log(name: string): ProcessLog {
    const known = this.#logs.get(name)
    if (known !== undefined) return known
    const log = new ProcessLog(join(this.#options.logs, `${name.split(':').at(-1)}.log`), this.#options.say)
    this.#logs.set(name, log)
    return log
  }

  async #closeLogs(pool: string): Promise<void> {
    for (const [name, log] of this.#logs) {
      if (!name.startsWith(`${pool}:`)) continue
      this.#logs.delete(name)
      await log.close()
    }
  }

  #changes(plans: readonly PoolPlan[]): Changes {
    const names = plans.map(({ name }) => name)
    return {
      added: names.filter((name) => !this.#pools.has(name)),
      changed: plans
        .filter((plan) => this.#pools.has(plan.name) && !isDeepStrictEqual(this.#pools.get(plan.name)!.plan, plan))
        .map(({ name }) => name),
      removed: [...this.#pools.keys()].filter((name) => !names.includes(name)),
    }
  }

  #leastCooldown(): number {
    const scaling = [...this.#pools.values()].filter(({ scaledQueues }) => scaledQueues.length > 0)
    return Math.min(...scaling.map(({ plan }) => plan.cooldownMs))
  }

  #lookIn(ms: number): void {
    clearTimeout(this.#lookTimer)
    if (Number.isFinite(ms) && !this.#stopping) this.#lookTimer = setTimeout(() => void this.#look(), ms)
  }

  async #look(): Promise<void> {
    const pools = [...this.#pools.values()].filter(({ scaledQueues }) => scaledQueues.length > 0)
    const began = performance.now()
    try {
      const loads = await this.#options.measure([...new Set(pools.flatMap(({ scaledQueues }) => scaledQueues))])
      if (this.#stopping) return
      for (const pool of pools) pool.scale(loads)
      this.#lookFailed = false
    } catch (error) {
      if (!this.#lookFailed)
        this.#options.say(`What waits is not known, so nothing is scaled: ${(error as Error).message}`)
      this.#lookFailed = true
    }
    this.#lookIn(Math.max(this.#leastCooldown(), (performance.now() - began) * LOOKING_SHARE))
  }

  #end(how: 'stop' | 'stopNow'): void {
    this.#stopping = true
    clearTimeout(this.#lookTimer)
    void Promise.all(this.#all().map((pool) => pool.end(how)))
      .then(() => Promise.all([...this.#logs.values()].map((log) => log.close())))
      .then(() => this.#ended.resolve())
  }
}
