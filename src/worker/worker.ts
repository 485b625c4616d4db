import { notAllowed } from '../core/errors.ts'
import { Events } from '../core/events.ts'
import type { WorkerCommand } from '../store.ts'
import { cancelled, leaseLost, workerStopping } from './aborts.ts'
import { Alarm } from './alarm.ts'
import { steadyNow } from './clock.ts'
import type { StoreOperation, WorkerEvents } from './events.ts'
import { Heart } from './heartbeat.ts'
import { Isolates } from './isolate.ts'
import type { JobRun } from './job-run.ts'
import { type Settings, settingsOf, type WorkerOptions } from './options.ts'
import { Recorder } from './recorder.ts'
import { Reporter } from './reporter.ts'
import { type LoopHost, ReserveLoop } from './reserve-loop.ts'
import { ReusedIds } from './reused-ids.ts'
import { Runner } from './runner.ts'
import type { Settler } from './settler.ts'
import { Slots } from './slots.ts'
import { reasonToStop, type StopReason } from './stopping.ts'
import { Tenure } from './tenure.ts'
import { workerRow } from './worker-row.ts'

export interface Worker {
  /** The id of its row in the store; a new one after a lost lease, null while there is none. */
  readonly id: number | null
  readonly events: Events<WorkerEvents>
  /** Jobs that run now. */
  readonly running: number
  readonly state: 'new' | 'running' | 'quiet' | 'stopping' | 'stopped'
  /** Resolves when the worker has ended, for whatever reason. */
  readonly stopped: Promise<StopReason>
  /** Registers and begins to work. Waits for a store that can't be reached; rejects where it must not be used. */
  start(): Promise<void>
  /** Reserves no more; what is held goes on. */
  quiet(): void
  resume(): void
  /**
   * Ends: running jobs may finish within the grace, then they are told to abort, and what still runs goes back with its
   * attempt. Called again it can only shorten the grace.
   */
  stop(options?: { graceMs?: number }): Promise<StopReason>
}

/** Runs jobs of a store with these handlers. Throws BAD_ARGUMENT for options that are not allowed. */
export function createWorker(options: WorkerOptions): Worker {
  return new QueueWorker(settingsOf(options))
}

/** After the grace, jobs that were told to abort may take so long to obey. */
const LAST_CALL_MS = 1_000
/** How long the end waits for the store at least. */
const LEAST_FLUSH_MS = 5_000

class QueueWorker implements Worker {
  readonly events: Events<WorkerEvents>
  readonly #settings: Settings
  readonly #slots: Slots
  readonly #runner: Runner
  readonly #loop: ReserveLoop
  readonly #tenure: Tenure
  readonly #heart: Heart
  readonly #reusedIds = new ReusedIds()
  readonly #recorder: Recorder
  readonly #reporter: Reporter
  readonly #isolates: Isolates
  readonly #stopped = Promise.withResolvers<StopReason>()
  readonly #graceOver = Promise.withResolvers<void>()
  readonly #grace = new Alarm(() => this.#graceOver.resolve())
  #state: Worker['state'] = 'new'
  #startedAt = 0
  #ending: Promise<StopReason> | undefined
  #unlisten: (() => void) | undefined

