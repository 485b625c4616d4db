import { spoken } from '../../core/duration.ts'
import { pauseAfter, QUICK_MS } from '../backoff.ts'
import { lineSplitter } from '../lines.ts'
import { wordsFor } from '../process.ts'
import type { Controls } from '../wire.ts'
import { becomesReady, readyWords } from './ready.ts'
import type { Service, Started } from './service.ts'

export interface DevOptions {
  services: readonly Service[]
  cwd: string
  env: NodeJS.ProcessEnv
  /** A line that a service printed. */
  print(name: string, line: string): void
  /** A line about a service. */
  say(name: string, line: string): void
}

const DEV_PAUSES = { firstMs: 500, longestMs: 10_000 }

interface Kept {
  service: Service
  started: Started | undefined
  /** It was ready at least once, or has done what it does once. */
  ready: PromiseWithResolvers<void>
  ended: PromiseWithResolvers<void>
  restarting: boolean
  wake: () => void
}

/**
 * Keeps the services of a developer's machine running: each starts when those it depends on are ready, is started anew when
 * it dies, and stops when those that depend on it have stopped.
 */
export class Dev implements Controls {
  readonly #options: DevOptions
  readonly #kept: Map<string, Kept>
  readonly #stop = new AbortController()

  constructor(options: DevOptions) {
    this.#options = options
    this.#kept = new Map(
      options.services.map((service) => [
        service.name,
        {
          service,
          started: undefined,
          ready: Promise.withResolvers<void>(),
          ended: Promise.withResolvers<void>(),
          restarting: false,
          wake: () => {},
        },
      ]),
    )
  }

  /** Resolves when all has ended, after a stop. */
  async run(): Promise<void> {
    await Promise.all([...this.#kept.values()].map((kept) => this.#keep(kept)))
  }

  /** Files have changed: what is made of them starts anew, at once where it waited after a death. */
  changed(): void {
    for (const kept of this.#kept.values()) {
      if (!kept.service.restartsOnChange) continue
      kept.wake()
      if (kept.started === undefined || kept.restarting) continue
      kept.restarting = true
      kept.started.stop()
    }
  }

  stop(): void {
    if (this.#stop.signal.aborted) return
    this.#stop.abort()
    for (const kept of this.#kept.values()) {
      kept.wake()
      void this.#stopInTurn(kept)
    }
  }

  stopNow(): void {
    this.stop()
    for (const { started } of this.#kept.values()) started?.kill()
  }

  quiet(): void {}

  resume(): void {}

  async #keep(kept: Kept): Promise<void> {
    const { service } = kept
    await this.#dependenciesReady(kept)
    let quick = 0
    while (!this.#stop.signal.aborted) {
      const began = performance.now()
      const ending = await this.#live(kept)
      if (this.#stop.signal.aborted) break
      if (kept.restarting) {
        kept.restarting = false
        quick = 0
        continue
      }
      if (service.once && ending.code === 0) {
        kept.ready.resolve()
        break
      }
      quick = performance.now() - began < QUICK_MS ? quick + 1 : 0
      const pause = pauseAfter(quick, DEV_PAUSES)
      this.#options.say(
        service.name,
        `${wordsFor(ending)}; starting it anew${pause === 0 ? '' : ` in ${spoken(pause)}`}${service.restartsOnChange && pause > 0 ? ', or when a file changes' : ''}`,
      )
      await this.#pause(kept, pause)
    }
    kept.ended.resolve()
  }

  /** Resolves to false if all is stopped before that. */
  async #dependenciesReady({ service, ended }: Kept): Promise<void> {
    const stopped = new Promise<void>((resolve) => this.#stop.signal.addEventListener('abort', () => resolve()))
    const dependencies = service.dependsOn.map((name) => this.#kept.get(name)?.ready.promise)
    await Promise.race([Promise.all(dependencies), stopped])
    if (this.#stop.signal.aborted) ended.resolve()
  }

  async #live(kept: Kept) {
    const { service } = kept
    const over = new AbortController()
    const heard = Promise.withResolvers<void>()
    const check = service.ready?.ready ?? null
    const pattern = check?.kind === 'log' ? new RegExp(check.pattern, check.flags) : undefined
    const split = lineSplitter((line) => {
      this.#options.print(service.name, line)
      if (pattern?.test(line)) heard.resolve()
    })
    const started = service.start(split)
    kept.started = started
    void this.#watchReadiness(kept, started, heard.promise, over.signal)
    const ending = await started.ended
    over.abort()
    kept.started = undefined
    return ending
  }

  async #watchReadiness(kept: Kept, started: Started, heard: Promise<void>, over: AbortSignal): Promise<void> {
    const { service } = kept
    const { cwd, env, say } = this.#options
    if (service.once || !(await started.ready) || over.aborted) return
    const { ready: check = null, readyWithinMs = 0 } = service.ready ?? {}
    if (check !== null) {
      const late = setTimeout(() => {
        say(service.name, `is not ready after ${spoken(readyWithinMs)}; still waiting for ${readyWords(check)}`)
      }, readyWithinMs)
      const gone = new Promise<false>((resolve) => over.addEventListener('abort', () => resolve(false)))
      const isReady = await (check.kind === 'log'
        ? Promise.race([heard.then(() => true), gone])
        : becomesReady(check, cwd, env, over))
      clearTimeout(late)
      if (!isReady) return
      say(service.name, 'is ready')
    }
    kept.ready.resolve()
  }

  async #pause(kept: Kept, ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      kept.wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    kept.wake = () => {}
  }

  /** Databases last: each stops when nothing that depends on it runs any more. */
  async #stopInTurn(kept: Kept): Promise<void> {
    const above = [...this.#kept.values()].filter(({ service }) => service.dependsOn.includes(kept.service.name))
    await Promise.all(above.map(({ ended }) => ended.promise))
    kept.started?.stop()
  }
}
