import { setFlagsFromString } from 'node:v8'
import { type ResourceLimits, Worker as Thread } from 'node:worker_threads'
import { revive } from '../core/exception.ts'
import { ownModule } from '../core/own-file.ts'
import type { Store } from '../store.ts'
import type { FromThread, ThreadData, ToThread } from './heartbeat-thread.ts'
import { Pulse, type PulseHooks } from './pulse.ts'
import type { Slots } from './slots.ts'

/** What a thread can open a store of its own from: the URL, beside it the store's options, all of it plain data. */
export interface HeartbeatConfig {
  url: string
  [option: string]: unknown
}

export interface HeartHooks extends PulseHooks {
  notice(text: string): void
}

const THREAD = ownModule('worker/heartbeat-thread')

/**
 * Keeps the worker's lease. A thread does it where a store can be opened from configuration, else a timer in the worker's
 * own thread, which says so: then a handler that blocks the event loop for longer than the lease loses it. The timer also
 * stands in until the thread is ready, and again if the thread should end.
 */
export class Heart {
  readonly #slots: Slots
  readonly #leaseMs: number
  readonly #hooks: HeartHooks
  readonly #timer: Pulse
  #thread: Thread | undefined
  #threadReady = false
  #worker: number | null = null
  #ended = false

  constructor(store: Store, slots: Slots, leaseMs: number, hooks: HeartHooks) {
    this.#slots = slots
    this.#leaseMs = leaseMs
    this.#hooks = hooks
    this.#timer = new Pulse(store, slots, leaseMs, hooks)
  }

  /** Starts the thread; without `data` the timer is all there is. */
  start(data: Omit<ThreadData, 'memory' | 'slots'> | undefined): void {
    if (data === undefined) {
      this.#hooks.notice(
        'Heartbeats are sent by a timer, because no store can be opened from plain configuration: a handler that blocks ' +
          'the event loop for longer than the lease loses its job to another worker.',
      )
      return
    }
    const workerData: ThreadData = { ...data, memory: this.#slots.memory, slots: this.#slots.size }
    const resourceLimits = littleGarbage()
    const thread = new Thread(THREAD, { workerData, name: 'faena heartbeat', execArgv: [], resourceLimits })
    this.#thread = thread
    thread.unref()
    thread.on('message', (message: FromThread) => this.#hear(message))
    thread.on('error', (error) => this.#threadEnded(thread, error))
    thread.on('exit', () => this.#threadEnded(thread))
  }

  /** Begins to renew the lease of this worker, which was asked for at these times (steady ms, unix ms). */
  begin(worker: number, askedAt: number, askedAtWall: number): void {
    this.#worker = worker
    this.#slots.renewed(this.#leaseMs, askedAt, askedAtWall)
    // Sent before the thread is ready too: should the first handler block this loop, nobody could tell it later.
    this.#send({ kind: 'begin', worker })
    if (!this.#threadReady) this.#timer.begin(worker)
  }

  rest(): void {
    this.#worker = null
    this.#timer.rest()
    this.#send({ kind: 'rest' })
  }

  async end(): Promise<void> {
    this.rest()
    this.#ended = true
    const thread = this.#thread
    if (thread === undefined) return
    this.#thread = undefined
    const exited = new Promise<void>((resolve) => thread.once('exit', () => resolve()))
    thread.ref()
    if (this.#threadReady) thread.postMessage({ kind: 'end' } satisfies ToThread)
    else void thread.terminate()
    const patience = setTimeout(() => void thread.terminate(), 2_000)
    await exited
    clearTimeout(patience)
  }

  #send(message: ToThread): void {
    this.#thread?.postMessage(message)
  }

  #hear(message: FromThread): void {
    if (this.#ended) return
    if (message.kind === 'ready') {
      this.#threadReady = true
      this.#timer.rest()
    } else if (message.kind === 'ping') this.#slots.pong()
    else if (message.kind === 'lost') this.#hooks.lost(message.worker)
    else if (message.kind === 'gone') this.#hooks.gone(message.jobs)
    else if (message.kind === 'command') this.#hooks.command(message.command)
    else this.#hooks.failed(revive(message.error), message.failures, message.retryMs)
  }

  #threadEnded(thread: Thread, error?: unknown): void {
    if (this.#ended || this.#thread !== thread) return
    this.#thread = undefined
    this.#threadReady = false
    const why = error instanceof Error ? error.message : 'it ended'
    this.#hooks.notice(`The heartbeat thread is gone (${why}); a timer sends the heartbeats now.`)
    if (this.#worker !== null) this.#timer.begin(this.#worker)
  }
}

/**
 * Heartbeats leave little garbage. The sizes that `faena work` starts its processes with are for their main thread, which has
 * them by now; they would hold for every other thread too, before limits of its own, and each take up to 16 MiB.
 */
function littleGarbage(): ResourceLimits {
  const sizes = ['--min-semi-space-size', '--max-semi-space-size']
  if (sizes.every((size) => process.execArgv.includes(`${size}=8`)))
    for (const size of sizes) setFlagsFromString(`${size}=0`)
  return { maxYoungGenerationSizeMb: 2 }
}
