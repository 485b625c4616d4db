import { FaenaError } from '../core/errors.ts'
import { type AnyJob, queueName } from '../core/job.ts'
import { masker } from '../core/mask.ts'
import type { SurfacedField } from '../core/surface.ts'
import { wallClock } from '../core/wallclock.ts'
import type {
  FailedFilter,
  FailedGroup,
  Finding,
  JobFilter,
  JobRef,
  MetricRow,
  MigrationReport,
  MigrationStep,
  Page,
  Paged,
  PoolUse,
  QueueState,
  Run,
  RunOutcome,
  Schedule,
  Store,
  WorkerCommand,
  WorkerState,
} from '../store.ts'
import { type Alerts, alertsOf } from './alerts.ts'
import { type Backoffice, backoffice } from './backoffice.ts'
import { examine } from './doctor.ts'
import { checkFailedFilter, checkJobFilter, checkPage } from './filters.ts'
import { jobRef } from './refs.ts'
import { type Repairs, repairs } from './repairs.ts'
import { readStatus, type Status } from './status.ts'
import { fireNow } from './timetable.ts'
import { type FailedView, failedView, type JobPage, type JobView, jobView } from './view.ts'
import { explain, type Why } from './why.ts'

export interface AdminOptions {
  store: Store
  /** Definitions of the jobs that schedules dispatch; needed by `runSchedule`. */
  jobs?: readonly AnyJob[]
  /** Fields of inputs shown beside each job. */
  surface?: readonly SurfacedField[]
  /** Zone of times that are shown; that of the store, unless somebody has a reason. Default UTC. */
  timezone?: string
  /** What is masked beside the usual secrets, as FAENA_MASK says it. */
  mask?: string
  /** Attempts of jobs that say nothing themselves; default 3. */
  defaultTries?: number
  /** How long a search that has to look at rows may do so before it answers in part; default 60 ms. */
  searchBudgetMs?: number
}

/**
 * Everything people and programs may see and do, the only door of the command line and the HTTP API to the store. Times
 * are unix ms. A ref is a row id or a uuid; ids of waiting and of failed jobs are numbered apart. Arguments are checked:
 * BAD_ARGUMENT names what is wrong.
 */
export interface Admin extends Repairs, Backoffice, Alerts {
  /** Unix ms by the store's clock, the only one that counts. */
  now(): Promise<number>
  status(): Promise<Status>
  /** Newest first, 50 unless the page says otherwise. */
  jobs(filter?: JobFilter, page?: Partial<Page>): Promise<Paged<JobView>>
  failed(filter?: FailedFilter, page?: Partial<Page>): Promise<Paged<FailedView>>
  countFailed(filter?: FailedFilter): Promise<number>
  /** Failed jobs by what they have in common, most first. */
  groups(filter?: FailedFilter, limit?: number): Promise<FailedGroup[]>
  /** Throws NOT_FOUND if neither table nor history knows it. */
  show(ref: JobRef): Promise<JobPage>
  why(ref: JobRef): Promise<Why>
  queues(): Promise<QueueState[]>
  /** Workers finish what they have and take nothing more of this queue. */
  pause(queue: string, reason?: string): Promise<void>
  resume(queue: string): Promise<void>
  workers(): Promise<WorkerState[]>
  /** Reaches workers with their next heartbeat, within about a second. Answers how many were addressed. */
  command(worker: number | 'all', command: WorkerCommand): Promise<number>
  /** All live workers end after their current jobs; their parents start them anew. */
  restart(): Promise<number>
  schedules(): Promise<Schedule[]>
  pauseSchedule(key: string): Promise<void>
  resumeSchedule(key: string): Promise<void>
  removeSchedule(key: string): Promise<void>
  /** Dispatches the schedule's job now, besides its times. Answers the job's uuid. */
  runSchedule(key: string): Promise<{ uuid: string }>
  runs(filter?: RunFilter, page?: Partial<Page>): Promise<Paged<Run>>
  /** Per minute, queue and job name. */
  metrics(window: MetricWindow): Promise<MetricRow[]>
  /** Since the beginning, per queue and job name: numbers that never fall. */
  metricTotals(): Promise<MetricRow[]>
  ping(): ReturnType<Store['ping']>
  /** Of this process, to the database. */
  connections(): PoolUse[]
  migrate(options?: { dryRun?: boolean; onStep?: (step: MigrationStep) => void }): Promise<MigrationReport>
  /** Facts and risks, problems first. */
  doctor(): Promise<Finding[]>
}

