import { type ChildProcess, fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { EXIT } from './exit-codes.ts'
import type { Controls, FromChild, ToChild } from './wire.ts'

export interface ProcessSpec {
  /** The module it runs; its first act is `beginning()` of child.ts. */
  module: URL
  /** Words that only the process list shows. */
  args?: readonly string[]
  /** What it is to do, as plain data. */
  order: unknown
  /** The worker, surely dead, that it stands in for. */
  replaces: number | null
  generation: number
  /** Takes what it prints, null at the end; without it, that goes where the parent's own output goes. */
  print?: (stream: 'stdout' | 'stderr', chunk: Buffer | null) => void
}

export interface ProcessEvents {
  /** It runs; asked to stop, it needs at most `graceMs`. */
  ready?(graceMs: number): void
  /** It reached a limit, or was told to restart, and goes on until another has taken its place. */
  replace?(reason: string, limit: boolean): void
  ended(ending: Ending): void
}

export interface Ending {
  code: number | null
  signal: NodeJS.Signals | null
  pid: number | undefined
  /** Why it could not even be started. */
  error?: Error
}

/** What a process gets beyond its own grace, or after "at once", before it is killed. */
const KILL_MARGIN_MS = 5_000
const GRACE_UNKNOWN_MS = 10_000
const LAST_LINES_MS = 300

/** One child process of ours, from its start to its end. */
export class ManagedProcess implements Controls {
  readonly startedAt = Date.now()
  /** Unix ms, and by the steady clock; null until then. */
  readyAt: number | null = null
  readySteady: number | null = null
  /** What it was told last that ends it. */
  leaving: 'no' | 'retire' | 'stop' | 'now' = 'no'
  /** The dead worker it stands in for. */
  readonly replaces: number | null
  /** Its worker's row in the store. */
  worker: number | null = null
  ending: Ending | null = null
  readonly #child: ChildProcess
  readonly #events: ProcessEvents
  readonly #ended = Promise.withResolvers<Ending>()
  readonly #settled = Promise.withResolvers<boolean>()
  #killer: NodeJS.Timeout | undefined
  #graceMs = GRACE_UNKNOWN_MS

  constructor(spec: ProcessSpec, events: ProcessEvents) {
    this.#events = events
    this.replaces = spec.replaces
    const piped = spec.print !== undefined
    this.#child = fork(spec.module, spec.args ?? [], {
      stdio: ['ignore', piped ? 'pipe' : 'inherit', piped ? 'pipe' : 'inherit', 'ipc'],
      execArgv: nodeFlags(process.execArgv, process.env.NODE_OPTIONS),
      env: forPeople(withFewArenas(withCompileCache(process.env)), piped && process.stdout.isTTY === true),
    })
    this.#child.on('message', (said: FromChild) => this.#hear(said))
    for (const stream of ['stdout', 'stderr'] as const) {
      this.#child[stream]?.on('data', (chunk: Buffer) => spec.print?.(stream, chunk))
      this.#child[stream]?.once('end', () => spec.print?.(stream, null))
    }
    this.#child.once('exit', (code, signal) => {
      const end = () => this.#end({ code, signal, pid: this.pid })
      // Its last lines come before the news of its end, unless somebody it started holds the pipe.
      if (!piped) return end()
      this.#child.once('close', end)
      setTimeout(end, LAST_LINES_MS).unref()
    })
    // Could not be started at all: no exit follows. Other errors, as of a signal that was refused, end nothing.
    this.#child.on('error', (error) => {
      if (this.pid === undefined) this.#end({ code: EXIT.error, signal: null, pid: undefined, error })
    })
    this.#tell({ kind: 'begin', order: spec.order, replaces: spec.replaces, generation: spec.generation })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get state(): 'starting' | 'running' | 'leaving' | 'ended' {
    if (this.ending !== null) return 'ended'
    if (this.leaving !== 'no') return 'leaving'
    return this.readyAt === null ? 'starting' : 'running'
  }

  get ended(): Promise<Ending> {
    return this.#ended.promise
  }

  /** Resolves once it is ready (true) or has ended without (false). */
  get settled(): Promise<boolean> {
    return this.#settled.promise
  }

  /** Ends after its current jobs, however long they take: another is there for the rest. */
  retire(): void {
    if (this.leaving !== 'no') return
    this.leaving = 'retire'
    this.#tell({ kind: 'retire' })
  }

  /** In good order: it finishes what it can within its grace. */
  stop(): void {
    if (this.leaving !== 'now') this.leaving = 'stop'
    this.#tell({ kind: 'stop' })
    this.#killAfter(this.#graceMs + KILL_MARGIN_MS)
  }

  stopNow(): void {
    this.leaving = 'now'
    this.#tell({ kind: 'stopNow' })
    this.#killAfter(KILL_MARGIN_MS)
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  quiet(): void {
    this.#tell({ kind: 'quiet' })
  }

  resume(): void {
    this.#tell({ kind: 'resume' })
  }

  #hear(said: FromChild): void {
    if (said.kind === 'worker') this.worker = said.id
    else if (said.kind === 'replace') this.#events.replace?.(said.reason, said.limit)
    else {
      this.readyAt = Date.now()
      this.readySteady = performance.now()
      this.#graceMs = said.graceMs
      if (this.leaving === 'stop') this.#killAfter(said.graceMs + KILL_MARGIN_MS)
      this.#settled.resolve(true)
      this.#events.ready?.(said.graceMs)
    }
  }

  #end(ending: Ending): void {
    if (this.ending !== null) return
    clearTimeout(this.#killer)
    this.ending = ending
    this.#settled.resolve(false)
    this.#ended.resolve(ending)
    this.#events.ended(ending)
  }

  #tell(what: ToChild): void {
    // A child that just ended can't be told; its `exit` says what there is to know.
    if (this.#child.connected) this.#child.send(what, () => {})
  }

  #killAfter(ms: number): void {
    clearTimeout(this.#killer)
    if (this.ending === null) this.#killer = setTimeout(() => this.#child.kill('SIGKILL'), ms)
  }
}

