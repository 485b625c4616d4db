/** What a parent and its child process say to one another over Node's IPC channel. */
export type ToChild =
  /** First of all: what to do, which worker (now surely dead) it stands in for, and how many children came before it. */
  | { kind: 'begin'; order: unknown; replaces: number | null; generation: number }
  /** Another has taken its place: it ends after its current jobs, without a grace that would cut them off. */
  | { kind: 'retire' }
  | { kind: 'stop' }
  | { kind: 'stopNow' }
  | { kind: 'quiet' }
  | { kind: 'resume' }

export type FromChild =
  /** It runs; from a stop on it needs at most `graceMs`. */
  | { kind: 'ready'; graceMs: number }
  /** The worker's row in the store; said anew whenever it gets another. */
  | { kind: 'worker'; id: number }
  /** It reached a limit or was told to restart, and goes on until it is retired. Said once. */
  | { kind: 'replace'; reason: string; limit: boolean }

/** What a process can be told: by its parent, by a signal, or by losing its parent. */
export interface Controls {
  stop(): void
  stopNow(): void
  quiet(): void
  resume(): void
  /** Only supervised workers know it; for others it is a stop. */
  retire?(): void
}
