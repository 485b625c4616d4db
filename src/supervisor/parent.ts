import { setTimeout as sleep } from 'node:timers/promises'
import { spoken } from '../core/duration.ts'
import { pauseAfter, QUICK_MS } from './backoff.ts'
import { EXIT } from './exit-codes.ts'
import { type Ending, ManagedProcess, wordsFor } from './process.ts'
import type { Controls } from './wire.ts'

export interface ChildSpec {
  /** What people call the process, in lines about it. */
  name: string
  /** The module it runs; its first act is `beginning()` of child.ts. */
  module: URL
  /** Words that only the process list shows. */
  args?: readonly string[]
  /** What it is to do, as plain data. */
  order: unknown
  /** Exit codes, beside crashes, a restart that was asked for and a stuck worker, after which it is started anew. */
  restartAfter?: readonly number[]
  /** One line for people about what became of the child. */
  say(line: string): void
}

/**
 * Keeps one child process running: starts it anew when it died, was stuck, or was asked to restart, with growing pauses
 * between quick deaths. The worker id of a child that is surely dead goes to the next, so that the jobs it held come back
 * at once instead of when the lease ends.
 *
 * A child that ends in good order (code 0) has done what it was asked to, and so has its parent. A first child that ends
 * before it was ready has a fault that starting again won't mend: the command ends with its exit code.
 */
export class Parent implements Controls {
  readonly #spec: ChildSpec
  readonly #stopped = new AbortController()
  #child: ManagedProcess | undefined
  #worker: number | null = null
  #everReady = false
  #quiet = false
  #generation = 0

  constructor(spec: ChildSpec) {
    this.#spec = spec
  }

  /** Resolves to the exit code of the whole once no child will be started any more. */
  async run(): Promise<number> {
    let quick = 0
    for (;;) {
      const began = performance.now()
      const ending = await this.#live()
      if (this.#stopped.signal.aborted)
        return ending.code === EXIT.ok || ending.code === EXIT.restart ? EXIT.ok : exitCodeOf(ending)
      if (!this.#startsAnew(ending)) return exitCodeOf(ending)
      quick = performance.now() - began < QUICK_MS && ending.code !== EXIT.restart ? quick + 1 : 0
      const pause = pauseAfter(quick)
      this.#spec.say(
        `${this.#spec.name} ${wordsFor(ending)}; ${pause === 0 ? 'starting it anew' : `starting it anew in ${spoken(pause)}`}`,
      )
      await sleep(pause, undefined, { signal: this.#stopped.signal }).catch(() => {})
      if (this.#stopped.signal.aborted) return EXIT.ok
    }
  }

  /** In good order: the child finishes what it can within its grace. */
  stop(): void {
    this.#stopped.abort()
    this.#child?.stop()
  }

  stopNow(): void {
    this.#stopped.abort()
    this.#child?.stopNow()
  }

  /** Also holds for the children to come, until `resume`. */
  quiet(): void {
    this.#quiet = true
    this.#child?.quiet()
  }

  resume(): void {
    this.#quiet = false
    this.#child?.resume()
  }

  /** One child from start to end. */
  async #live(): Promise<Ending> {
    const child = new ManagedProcess(
      { ...this.#spec, replaces: this.#worker, generation: this.#generation++ },
      {
        ready: () => {
          this.#everReady = true
          if (this.#quiet) child.quiet()
        },
        ended: ({ error }) => {
          if (error !== undefined) this.#spec.say(`${this.#spec.name} could not be started: ${error.message}`)
        },
      },
    )
    this.#child = child
    const ending = await child.ended
    this.#child = undefined
    this.#worker = child.worker ?? this.#worker
    return ending
  }

  #startsAnew({ code }: Ending): boolean {
    if (code === EXIT.ok) return false
    if (code === EXIT.restart || code === EXIT.stuck) return true
    if (code === EXIT.memory) return this.#spec.restartAfter?.includes(code) ?? false
    return this.#everReady
  }
}

function exitCodeOf({ code }: Ending): number {
  return code === null || code === EXIT.restart || code === EXIT.stuck ? EXIT.error : code
}
