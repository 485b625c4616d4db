/** Where a contestant runs: a fresh folder (SQLite), database (PostgreSQL, MariaDB) or an emptied Redis, and nothing else in it. */
export interface Place {
  url: string
  folder: string
}

/** A queue as the bench drives it; each is opened in a child process of its own, and ends with that. */
export interface Contestant {
  /** Makes the tables in a fresh place. */
  prepare?(place: Place): Promise<void>
  open(place: Place): Promise<Session>
}

export interface Session {
  /** Stores jobs `from` to `from + count − 1` with the contestant's own bulk call; with `dueAt` (unix ms) they wait until then. */
  bulk(from: number, count: number, dueAt?: number): Promise<void>
  /** Stores one job that carries the time of the call; resolves when the contestant says it is stored. */
  single(number: number, sentAt?: number): Promise<unknown>
  /** Starts a worker that calls `seen` for each job; `delayed` says that the jobs are yet to fall due, where that asks for other settings. */
  work(concurrency: number, seen: Seen, jobs?: 'delayed'): Promise<Working>
  /** Puts `count` failed jobs beside the waiting ones. Only where a workload asks for it. */
  fail?(count: number): Promise<void>
  /** Pending jobs numbered from `from` on and failed ones, as they lie in an installation in trouble. Only where a workload asks for it. */
  fill?(filling: { from: number; pending: number; failed: number }): Promise<void>
  /** What the mixed day asks of a queue beyond the rest. */
  day?: Day
}

/** A promise is awaited within the job; nothing is, where the workload's jobs do no work. */
export type Seen = (number: number, sentAt: number) => Promise<void> | undefined

export interface Working {
  /**
   * Resolves when all that was seen is acknowledged: the end of a drain. Without it `stop` is what ends the drain.
   */
  settled?(): Promise<void>
  stop(): Promise<void>
}

export interface Day {
  /** One dispatch of each sort. `delayed` waits a second, `failing` fails its first attempt and is tried again after a second. */
  dispatch(sort: DaySort, number: number, sentAt: number): Promise<'stored' | 'skipped'>
  work(
    concurrency: number,
    seen: (sort: DaySort, number: number, sentAt: number, attempt: number) => Promise<void>,
  ): Promise<Working>
  /** What a dashboard asks for each time it looks. */
  look(): Promise<void>
  /** Jobs that wait or run, and those that failed for good. */
  left(): Promise<{ waiting: number; failed: number }>
}

export type DaySort = 'plain' | 'delayed' | 'failing' | 'unique'

/** Fingerprints of a tenth of the failed jobs each, where `fill` made them: what `POST /retry-all-failed` names as `error`. */
export const LARGE_GROUPS = ['feedface00000001', 'feedface00000002', 'feedface00000003'] as const

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

export function inputs(from: number, count: number): BenchInput[] {
  return Array.from({ length: count }, (_, at) => input(from + at))
}

/** Wall-clock ms with fractions, comparable between processes of one machine. */
export function wallNow(): number {
  return performance.timeOrigin + performance.now()
}
