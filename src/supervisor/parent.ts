import { type ChildProcess, fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { spoken } from '../core/duration.ts'
import { EXIT } from './exit-codes.ts'
import type { Controls, FromChild, ToChild } from './wire.ts'

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

interface Ending {
  code: number | null
  signal: NodeJS.Signals | null
  pid: number | undefined
}

/** A life shorter than this was a quick death: each in a row doubles the pause before the next start. */
const QUICK_MS = 10_000
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 30_000
/** What a child gets beyond its own grace, or after "at once", before it is killed. */
const KILL_MARGIN_MS = 5_000
const GRACE_UNKNOWN_MS = 10_000

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
  #child: ChildProcess | undefined
  #killer: NodeJS.Timeout | undefined
  #graceMs = GRACE_UNKNOWN_MS
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
    this.#tell({ kind: 'stop' })
    this.#killAfter(this.#graceMs + KILL_MARGIN_MS)
  }

  stopNow(): void {
    this.#stopped.abort()
    this.#tell({ kind: 'stopNow' })
    this.#killAfter(KILL_MARGIN_MS)
  }

  /** Also holds for the children to come, until `resume`. */
  quiet(): void {
    this.#quiet = true
    this.#tell({ kind: 'quiet' })
  }

  resume(): void {
    this.#quiet = false
    this.#tell({ kind: 'resume' })
  }

  /** One child from start to end. */
  #live(): Promise<Ending> {
    const child = fork(this.#spec.module, this.#spec.args ?? [], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv: nodeFlags(process.execArgv, process.env.NODE_OPTIONS),
      env: withCompileCache(process.env),
    })
    this.#child = child
    child.on('message', (said: FromChild) => this.#hear(said))
    this.#tell({ kind: 'begin', order: this.#spec.order, replaces: this.#worker, generation: this.#generation++ })
    return new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null) => {
        clearTimeout(this.#killer)
        this.#child = undefined
        resolve({ code, signal, pid: child.pid })
      }
      child.once('exit', end)
      // Could not be started at all: no exit follows.
      child.once('error', (error) => {
        if (child.pid !== undefined) return
        this.#spec.say(`${this.#spec.name} could not be started: ${error.message}`)
        end(EXIT.error, null)
      })
    })
  }

  #hear(said: FromChild): void {
    if (said.kind === 'worker') this.#worker = said.id
    else {
      this.#everReady = true
      this.#graceMs = said.graceMs
      if (this.#stopped.signal.aborted) this.#killAfter(said.graceMs + KILL_MARGIN_MS)
      if (this.#quiet) this.#tell({ kind: 'quiet' })
    }
  }

  #startsAnew({ code }: Ending): boolean {
    if (code === EXIT.ok) return false
    if (code === EXIT.restart || code === EXIT.stuck) return true
    if (code === EXIT.memory) return this.#spec.restartAfter?.includes(code) ?? false
    return this.#everReady
  }

  #tell(what: ToChild): void {
    // A child that just ended can't be told; its `exit` says what there is to know.
    if (this.#child?.connected) this.#child.send(what, () => {})
  }

  #killAfter(ms: number): void {
    clearTimeout(this.#killer)
    const child = this.#child
    if (child !== undefined) this.#killer = setTimeout(() => child.kill('SIGKILL'), ms)
  }
}

/**
 * A worker makes much garbage that dies young. Half of Node's young generation holds it as well as the whole does, and
 * saves each worker process some 15 MiB; given from the start, it keeps another 10 MiB of what only seemed to live from the
 * old generation. Who sets the size himself keeps it.
 */
function nodeFlags(own: readonly string[], fromEnvironment = ''): string[] {
  const isSet = `${own.join(' ')} ${fromEnvironment}`.includes('semi-space')
  return isSet ? [...own] : [...own, '--min-semi-space-size=8', '--max-semi-space-size=8']
}

/**
 * Compiled modules are kept in the data folder, where there is one. From its second start on a child whose handlers are
 * TypeScript needs no compiler, which would take 17 MiB of it for good. Who names a folder himself, or none, has his way.
 */
function withCompileCache(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const data = env.FAENA_DATA || '.faena'
  const decided = env.NODE_COMPILE_CACHE !== undefined || env.NODE_DISABLE_COMPILE_CACHE !== undefined
  return decided || !existsSync(data) ? env : { ...env, NODE_COMPILE_CACHE: join(data, 'compile-cache') }
}

/** Ms to wait before the next start, after so many quick deaths in a row. */
export function pauseAfter(quickDeaths: number): number {
  return quickDeaths === 0 ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (quickDeaths - 1))
}

function exitCodeOf({ code }: Ending): number {
  return code === null || code === EXIT.restart || code === EXIT.stuck ? EXIT.error : code
}

function wordsFor({ code, signal, pid }: Ending): string {
  if (signal !== null) return `(process ${pid}) was killed by ${signal}`
  if (code === EXIT.restart) return `(process ${pid}) ended as faena restart asked`
  if (code === EXIT.stuck) return `(process ${pid}) ended because a handler did not end after its timeout`
  if (code === EXIT.memory) return `(process ${pid}) reached its memory limit`
  return `(process ${pid}) ended with exit code ${code}`
}
