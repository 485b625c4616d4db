/** What each contestant can do; every call runs in a child process of its own, on a fresh folder. */
export interface Contestant {
  readonly name: string
  /** Settings that matter, in words, for the table's notes. */
  readonly settings: string
  open(folder: string): Promise<Session>
}

export interface Session {
  /** Stores jobs `from` to `from + count − 1` with the contestant's own bulk call. */
  bulk(from: number, count: number): Promise<void>
  /** Stores one job; resolves when the contestant says it is stored. */
  single(number: number): Promise<unknown>
  /** Starts a worker that calls `seen` with each job's number and, where it carries one, the time it was sent. */
  work(concurrency: number, seen: (number: number, sentAt: number) => void): Promise<{ stop(): Promise<void> }>
  /** Stores one job that carries the time of the call. */
  send(number: number, sentAt: number): Promise<unknown>
  close(): Promise<void>
}

/** About 200 bytes of JSON in all, as in most queues: ids and a little text. */
export const PADDING =
  'a background job of ordinary size carries a few ids and words like these, and seldom more than that does it need'

export interface BenchInput {
  number: number
  sentAt: number
  padding: string
}

export function input(number: number, sentAt = 0): BenchInput {
  return { number, sentAt, padding: PADDING }
}

/** Wall-clock ms with fractions, comparable between processes of one machine. */
export function wallNow(): number {
  return performance.timeOrigin + performance.now()
}
