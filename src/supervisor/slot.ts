import { spoken } from '../core/duration.ts'
import { type Pauses, pauseAfter, QUICK_MS } from './backoff.ts'
import { EXIT } from './exit-codes.ts'
import { type Ending, ManagedProcess, type ProcessSpec, wordsFor } from './process.ts'
import type { ProcessRow } from './rows.ts'

export interface SlotTiming {
  quickMs: number
  pauses: Pauses
  /** How long another in a process's place may take until it works. */
  readyWithinMs: number
}

export const SLOT_TIMING: Omit<SlotTiming, 'pauses'> = { quickMs: QUICK_MS, readyWithinMs: 60_000 }

export interface SlotHost {
  readonly timing: SlotTiming
  isQuiet(): boolean
  /** What a process of this slot is to do now. */
  spec(slot: Slot): Omit<ProcessSpec, 'replaces' | 'generation'>
  say(line: string): void
  /** A pause is over, or a process has ended: the pool looks what there is to do. */
  changed(): void
  died(slot: Slot): void
  /** A process has worked for long enough to be called healthy. */
  lived(slot: Slot): void
  /** `inMs`: how long it should live yet. */
  wantsReplacement(slot: Slot, reason: string, inMs: number): void
}

/**
 * One numbered place of a pool: the process that works there, the one that is about to take its place, and those that have
 * left it and finish their jobs. A process that dies is followed by another, after a pause that grows with quick deaths.
 */
export class Slot {
  readonly index: number
  /** `pool:pool_00`. */
  readonly name: string
  lane: number
  /** Stopped by an operator. */
  off = false
  /** It goes when its last process has ended. */
  removed = false
  quickDeaths = 0
  readonly #host: SlotHost
  readonly #leaving = new Set<ManagedProcess>()
  #current: ManagedProcess | undefined
  #next: ManagedProcess | undefined
  #asking: ManagedProcess | undefined
  #generation = 0
  #deadWorker: number | null = null
  #last: { ending: Ending; at: number; wasTold: boolean } | undefined
  #retryAt = 0
  #retryTimer: NodeJS.Timeout | undefined
  #healthTimer: NodeJS.Timeout | undefined

  constructor(index: number, name: string, lane: number, host: SlotHost) {
    this.index = index
    this.name = name
    this.lane = lane
    this.#host = host
  }

  /** Whether a process works here, or is about to. */
  get isManned(): boolean {
    return this.#current !== undefined || this.#next !== undefined
  }

  get isEmpty(): boolean {
    return !this.isManned && this.#leaving.size === 0
  }

  get isWorking(): boolean {
    return this.#current?.state === 'running'
  }

  /** Whether the process that works here asked to be replaced: another may be there by now. */
  get asks(): boolean {
    return this.#asking !== undefined && this.#asking === this.#current
  }

