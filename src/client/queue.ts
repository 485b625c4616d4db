import { type Duration, milliseconds } from '../core/duration.ts'
import { FaenaError, notAllowed } from '../core/errors.ts'
import { isJob } from '../core/handler.ts'
import { type AnyJob, type JobDefinition, wholeNumber } from '../core/job.ts'
import type { Telemetry, TraceContext } from '../core/telemetry.ts'
import type { JobRef, NewJob, NewSchedule, Pushed, Store } from '../store.ts'
import { Blocks, inPushes } from './blocks.ts'
import { DispatchCounts } from './dispatch-counts.ts'
import { Grouper } from './grouper.ts'
import { inputText } from './input.ts'
import { JobList } from './joblist.ts'
import { type JobOptions, newJob } from './newjob.ts'
import { jobRef } from './refs.ts'
import { SyncConnection, type SyncRunner } from './sync.ts'
import { type ScheduleOptions, saveSchedule } from './timetable.ts'
import { type Ended, type WaitOptions, waitForEnd } from './wait.ts'

export interface DispatchOptions extends JobOptions {
  /**
   * The application's own open transaction: the job is stored if and when that commits, and `queue.notify()` tells workers.
   * On PostgreSQL a client of `pg`, on MySQL and MariaDB a connection of `mysql2`, on SQLite a `DatabaseSync`; or what
   * Kysely, Knex, Drizzle, TypeORM or Prisma have open on one.
   */
  tx?: unknown
}

export interface DispatchManyOptions<Input> extends Omit<DispatchOptions, 'uuid'> {
  /** What differs from input to input; wins over the options beside it. */
  each?: (input: Input, at: number) => JobOptions
}

/**
 * What became of a dispatch. `dispatched`: a new job waits. On a taken unique key: `skipped`, `replaced` or `pushedBack`,
 * and `uuid` is that of the job that holds the key. `id` is the row's, null where nothing is stored (sync).
 */
export interface Dispatched<Result = unknown> extends Pushed {
  /** Only in the types: what `queue.wait` resolves to. */
  readonly '~result'?: Result
}

/** The application's door: hands jobs over, waits for them, takes them back. */
export interface Queue {
  /**
   * Resolves once the job is durable; jobs dispatched at the same time share a commit. Rejects with INVALID_INPUT,
   * PAYLOAD_TOO_LARGE, BAD_ARGUMENT or DUPLICATE_UUID, and after `timeoutMs` with STORE_UNAVAILABLE, whose `inDoubt`
   * says whether the job may have been stored.
   */
  dispatch<Input, Parsed, Result>(
    job: JobDefinition<Input, Parsed, Result>,
    input: NoInfer<Input>,
    options?: DispatchOptions,
  ): Promise<Dispatched<Result>>
  /**
   * One job per input, in one statement; answers in order. All inputs are checked before anything is stored. All or
   * nothing up to 5,000 jobs or 4 MiB; what is larger is stored in parts of that size, in order, and an error says how
   * many are stored. In a transaction it is all or nothing whatever the size.
   */
  dispatchMany<Input, Parsed, Result>(
    job: JobDefinition<Input, Parsed, Result>,
    inputs: readonly NoInfer<Input>[],
    options?: DispatchManyOptions<NoInfer<Input>>,
  ): Promise<Dispatched<Result>[]>
  /**
   * Resolves when the job completed; rejects with JOB_FAILED (the exception as `cause`), JOB_CANCELLED or WAIT_TIMED_OUT.
   * The result is there for definitions with `keepResult`. Looks at the store: every few ms at first, then each second.
   */
  wait<Result = unknown>(job: string | Dispatched<Result>, options?: WaitOptions): Promise<Ended<Result>>
  /**
   * Wakes workers for jobs that were dispatched with `tx`: to be called after the commit, which Faena does not see. Without
   * it they find such a job when they look the next time.
   */
  notify(): void
  /** Takes a job away, also one that runs: its worker aborts it within 2 s. False if it is not there (any more). */
  cancel(job: JobRef | Dispatched): Promise<boolean>
  /** Saves what is to be dispatched again and again, under a key. */
  schedule<Input, Parsed, Result>(key: string, options: ScheduleOptions<Input, Parsed, Result>): Promise<NewSchedule>
  unschedule(key: string): Promise<boolean>
  /** Waits for the dispatches under way; later ones are refused. The store stays open, unless `openQueue` opened it. */
  close(): Promise<void>
}

export interface QueueOptions {
  /** Open, and the application's own to close. Needed unless `sync` is given. */
  store?: Store
  /** What one job may weigh as stored; default 1 MiB. */
  maxPayloadBytes?: number
  /** How long a dispatch may wait for the store; default 5 s. */
  timeout?: Duration
  /** Zone of schedules that name none; default UTC. */
  timezone?: string
  /** What traces dispatches; see faena/otel. */
  telemetry?: Telemetry
  /** Runs jobs at their dispatch instead of storing them. */
  sync?: SyncRunner
}

const MIB = 1024 * 1024
const LARGEST_PAYLOAD = 64 * MIB
const NONE: DispatchOptions = Object.freeze({})

