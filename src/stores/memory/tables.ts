import { Events } from '../../core/events.ts'
import type { WallClock } from '../../core/wallclock.ts'
import type {
  MetricRow,
  Pushed,
  QueueState,
  Run,
  Schedule,
  Settled,
  UniqueKey,
  WorkerCommand,
  WorkerState,
} from '../../store.ts'
import type { Crashes } from './crashes.ts'
import { type DeskTables, emptyDesk } from './desk.ts'
import { FailedTable } from './failed-table.ts'
import { JobTable } from './job-table.ts'

/** A worker's row stays after its lease ended, so that a late settle still finds what it had already written. */
export interface WorkerRow extends WorkerState {
  command: WorkerCommand | null
  defaultTries: number
  reclaimed: boolean
  /** The last settlement of each channel and its answer. */
  settled: Map<number, { seq: number; answer: Settled }>
}

/** A unique key and the job that holds it. */
export interface Lock {
  key: string
  uuid: string
  jobId: number
  until: UniqueKey['until']
  /** Unix ms; null = no end of its own. */
  expiresAt: number | null
}

/** The last push of a producer and its answer. */
export interface PushRow {
  seq: number
  at: number
  answer: Pushed[]
}

/**
 * All the data of a memory store. Every operation reads and writes it within one turn of the event loop, which makes each
 * of them atomic: nothing here may be awaited halfway.
 */
export interface Tables {
  /** Unix ms. */
  readonly clock: () => number
  /** The zone `failed_at` is written in. */
  readonly wallClock: WallClock
  /** What failed jobs carry as their connection. */
  readonly connection: string
  readonly jobs: JobTable
  readonly failed: FailedTable
  readonly workers: Map<number, WorkerRow>
  readonly locks: Map<string, Lock>
  /** Which key a job took, by its row id. */
  readonly keyOf: Map<number, string>
  /** Of jobs that workers were lost with, by uuid. */
  readonly crashes: Map<string, Crashes>
  readonly pushes: Map<string, PushRow>
  readonly queues: Map<string, QueueState>
  readonly schedules: Map<string, Schedule>
  /** By id, ascending. */
  readonly runs: Map<number, Run>
  /** Ids of runs by `uuid attempt`. */
  readonly runIds: Map<string, number>
  /** By worker, minute, queue and name. */
  readonly metrics: Map<string, MetricRow>
  readonly desk: DeskTables
  readonly lastId: { worker: number; run: number }
  readonly events: Events<{ wake: null }>
}

export function emptyTables(clock: () => number, wallClock: WallClock, connection: string): Tables {
  return {
    clock,
    wallClock,
    connection,
    jobs: new JobTable(),
    failed: new FailedTable(),
    workers: new Map(),
    locks: new Map(),
    keyOf: new Map(),
    crashes: new Map(),
    pushes: new Map(),
    queues: new Map(),
    schedules: new Map(),
    runs: new Map(),
    runIds: new Map(),
    metrics: new Map(),
    desk: emptyDesk(),
    lastId: { worker: 0, run: 0 },
    events: new Events(),
  }
}

/** The worker, if its lease has not ended. */
export function liveWorker({ workers, clock }: Tables, id: number): WorkerRow | undefined {
  const worker = workers.get(id)
  return worker !== undefined && worker.leaseUntil > clock() ? worker : undefined
}

/** Tells listeners that jobs may be due, after the operation under way is over. */
export function wakeListeners({ events }: Tables): void {
  if (events.heard('wake')) queueMicrotask(() => events.emit('wake', null))
}
