import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import type { Order } from '../child.ts'
import { CONTESTANTS } from '../contestants/list.ts'
import type { Figures } from '../roles/list.ts'

const CHILD = join(import.meta.dirname, '..', 'child.ts')
const CACHE = join(import.meta.dirname, '..', 'node_modules', '.compile-cache')
/**
 * Processes that run handlers: these have the flags of the contestant's own command line. So has who compiles for them, since
 * what is compiled is kept for each set of flags.
 */
const WORKERS = ['compile', 'drain', 'pickup', 'pickupInside', 'due', 'dayWorker', 'steady']

/** One child process with its order, from the parent's side. */
export interface Child {
  readonly pid: number
  /** Connected and waiting for `go`. */
  readonly ready: Promise<void>
  readonly result: Promise<Figures>
  /** Jobs it has handled so far. */
  readonly done: number
  onDone(listener: () => void): void
  go(): void
  stop(): void
  /** Resolves when the process is gone. */
  readonly exited: Promise<void>
  kill(): void
}

let profiles: string | undefined

/** From now on, processes that run handlers leave a CPU profile in this folder. */
export function profileInto(folder: string | undefined): void {
  profiles = folder
}

/** How long a process with its result may take to end: one that writes a profile takes a while. */
export function partingMs(): number {
  return profiles === undefined ? 1_000 : 15_000
}

function profiling(role: string): string[] {
  return profiles !== undefined && WORKERS.includes(role) ? ['--cpu-prof', `--cpu-prof-dir=${profiles}`] : []
}

export function startChild(order: Order): Child {
  const { nodeFlags = [], nodeEnv = {} } = WORKERS.includes(order.role) ? CONTESTANTS[order.contestant]! : {}
  const child = fork(CHILD, [], {
    execArgv: ['--disable-warning=ExperimentalWarning', ...nodeFlags, ...profiling(order.role)],
    // Compiled once for all processes: the compiler of TypeScript is no part of anybody's memory.
    env: { NODE_COMPILE_CACHE: CACHE, ...nodeEnv, ...process.env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const ready = Promise.withResolvers<void>()
  const result = Promise.withResolvers<Figures>()
  // Whoever waits for one of them hears of a failure; nobody has to wait for both.
  ready.promise.catch(() => {})
  result.promise.catch(() => {})
  const fail = (error: Error) => {
    ready.reject(error)
    result.reject(error)
  }
  let done = 0
  let listener = () => {}
  child.on('message', (message: { ready?: true; done?: number; figures?: Figures; failed?: string }) => {
    if (message.ready) ready.resolve()
    if (message.figures) result.resolve(message.figures)
    if (message.failed) fail(new Error(`${order.contestant}, ${order.role}: ${message.failed}`))
    if (message.done !== undefined) {
      done = message.done
      listener()
    }
  })
  const exited = Promise.withResolvers<void>()
  child.on('exit', (code, signal) => {
    exited.resolve()
    fail(new Error(`${order.contestant}, ${order.role}: the process ended (${signal ?? code}) before its result`))
  })
  child.send(order, (error) => error && fail(error))
  return {
    pid: child.pid!,
    ready: ready.promise,
    result: result.promise,
    exited: exited.promise,
    get done() {
      return done
    },
    onDone(heard) {
      listener = heard
    },
    go: () => tell(child, 'go'),
    stop: () => tell(child, 'stop'),
    kill: () => child.kill('SIGKILL'),
  }
}

function tell(child: ChildProcess, word: string): void {
  // One that has just ended cannot hear it; that it ended is told by its exit.
  if (child.connected) child.send(word, () => {})
}
