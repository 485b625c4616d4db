import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Worker as Thread } from 'node:worker_threads'
import { revive } from '../core/exception.ts'
import { FailSignal, type PolicyDefaults, ReleaseSignal } from '../core/outcome.ts'
import { ownModule } from '../core/own-file.ts'
import type { FromHost, ToHost } from './isolate-host.ts'
import type { JobRun } from './job-run.ts'

type Kind = 'thread' | 'process'

const HOST = ownModule('worker/isolate-host')
/** A host that has had nothing to do for so long is let go. */
const IDLE_MS = 60_000

/** Threads and child processes for handlers that asked for one, used again for the next job of the same module. */
export class Isolates {
  readonly #defaults: PolicyDefaults
  readonly #graceMs: number
  readonly #idle = new Map<string, Host[]>()
  readonly #all = new Set<Host>()

  constructor(defaults: PolicyDefaults, graceMs: number) {
    this.#defaults = defaults
    this.#graceMs = graceMs
  }

  /** Runs the job in a host of its own. Rejects as the handler did, or with what became of the host. */
  async run(run: JobRun): Promise<unknown> {
    const { in: kind, module } = run.bound!.handler.isolate!
    const key = `${kind} ${module}`
    const host = this.#idle.get(key)?.pop() ?? this.#open(kind)
    let patience: NodeJS.Timeout | undefined
    const abort = () => {
      host.abort(run)
      // Whatever the reason is: here, unlike in the worker's own thread, a handler that does not obey can be ended.
      patience = setTimeout(() => host.kill(run), this.#graceMs)
    }
    run.kill = () => host.kill(run)
    run.signal.addEventListener('abort', abort)
    try {
      return await host.perform(run, module, this.#defaults)
    } finally {
      clearTimeout(patience)
      run.kill = null
      run.signal.removeEventListener('abort', abort)
      this.#keep(host, key)
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all].map((host) => host.close()))
    this.#idle.clear()
  }

  #open(kind: Kind): Host {
    const host = kind === 'thread' ? new ThreadHost() : new ProcessHost()
    this.#all.add(host)
    host.onGone = () => {
      this.#all.delete(host)
      for (const hosts of this.#idle.values()) {
        const at = hosts.indexOf(host)
        if (at !== -1) hosts.splice(at, 1)
      }
    }
    return host
  }

  #keep(host: Host, key: string): void {
    if (!this.#all.has(host)) return
    const hosts = this.#idle.get(key)
    if (hosts === undefined) this.#idle.set(key, [host])
    else hosts.push(host)
    host.rest(IDLE_MS)
  }
}

interface Pending {
  run: JobRun
  resolve: (result: unknown) => void
  reject: (error: unknown) => void
}

/** What a thread and a child process have in common: one job at a time, told by messages. */
abstract class Host {
  onGone: () => void = () => {}
  #pending: Pending | undefined
  #idleTimer: NodeJS.Timeout | undefined

  protected abstract readonly what: string
  protected abstract post(message: ToHost): void
  protected abstract terminate(): Promise<void>
  /** Whether the worker's process stays alive for it. */
  protected abstract hold(on: boolean): void

  perform(run: JobRun, module: string, defaults: PolicyDefaults): Promise<unknown> {
    clearTimeout(this.#idleTimer)
    this.hold(true)
    return new Promise((resolve, reject) => {
      this.#pending = { run, resolve, reject }
      this.post({ kind: 'run', job: run.job, name: run.name, module, defaults })
      if (run.aborted !== null) this.abort(run)
    })
  }

  abort(run: JobRun): void {
    const { aborted } = run
    if (aborted !== null && this.#pending?.run === run) {
      this.post({ kind: 'abort', code: aborted.code, message: aborted.message })
    }
  }

  /** Ends the thread or process, whatever it does. */
  kill(run: JobRun): void {
    if (this.#pending?.run !== run) return
    this.onGone()
    this.#settle((pending) => pending.reject(run.aborted ?? this.#death('it was ended')))
    void this.terminate()
  }

  rest(idleMs: number): void {
    this.hold(false)
    this.#idleTimer = setTimeout(() => void this.close(), idleMs)
    this.#idleTimer.unref()
  }

  async close(): Promise<void> {
    clearTimeout(this.#idleTimer)
    this.onGone()
    await this.terminate()
  }

  protected hear(message: FromHost): void {
    if (message.kind === 'note') {
      const { change } = message
      const run = this.#pending?.run
      if (change.kind === 'line') run?.log(change.line)
      else run?.notes.setProgress(change.percent, change.note)
      return
    }
    this.#settle(({ resolve, reject }) => {
      if (message.kind === 'done') resolve(message.result)
      else if (message.kind === 'released') reject(new ReleaseSignal(message.delayMs))
      else reject(message.final ? new FailSignal(revive(message.error)) : revive(message.error))
    })
  }

  protected gone(how: string, cause?: unknown): void {
    this.onGone()
    this.#settle(({ reject }) => reject(this.#death(how, cause)))
  }

  #death(how: string, cause?: unknown): Error {
    return new Error(`The ${this.what} that ran the job ended before the job did: ${how}`, { cause })
  }

  #settle(tell: (pending: Pending) => void): void {
    const pending = this.#pending
    this.#pending = undefined
    if (pending !== undefined) tell(pending)
  }
}

class ThreadHost extends Host {
  protected override readonly what = 'thread'
  readonly #thread = new Thread(HOST, { name: 'faena isolate' })

  constructor() {
    super()
    this.#thread.on('message', (message: FromHost) => this.hear(message))
    this.#thread.on('error', (error) => this.gone('an error in it was not caught', error))
    this.#thread.on('exit', (code) => this.gone(`exit code ${code}`))
  }

  protected override post(message: ToHost): void {
    this.#thread.postMessage(message)
  }

  protected override async terminate(): Promise<void> {
    await this.#thread.terminate()
  }

  protected override hold(on: boolean): void {
    if (on) this.#thread.ref()
    else this.#thread.unref()
  }
}

class ProcessHost extends Host {
  protected override readonly what = 'process'
  readonly #child: ChildProcess = fork(fileURLToPath(HOST), [], {
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })

  constructor() {
    super()
    this.#child.on('message', (message) => this.hear(message as FromHost))
    this.#child.on('error', (error) => this.gone('it could not be reached', error))
    this.#child.on('exit', (code, signal) => this.gone(signal === null ? `exit code ${code}` : `signal ${signal}`))
  }

  protected override post(message: ToHost): void {
    if (this.#child.connected) this.#child.send(message)
  }

  protected override async terminate(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()))
    this.#child.kill('SIGKILL')
    await exited
  }

  protected override hold(on: boolean): void {
    if (on) this.#child.ref()
    else this.#child.unref()
    const channel = this.#child.channel
    if (on) channel?.ref()
    else channel?.unref()
  }
}