  /** Processes that count as the pool's, those included that a smaller number sent away; not both of a replacement. */
  get count(): number {
    return this.isManned ? 1 : this.removed ? Math.min(1, this.#leaving.size) : 0
  }

  get mayStart(): boolean {
    return !this.off && !this.removed && !this.isManned && performance.now() >= this.#retryAt
  }

  start(): void {
    if (this.isManned) return
    this.#current = this.#spawn(this.#deadWorker)
    this.#deadWorker = null
  }

  /** Nothing of earlier deaths counts any more. */
  forgive(): void {
    this.quickDeaths = 0
    this.#retryAt = 0
    clearTimeout(this.#retryTimer)
  }

  retryNow(): void {
    this.#retryAt = 0
  }

  /** Resolves to null once a process works here, or to the reason why the one that was started does not. */
  async worksOrNot(): Promise<string | null> {
    if (this.#current === undefined) return this.#whyNot()
    return (await this.#settled(this.#current)) ? null : this.#whyNot()
  }

  /**
   * Puts another process in the place of the one that works, which ends after its current jobs. The old one stays if
   * the new one does not come to work. Answers why not, or null.
   */
  async replace(): Promise<string | null> {
    if (this.#next !== undefined) return null
    if (this.#current === undefined) {
      this.forgive()
      this.start()
      return (await this.#settled(this.#current!)) ? null : this.#whyNot()
    }
    const old: ManagedProcess = this.#current
    const next = this.#spawn(null)
    this.#next = next
    const works = await this.#settled(next)
    // The old one died meanwhile, and the new one has its place already.
    if (this.#current === next) return works ? null : this.#whyNot()
    if (this.#next !== next) return works ? null : this.#whyNot()
    this.#next = undefined
    if (!works) {
      next.stopNow()
      if (next.ending === null) this.#leaving.add(next)
      return next.ending === null
        ? `its new process ${next.pid} did not work within ${spoken(this.#host.timing.readyWithinMs)}`
        : `its new process ${wordsFor(next.ending)}`
    }
    this.#current = next
    this.#leaving.add(old)
    old.retire()
    this.#watchHealth(next)
    return null
  }

  /** Resolves when what left the place has ended, or after so long. */
  async left(withinMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, withinMs)
    await Promise.race([Promise.all([...this.#leaving].map(({ ended }) => ended)), promise])
    clearTimeout(timer)
  }

  /** No more is needed here: the process ends after its current jobs. */
  retire(): void {
    this.removed = true
    clearTimeout(this.#retryTimer)
    for (const one of [this.#current, this.#next]) {
      if (one === undefined) continue
      this.#leaving.add(one)
      one.retire()
    }
    this.#current = undefined
    this.#next = undefined
  }

  /** In good order, within the grace. Resolves when nothing runs here any more. */
  async stop(how: 'stop' | 'stopNow' = 'stop'): Promise<void> {
    clearTimeout(this.#retryTimer)
    const all = this.#all()
    for (const one of all) one[how]()
    await Promise.all(all.map(({ ended }) => ended))
  }

  tell(what: 'quiet' | 'resume'): void {
    for (const one of this.#all()) one[what]()
  }

  rows(pool: string, queues: readonly string[] | undefined, quarantine: string | null): ProcessRow[] {
    const row = (one: ManagedProcess | undefined, state: ProcessRow['state'], text: string | null): ProcessRow => ({
      name: this.name,
      pool,
      queues: queues ?? null,
      state,
      pid: one?.pid ?? null,
      worker: one?.worker ?? null,
      startedAt: one === undefined ? null : one.startedAt,
      uptimeMs: one === undefined ? null : Date.now() - one.startedAt,
      description: text,
    })
    const leaving = [...this.#leaving].map((one) => row(one, 'STOPPING', leavingWords(one)))
    if (this.#current !== undefined) {
      const { state } = this.#current
      const said = state === 'running' ? 'RUNNING' : state === 'starting' ? 'STARTING' : 'STOPPING'
      return [row(this.#current, said, state === 'leaving' ? leavingWords(this.#current) : null), ...leaving]
    }
    if (this.#next !== undefined) return [row(this.#next, 'STARTING', null), ...leaving]
    if (this.removed) return leaving
    const last = this.#last === undefined ? null : wordsFor(this.#last.ending).replace(/^\((process \d+)\)/, '$1')
    if (this.off)
      return [row(undefined, 'STOPPED', this.#last === undefined ? 'Not started' : stampOf(this.#last.at)), ...leaving]
    if (quarantine !== null)
      return [row(undefined, 'FATAL', `${quarantine}${last === null ? '' : `; ${last}`}`), ...leaving]
    const again = `again in ${spoken(Math.max(1, Math.round(this.#retryAt - performance.now())))}`
    return [row(undefined, 'BACKOFF', last === null ? again : `${last}; ${again}`), ...leaving]
  }

  #all(): ManagedProcess[] {
    return [this.#current, this.#next, ...this.#leaving].filter((one) => one !== undefined)
  }

  #spawn(replaces: number | null): ManagedProcess {
    const one: ManagedProcess = new ManagedProcess(
      { ...this.#host.spec(this), replaces, generation: this.#generation++ },
      {
        ready: () => {
          if (this.#host.isQuiet()) one.quiet()
          if (this.#current === one) this.#watchHealth(one)
        },
        replace: (reason, limit) => {
          if (this.#current !== one && this.#next !== one) return
          this.#asking = one
          this.#host.wantsReplacement(this, reason, limit ? this.#restOfYouth(one) : 0)
        },
        ended: (ending) => this.#ended(one, ending),
      },
    )
    return one
  }

  #ended(one: ManagedProcess, ending: Ending): void {
    if (this.#current !== one) {
      // One that was about to take the place is seen to by who waits for it.
      if (this.#leaving.delete(one)) this.#host.changed()
      return
    }
    clearTimeout(this.#healthTimer)
    const wasTold = one.leaving !== 'no'
    this.#last = { ending, at: Date.now(), wasTold }
    this.#current = this.#next
    this.#next = undefined
    if (!wasTold) this.#follow(one, ending)
    this.#host.changed()
  }

  /** Nobody told it to end: another follows, after a pause. */
  #follow(one: ManagedProcess, ending: Ending): void {
    // A worker that ended in good order has given its jobs back itself; of one that died before it had a row, the jobs are
    // those of the worker it was to stand in for.
    if (ending.code !== EXIT.ok) this.#deadWorker = one.worker ?? one.replaces
    const quick =
      ending.code !== EXIT.restart &&
      (one.readySteady === null || performance.now() - one.readySteady < this.#host.timing.quickMs)
    this.quickDeaths = quick ? this.quickDeaths + 1 : 0
    const pause = pauseAfter(this.quickDeaths, this.#host.timing.pauses)
    this.#retryAt = performance.now() + pause
    clearTimeout(this.#retryTimer)
    if (pause > 0) {
      this.#retryTimer = setTimeout(() => {
        // The timer decides: it may be a fraction of a millisecond before its time.
        this.#retryAt = 0
        this.#host.changed()
      }, pause)
    }
    const then = this.isManned
      ? 'another is in its place'
      : `starting it anew${pause === 0 ? '' : ` in ${spoken(pause)}`}`
    this.#host.say(`${this.name} ${wordsFor(ending)}; ${then}`)
    this.#host.died(this)
  }

  /** A limit that is reached at once, since it is too low, must not have the machine start processes all day. */
  #restOfYouth({ readySteady }: ManagedProcess): number {
    const age = readySteady === null ? 0 : performance.now() - readySteady
    return Math.max(0, this.#host.timing.quickMs - age)
  }

  #watchHealth(one: ManagedProcess): void {
    clearTimeout(this.#healthTimer)
    this.#healthTimer = setTimeout(() => {
      if (this.#current !== one || one.state !== 'running') return
      this.quickDeaths = 0
      this.#host.lived(this)
    }, this.#host.timing.quickMs)
  }

  async #settled(one: ManagedProcess): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const timer = setTimeout(() => resolve(false), this.#host.timing.readyWithinMs)
    const works = await Promise.race([one.settled, promise])
    clearTimeout(timer)
    return works
  }

  #whyNot(): string {
    if (this.off) return 'it was stopped meanwhile'
    return this.#last === undefined ? 'it does not work yet' : `it ${wordsFor(this.#last.ending)}`
  }
}

function leavingWords(one: ManagedProcess): string {
  return `pid ${one.pid}, ${one.leaving === 'retire' ? 'finishes its jobs' : 'ends within its grace'}`
}

/** As Supervisor writes when a process was stopped: `Nov 22 09:14 AM`. */
function stampOf(at: number): string {
  const date = new Date(at)
  const month = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'][date.getMonth()]
  const two = (value: number) => String(value).padStart(2, '0')
  const hour = date.getHours()
  return `${month} ${two(date.getDate())} ${two(hour % 12 || 12)}:${two(date.getMinutes())} ${hour < 12 ? 'AM' : 'PM'}`
}