/** What became of a process, for a line about it. */
export function wordsFor({ code, signal, pid, error }: Ending): string {
  if (error !== undefined) return `could not be started: ${error.message}`
  if (signal !== null) return `(process ${pid}) was killed by ${signal}`
  if (code === EXIT.restart) return `(process ${pid}) ended as faena restart asked`
  if (code === EXIT.stuck) return `(process ${pid}) ended because a handler did not end after its timeout`
  if (code === EXIT.memory) return `(process ${pid}) reached its memory limit`
  return `(process ${pid}) ended with exit code ${code}`
}

/**
 * A worker makes much garbage that dies young. Half of Node's young generation holds it as well as the whole does, and
 * saves each worker process some 15 MiB; given from the start, it keeps another 10 MiB of what only seemed to live from the
 * old generation. That is looked through whenever it has grown by a fifth, not several times over: 20 MiB more. Nor is anything
 * made there because others of its kind lived on, as jobs do that wait their turn. Who sizes a generation himself keeps his size.
 */
export function nodeFlags(own: readonly string[], fromEnvironment = ''): string[] {
  const given = `${own.join(' ')} ${fromEnvironment}`.replaceAll('_', '-')
  const young = given.includes('semi-space') ? [] : ['--min-semi-space-size=8', '--max-semi-space-size=8']
  const old = /(old-space|heap)-size|heap-growing/.test(given)
    ? []
    : ['--initial-old-space-size=12', '--heap-growing-percent=20']
  const birth = given.includes('allocation-site-pretenuring') ? [] : ['--no-allocation-site-pretenuring']
  return [...own, ...young, ...old, ...birth]
}

/**
 * glibc gives each thread memory of its own to share out, and keeps it: with Node's pool and the heartbeat's thread that
 * comes to some 10 MiB, which two such arenas save. Other systems don't look at it.
 */
function withFewArenas(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { MALLOC_ARENA_MAX: '2', ...env }
}

/** What prints through a pipe takes itself to be read by a program; where people look on at the other end, it is told. */
function forPeople(env: NodeJS.ProcessEnv, terminal: boolean): NodeJS.ProcessEnv {
  return terminal && !env.FAENA_LOG_FORMAT ? { ...env, FAENA_LOG_FORMAT: 'pretty' } : env
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