  constructor(settings: Settings) {
    const { store, handlers, defaults, concurrency, leaseMs, onError } = settings
    this.#settings = settings
    this.events = new Events<WorkerEvents>(onError)
    this.#slots = new Slots(concurrency)
    this.#isolates = new Isolates(defaults, settings.graceMs)
    this.#recorder = new Recorder(
      store,
      () => this.#runner.running.all(),
      settings.historyPerSecond,
      settings.history,
      (error) => this.#storeError('history', error, 1, 0),
    )
    this.#reporter = new Reporter(this.events, this.#recorder, onError)
    const { telemetry } = settings
    const runSettings = { handlers, defaults, telemetry, isolated: (run: JobRun) => this.#isolates.run(run) }
    this.#runner = new Runner(settings, runSettings, this.#slots, this.#reporter, {
      mayBegin: () => this.#state === 'running' || this.#state === 'quiet',
      stuck: () => void this.#end('stuck', settings.graceMs),
      failed: (error, failures, retryMs) => this.#storeError('begin', error, failures, retryMs),
    })
    this.#heart = new Heart(store, this.#slots, leaseMs, {
      lost: (worker) => this.#lostLease(worker),
      gone: (jobs) => this.#gone(jobs),
      command: (command) => this.#obey(command),
      failed: (error, failures, retryMs) => this.#storeError('heartbeat', error, failures, retryMs),
      notice: (text) => this.events.emit('notice', { text }),
    })
    this.#tenure = new Tenure(store, workerRow(settings), this.#heart, this.#slots, {
      began: (settler) => this.#began(settler),
      lost: (settler, why) => this.#dropLease(settler, why),
      failed: (operation, error, failures, retryMs) => this.#storeError(operation, error, failures, retryMs),
      settler: {
        applied: (run) => this.#applied(run),
        lost: (run) => this.#reporter.lost(run),
        undone: (run) => this.#runner.undone(run),
        moved: () => this.#moved(),
      },
    })
    this.#loop = new ReserveLoop(settings, this.#runner.pace, this.#hostOfLoop())
    this.#runner.feed(this.#loop)
  }

  get id(): number | null {
    return this.#tenure.settler?.worker ?? null
  }

  get running(): number {
    return this.#runner.running.count
  }

  get state(): Worker['state'] {
    return this.#state
  }

  get stopped(): Promise<StopReason> {
    return this.#stopped.promise
  }

  async start(): Promise<void> {
    if (this.#state !== 'new') throw notAllowed('BAD_ARGUMENT', 'start() of a worker', this.#state, 'once per worker')
    const { heartbeat, leaseMs, graceMs, defaults, surface, store } = this.#settings
    this.#state = 'running'
    this.#startedAt = steadyNow()
    if (heartbeat === undefined) this.#heart.start(undefined)
    else {
      const { url, ...storeOptions } = heartbeat
      this.#heart.start({ url, storeOptions, leaseMs, graceMs, defaults, surface })
    }
    try {
      await this.#tenure.begin()
    } catch (error) {
      this.#state = 'stopped'
      await this.#heart.end()
      throw error
    }
    if (this.#ending !== undefined) return
    this.#recorder.start()
    this.#unlisten = store.listen?.(() => this.#loop.hint())
  }

  quiet(): void {
    if (this.#state !== 'running') return
    this.#state = 'quiet'
    this.#slots.state = 'quiet'
    this.events.emit('quiet', { worker: this.id })
  }

  resume(): void {
    if (this.#state !== 'quiet') return
    this.#state = 'running'
    this.#slots.state = 'running'
    this.events.emit('resumed', { worker: this.id })
    this.#loop.wake()
  }

  stop({ graceMs = this.#settings.graceMs }: { graceMs?: number } = {}): Promise<StopReason> {
    return this.#end('interrupted', graceMs)
  }

  // ── what the store says ────────────────────────────────────────────────────────────────────────────────────────────

  #began(settler: Settler): void {
    this.events.emit('registered', { worker: settler.worker })
    this.#runner.pump()
  }

  #heldRuns(): JobRun[] {
    const { settler } = this.#tenure
    return [...this.#runner.running.all(), ...this.#loop.held, ...(settler?.pending ?? [])]
  }

  #applied(run: JobRun): void {
    const { outcome } = run
    if (outcome?.kind === 'retry' || outcome?.kind === 'released') this.#loop.dueIn(outcome.delayMs)
    if (run.thrown !== undefined) {
      const text = `Job ${run.name} (${run.uuid}) is completed: the transaction it called complete(tx) in was committed, although its handler threw after that: ${String(run.thrown)}`
      this.events.emit('notice', { text })
    }
    this.#reporter.applied(run)
  }

  /** A settle has ended. */
  #moved(): void {
    const { suspect } = this.#loop
    if (suspect !== null && suspect.outcome !== null && !suspect.settler?.busy) this.#loop.suspect = null
    this.#runner.pump()
  }

  #lostLease(worker: number): void {
    const { settler } = this.#tenure
    if (settler?.worker === worker) this.#tenure.lose(settler, 'the store says that it ended')
  }

  #dropLease(settler: Settler, why: string): void {
    this.#loop.forget()
    const { running } = this.#runner
    const runs = running.all().filter((run) => run.settler === settler)
    running.hide(runs)
    for (const run of runs) run.abort(leaseLost(run.name))
    const text = `Worker ${settler.worker} lost its lease (${why}); ${runs.length} jobs are told to abort, and it registers anew.`
    this.events.emit('notice', { text })
  }

  #gone(jobs: readonly { id: number; attempts: number }[]): void {
    for (const { id, attempts } of jobs) {
      for (const run of this.#runner.running.find(id, attempts)) {
        // Its own commit took the row away, and its handler may have more to do.
        if (run.completion === null) run.abort(cancelled(run.name))
      }
    }
  }

  #obey(command: WorkerCommand): void {
    if (command === 'quiet') this.quiet()
    else if (command === 'resume') this.resume()
    else if (command === 'stop') void this.stop()
    else if (this.#settings.onRestart !== undefined) this.#settings.onRestart()
    else void this.#end('restart', Number.POSITIVE_INFINITY)
  }

  #storeError(operation: StoreOperation, error: unknown, failures: number, retryMs: number): void {
    this.events.emit('storeError', { operation, error, failures, retryMs })
  }

  // ── the end ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #endIfDue(empty: boolean): boolean {
    const reason = reasonToStop(this.#settings, {
      memoryBytes: () => process.memoryUsage.rss(),
      empty,
      aliveMs: steadyNow() - this.#startedAt,
      jobs: this.#runner.begun,
    })
    if (reason === undefined) return false
    void this.#end(reason, Number.POSITIVE_INFINITY)
    return true
  }

  #end(reason: StopReason, graceMs: number): Promise<StopReason> {
    if (graceMs !== Number.POSITIVE_INFINITY) this.#grace.within(graceMs)
    this.#ending ??= this.#shutDown(reason)
    return this.#ending
  }

  async #shutDown(reason: StopReason): Promise<StopReason> {
    const wasStarted = this.#state !== 'new'
    this.#state = 'stopping'
    this.#slots.state = 'stopping'
    this.#unlisten?.()
    this.#loop.close()
    this.events.emit('stopping', { reason })
    if (wasStarted) await this.#finish()
    this.#grace.clear()
    this.#state = 'stopped'
    this.events.emit('stopped', { reason })
    this.#stopped.resolve(reason)
    return reason
  }

  async #finish(): Promise<void> {
    const { running } = this.#runner
    const graceOver = this.#graceOver.promise
    await Promise.race([this.#loop.settled(), graceOver])
    // Other workers needn't wait for the jobs that run here to get what was only reserved.
    this.#loop.giveBack()
    await Promise.race([running.ended(), graceOver])
    if (running.count > 0) await this.#abortRest()
    const left = await this.#tenure.end(Math.max(this.#settings.graceMs, LEAST_FLUSH_MS))
    if (left.length > 0) this.events.emit('notice', { text: unwrittenText(left) })
    running.close()
    await Promise.all([this.#recorder.end(), this.#isolates.close()])
  }

  /** What does not obey is given back all the same when the worker deregisters. */
  async #abortRest(): Promise<void> {
    const { running } = this.#runner
    running.abortAll(workerStopping)
    await Promise.race([running.ended(), pause(LAST_CALL_MS)])
    for (const run of running.all()) {
      run.abandoned = true
      run.kill?.()
    }
  }

  // ── what the loop sees ─────────────────────────────────────────────────────────────────────────────────────────────

  #hostOfLoop(): LoopHost {
    const worker = this
    const { running } = worker.#runner
    return {
      get settler() {
        return worker.#tenure.settler
      },
      took: (runs) => worker.#reusedIds.look(runs, () => worker.#heldRuns()),
      get mayReserve() {
        return worker.#state === 'running'
      },
      get running() {
        return running.count
      },
      get begun() {
        return worker.#runner.begun
      },
      get ended() {
        return worker.#runner.ended
      },
      get isEmpty() {
        return running.count === 0 && worker.#loop.waiting === 0 && !worker.#tenure.busy
      },
      endIfDue: (empty) => worker.#endIfDue(empty),
      pump: () => worker.#runner.pump(),
      idle: () => worker.events.emit('idle', { worker: worker.id ?? 0 }),
      lost: (settler) => worker.#tenure.lose(settler, 'a reservation was refused'),
      exchange: () => worker.#tenure.exchange(),
      failed: (error, failures, retryMs) => worker.#storeError('reserve', error, failures, retryMs),
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

const MOST_NAMED = 20

function unwrittenText(runs: readonly JobRun[]): string {
  const named = runs.slice(0, MOST_NAMED).map((run) => `${run.uuid} (${run.name}: ${run.outcome?.kind})`)
  const more = runs.length > MOST_NAMED ? `, and ${runs.length - MOST_NAMED} more` : ''
  return `${runs.length} outcomes could not be written; these jobs will run again: ${named.join(', ')}${more}.`
}
