import { setTimeout as sleep } from 'node:timers/promises'
import type { Alert, AlertSource, AlertWatch, NewJob } from '../client/alerts.ts'
import { newJob } from '../client/newjob.ts'
import type { AlertSettings } from '../core/alert-settings.ts'
import type { Masker } from '../core/mask.ts'
import type { Notice, NoticeItem } from '../core/notice.ts'
import { uuidv7 } from '../core/uuid.ts'
import { decideAlerts } from './decide.ts'
import { alertJob, type Delivery } from './job.ts'
import { type Kept, look } from './observe.ts'
import { readState, type WatchState } from './state.ts'

export interface WatchOptions {
  source: AlertSource
  settings: AlertSettings
  masker: Masker
  /** Told after each look of the process that watches, with whether it has stored something to deliver: it works the deliveries off. */
  onLook?: (stored: boolean) => void | Promise<void>
  /** The watch goes on after any error; the same trouble is told once until it is over. */
  onError?: (error: unknown) => void
  random?: () => number
}

const HOUR = 3_600_000
/** A notice that names more than so many alerts is read by nobody. */
const MOST_ITEMS = 20
const ALERTS_PER_PAGE = 1_000
const LARGEST_PAYLOAD = 1024 * 1024
/** What waits or is wrong by the thousand makes a look dear; the time between two is so many times as long as one takes. */
const REST = 50
/** Also after a look that failed when its time was over: whoever comes to the watch next has to wait three times as long. */
const LONGEST_REST_MS = 300_000
/** At least so long is the watch held: a look may fail before another process takes it. */
const LEASE_MS = 5_000

/**
 * Looks after all queues for the whole fleet. Any number of processes may run one: the holder of the watch's lease looks,
 * the others ask now and then whether it has ended. What a look decides (alerts, what to know the next time, and the jobs
 * that tell of it) is written in one step that names the holder's fence: a crash at any line has it decided again, and
 * whoever lost the lease meanwhile writes nothing.
 */
export class Watch {
  readonly #options: WatchOptions
  readonly #owner = uuidv7()
  readonly #random: () => number
  #stopping = new AbortController()
  #running: Promise<void> | undefined
  #holds = false
  #restMs: number
  #kept: Kept | undefined
  #trouble: string | undefined

  constructor(options: WatchOptions) {
    this.#options = options
    this.#random = options.random ?? Math.random
    this.#restMs = options.settings.everyMs
  }

  start(): void {
    if (this.#running !== undefined) return
    this.#stopping = new AbortController()
    this.#running = this.#run()
  }

  /** Resolves when the look under way is over; the watch is then free for another process. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
    this.#running = undefined
    if (!this.#holds) return
    this.#holds = false
    // Where this fails, its lease ends by itself.
    await this.#options.source.leaveWatch(this.#owner).catch(() => {})
  }

  /** One look, if the watch is ours. Answers whether it was. */
  async look(): Promise<boolean> {
    const { source, onLook } = this.#options
    const watch = await source.takeWatch(this.#owner, this.#leaseMs)
    this.#holds = watch !== undefined
    // What somebody else saw meanwhile is not known here.
    if (watch === undefined) this.#kept = undefined
    if (watch === undefined) return false
    const stored = await this.#decide(watch)
    await onLook?.(stored)
    return true
  }

  async #decide(watch: AlertWatch): Promise<boolean> {
    const { fence, state: text, now } = watch
    const { source, settings } = this.#options
    const before = readState(text)
    const { state, observations, kept } = await look(this.#options, watch, before, this.#kept)
    this.#kept = kept
    const keys = observations.map(({ key }) => key)
    const isCalm = keys.length === 0 && before?.open === 0
    const known = isCalm ? [] : await this.#known(keys)
    const told = state.told.filter((at) => at > now - HOUR)
    const patience = told.length < settings.perHour ? 'now' : 'later'
    const wanted = new Set(settings.channels.flatMap(({ rules }) => rules))
    const { changes, items } = decideAlerts({
      ...{ now, settings, observations, known },
      tells: (rule) => (wanted.has(rule) ? patience : 'never'),
    })
    const jobs = this.#deliveries(items, now)
    const ended = new Set(changes.filter((change) => change.state === 'resolved').map(({ key }) => key))
    const open = new Set([...known, ...changes].filter((one) => one.state === 'open').map(({ key }) => key))
    for (const key of ended) open.delete(key)
    const next: WatchState = { ...state, open: open.size, told: jobs.length > 0 ? [...told, now] : told }
    const left = JSON.stringify(next)
    if (left === text && changes.length === 0) return false
    return (await source.decide({ fence, state: left, alerts: changes, jobs })) && jobs.length > 0
  }

  /** All of them: what is left out would be taken for new, and told again whoever has seen to it. */
  async #known(keys: readonly string[]): Promise<Alert[]> {
    const known: Alert[] = []
    for (let cursor: string | undefined; ; ) {
      const { rows, next } = await this.#options.source.alerts({ keys }, { limit: ALERTS_PER_PAGE, cursor })
      known.push(...rows)
      if (next === null) return known
      cursor = next
    }
  }

  /** One job for each channel that is told of any of these. */
  #deliveries(items: readonly NoticeItem[], now: number): NewJob[] {
    const { channels, name } = this.#options.settings
    return channels.flatMap((channel) => {
      const alerts = items.filter(({ rule }) => channel.rules.includes(rule))
      if (alerts.length === 0) return []
      const uuid = uuidv7(now)
      const notice: Notice = {
        ...{ id: uuid, at: new Date(now).toISOString(), installation: name },
        ...{ alerts: alerts.slice(0, MOST_ITEMS), more: Math.max(0, alerts.length - MOST_ITEMS) },
      }
      const input: Delivery = { channel: channel.name, notice }
      return [newJob(alertJob, input, JSON.stringify(input), { uuid }, LARGEST_PAYLOAD)]
    })
  }

  async #run(): Promise<void> {
    const { everyMs } = this.#options.settings
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const from = performance.now()
      try {
        await this.look()
        this.#trouble = undefined
      } catch (error) {
        this.#tell(error)
      }
      this.#restMs = Math.max(everyMs, Math.min((performance.now() - from) * REST, LONGEST_REST_MS))
      await sleep(this.#restMs * (0.9 + 0.2 * this.#random()), undefined, { signal, ref: false }).catch(() => {})
    }
  }

  get #leaseMs(): number {
    return Math.max(LEASE_MS, this.#restMs * 3)
  }

  #tell(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error)
    if (text === this.#trouble) return
    this.#trouble = text
    try {
      this.#options.onError?.(error)
    } catch {}
  }
}