export interface RunFilter {
  uuid?: string
  name?: string
  queue?: string
  outcome?: RunOutcome
}

export interface MetricWindow {
  from: number
  to: number
  queue?: string
  name?: string
}

export function createAdmin(options: AdminOptions): Admin {
  const { store, jobs = [], surface = [], timezone = 'UTC', mask = '', defaultTries = 3, searchBudgetMs = 60 } = options
  return {
    ...backoffice({
      ...{ store, surface, clock: wallClock(timezone), masker: masker(mask), defaultTries },
      budgetMs: searchBudgetMs,
    }),
    ...repairs(store),
    ...alertsOf(store, masker(mask)),
    ...lookups(store, surface),
    ...scheduleActions(store, jobs),
    queues: () => store.queues(),
    pause: async (queue, reason) => store.pause(queueName(queue), reason ?? null),
    resume: async (queue) => store.resume(queueName(queue)),
    workers: () => store.workers(),
    command: (worker, command) => commandWorkers(store, worker, command),
    restart: () => store.command(null, 'restart'),
    migrate: (options) => store.migrate(options),
    doctor: () => examine(store),
  }
}

function lookups(store: Store, surface: readonly SurfacedField[]) {
  return {
    now: async () => (await store.ping()).now,
    status: () => readStatus(store),
    async jobs(filter: JobFilter = {}, page: Partial<Page> = {}) {
      const { rows, next } = await store.list(checkJobFilter(filter), checkPage(page))
      return { rows: rows.map((row) => jobView(row, surface)), next }
    },
    async failed(filter: FailedFilter = {}, page: Partial<Page> = {}) {
      const { rows, next } = await store.listFailed(checkFailedFilter(filter), checkPage(page))
      return { rows: rows.map((row) => failedView(row, surface)), next }
    },
    countFailed: async (filter: FailedFilter = {}) => store.countFailed(checkFailedFilter(filter)),
    groups: async (filter: FailedFilter = {}, limit = 20) =>
      store.failedGroups(checkFailedFilter(filter), checkPage({ limit }).limit),
    show: (ref: JobRef) => show(store, jobRef(ref), surface),
    why: async (ref: JobRef) => explain(store, jobRef(ref)),
    runs: async (filter: RunFilter = {}, page: Partial<Page> = {}) => store.runs(filter, checkPage(page)),
    metrics: (window: MetricWindow) => store.metrics(window),
    metricTotals: () => store.metricTotals(),
    ping: () => store.ping(),
    connections: () => store.connections(),
  }
}

async function show(store: Store, ref: JobRef, surface: readonly SurfacedField[]): Promise<JobPage> {
  const [row, failedRow] = await Promise.all([store.get(ref), store.getFailed(ref)])
  const job = row ? jobView(row, surface) : null
  const failed = failedRow ? failedView(failedRow, surface) : null
  const uuid = job?.uuid ?? failed?.uuid ?? (typeof ref === 'string' ? ref : undefined)
  const runs = uuid === undefined ? [] : (await store.runs({ uuid }, { limit: 100 })).rows
  if (job === null && failed === null && runs.length === 0) {
    throw new FaenaError('NOT_FOUND', `No job ${ref}: it completed, was removed, or never was`)
  }
  return { job, failed, runs }
}

function scheduleActions(store: Store, jobs: readonly AnyJob[]) {
  const known = (key: string, found: boolean) => {
    if (!found) throw new FaenaError('NOT_FOUND', `No schedule has the key ${key}; faena schedules lists them`)
  }
  return {
    schedules: () => store.schedules(),
    pauseSchedule: async (key: string) => known(key, await store.pauseSchedule(key, true)),
    resumeSchedule: async (key: string) => known(key, await store.pauseSchedule(key, false)),
    removeSchedule: async (key: string) => known(key, await store.removeSchedule(key)),
    runSchedule: (key: string) => fireNow(store, key, jobs),
  }
}

async function commandWorkers(store: Store, worker: number | 'all', command: WorkerCommand): Promise<number> {
  if (!['quiet', 'resume', 'stop', 'restart'].includes(command)) {
    throw new FaenaError('BAD_ARGUMENT', `command is ${command}; allowed: quiet, resume, stop, restart`)
  }
  const addressed = await store.command(worker === 'all' ? null : worker, command)
  if (addressed === 0 && worker !== 'all') {
    throw new FaenaError('NOT_FOUND', `No live worker has the id ${worker}; faena status lists them`)
  }
  return addressed
}