export function createQueue(options: QueueOptions): Queue {
  const { store, sync, timezone = 'UTC' } = options
  const maxBytes = wholeNumber(options.maxPayloadBytes ?? MIB, 1_024, LARGEST_PAYLOAD, 'maxPayloadBytes')
  const timeoutMs = milliseconds(options.timeout ?? '5s', 'timeout')
  const { telemetry } = options
  if (sync !== undefined) return queueOn(syncLine(sync), maxBytes, timezone, telemetry)
  if (store === undefined)
    throw new FaenaError('BAD_ARGUMENT', 'createQueue needs a store (or sync, which runs jobs inline)')
  return queueOn(storeLine(store, timeoutMs), maxBytes, timezone, telemetry)
}

/** What lies behind a queue: a store, or the inline runner. */
interface Line {
  push(job: NewJob, fresh: boolean, tx: unknown): Promise<Pushed>
  pushAll(jobs: readonly NewJob[], fresh: boolean, tx: unknown): Promise<Pushed[]>
  wait(uuid: string, known: boolean, options?: WaitOptions): Promise<Ended>
  notify(): void
  /** Throws UNSUPPORTED where nothing is stored. */
  store(what: string): Store
  close(): Promise<void>
}

function queueOn(line: Line, maxBytes: number, timezone: string, telemetry: Telemetry | undefined): Queue {
  let closed = false
  const store = (job: AnyJob, input: unknown, text: string, options: DispatchOptions, trace?: TraceContext) =>
    line.push(newJob(job, input, text, options, maxBytes, trace), options.uuid === undefined, options.tx)
  const send =
    telemetry === undefined
      ? store
      : (job: AnyJob, input: unknown, text: string, options: DispatchOptions) =>
          telemetry.dispatch({ job: job.name, queue: options.queue ?? job.queue, jobs: 1 }, async (trace) =>
            store(job, input, text, options, trace),
          )
  const storeMany = async (
    job: AnyJob,
    inputs: readonly unknown[],
    { each, tx, ...common }: DispatchManyOptions<never>,
    trace?: TraceContext,
  ) => {
    const list = new JobList(job, inputs, { common, each, maxBytes, trace })
    await list.fill()
    return list.jobs.length === 0 ? [] : line.pushAll(list.jobs, list.fresh, tx)
  }
  const check = (job: AnyJob) => {
    if (closed) throw new FaenaError('STORE_CLOSED', 'The queue was closed; dispatch nothing after close()')
    if (!isJob(job)) throw notAllowed('BAD_ARGUMENT', 'job', job, 'a definition made by defineJob')
  }
  return {
    // Not an async function: it is called once per job, and most calls need no promise but the last.
    dispatch(job, input, options = NONE) {
      try {
        check(job)
        const text = inputText(job, input)
        return typeof text === 'string'
          ? send(job, input, text, options)
          : text.then((late) => send(job, input, late, options))
      } catch (error) {
        return Promise.reject(error)
      }
    },
    async dispatchMany(job, inputs, options = {}) {
      check(job)
      if (telemetry === undefined || inputs.length === 0) return storeMany(job, inputs, options)
      const about = { job: job.name, queue: options.queue ?? job.queue, jobs: inputs.length }
      return telemetry.dispatch(about, (trace) => storeMany(job, inputs, options, trace))
    },
    wait: (job, options) =>
      (typeof job === 'string' ? line.wait(job, false, options) : line.wait(job.uuid, true, options)) as Promise<
        Ended<never>
      >,
    notify: () => line.notify(),
    async cancel(job) {
      const ref = jobRef(typeof job === 'object' ? job.uuid : job, 'job')
      const { changed } = await line
        .store('cancel')
        .remove({ refs: [ref] }, { limit: 1, upTo: Number.MAX_SAFE_INTEGER })
      return changed > 0
    },
    schedule: async (key, options) => saveSchedule(line.store('schedule'), key, options, timezone),
    unschedule: async (key) => line.store('unschedule').removeSchedule(key),
    async close() {
      closed = true
      await line.close()
    },
  }
}

function storeLine(store: Store, timeoutMs: number): Line {
  const counts = new DispatchCounts(store)
  const counted = counts.counting(store)
  const grouper = new Grouper(counted, timeoutMs)
  const blocks = new Blocks(counted, timeoutMs)
  return {
    // In the caller's transaction nothing is grouped, repeated or timed: its fate is the transaction's.
    push: (job, fresh, tx) =>
      tx === undefined ? grouper.push(job, fresh) : counted.push([job], { tx, fresh }).then(([pushed]) => pushed!),
    pushAll: (jobs, fresh, tx) =>
      tx === undefined ? blocks.push(jobs, fresh) : inPushes(jobs, (part) => counted.push(part, { tx, fresh })),
    wait: (uuid, known, options) => waitForEnd(store, uuid, known, options),
    notify: () => store.notify?.(),
    store: () => store,
    close: async () => {
      await Promise.all([grouper.close(), blocks.close()])
      await counts.close()
    },
  }
}

function syncLine(run: SyncRunner): Line {
  const connection = new SyncConnection(run)
  return {
    push: (job) => connection.push(job),
    pushAll: (jobs) => connection.pushAll(jobs),
    wait: async (uuid) => connection.ended(uuid),
    notify: () => {},
    store: (what) => {
      throw new FaenaError(
        'UNSUPPORTED',
        `The sync connection stores nothing, so it cannot ${what}; use the database connection`,
      )
    },
    close: async () => {},
  }
}
