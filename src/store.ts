/**
 * The store contract: what every database's implementation promises. Job words, batches, filters as data; no SQL, no key
 * builder and no clock crosses it. Times in are durations (ms) or instants the caller was given; times out are unix ms.
 * The suite in test/conformance shows the promises for every store.
 */
import type { Failure } from './core/failure.ts'
import type { Outcome } from './core/outcome.ts'

export type { Failure }

export type StoreKind = 'memory' | 'sqlite' | 'postgres' | 'mysql' | 'redis'

export interface Store
  extends LifeStore,
    JobStore,
    AdminStore,
    QueueStore,
    ScheduleStore,
    FleetStore,
    RecordStore,
    OperationStore,
    AuditStore,
    AccountStore,
    AlertStore {}

// ── life ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface LifeStore {
  readonly kind: StoreKind
  /** What an acknowledged dispatch survives here, in words for people. */
  readonly durability: string
  /** Connects, and refuses a store that could lose or corrupt jobs (STORE_UNSAFE). May be repeated. */
  open(): Promise<void>
  /** Waits for calls under way. May be repeated; other calls then reject with STORE_CLOSED. */
  close(): Promise<void>
  /** Append-only, under a lock, safe beside running workers; concurrent callers wait for one another. */
  migrate(options?: { dryRun?: boolean; onStep?: (step: MigrationStep) => void }): Promise<MigrationReport>
  ping(): Promise<{ latencyMs: number; now: number; schemaVersion: number; server: string }>
  /** How this process uses its connections, asking nobody: also while the database is gone. Empty where a store has no pools. */
  connections(): PoolUse[]
  /** Facts and risks for `faena doctor`; each finding says what to do. */
  diagnose(): Promise<Finding[]>
}

/** Connections that are kept for one kind of call. Pools that nothing was asked of yet are left out. */
export interface PoolUse {
  pool: string
  /** So many are made at most; null where that is not known. */
  limit: number | null
  /** At work, or about to be made. */
  busy: number
  idle: number
  /** Calls that wait for one. */
  waiting: number
}

export interface MigrationStep {
  version: number
  name: string
  sql: readonly string[]
}

export interface MigrationReport {
  from: number
  to: number
  /** What was applied, or with `dryRun` what would be. */
  steps: MigrationStep[]
}

export interface Finding {
  level: 'ok' | 'warning' | 'problem'
  topic: string
  text: string
  remedy?: string
}

// ── hot path ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface JobStore {
  /**
   * Stores all jobs or none and answers in order. A taken unique key is an answer, not an error. DUPLICATE_UUID if a job
   * of this uuid is stored already, unless `pushId` shows that it is this very push: repeating a push whose answer was
   * lost stores nothing anew and gives the first answer again. With `tx` the jobs belong to the caller's transaction.
   */
  push(jobs: readonly NewJob[], options?: PushOptions): Promise<Pushed[]>
  /** Makes a worker's row; its id is never reused. `replaces` names a worker known to be dead: its lease ends at once. */
  register(worker: NewWorker): Promise<number>
  /**
   * Gives back all the worker still holds, attempts restored, no crash counted, and takes its row away. Answers how many.
   * Whoever says this of itself lives: crashes that a reclaim counted meanwhile, since its lease had ended, are taken back.
   */
  deregister(worker: number): Promise<number>
  /**
   * Takes up to `limit` due jobs for a live worker: queues in strict order; within a queue by priority, due time, id.
   * `attempts` grows in the same step. Paused queues give none. Only jobs whose name is in `names` are given; a row whose
   * payload cannot be read as ours or anybody's is given too (name null), so that it can be failed and does not stay in
   * the way. A worker whose lease has ended is given nothing and told `lost`. A worker asks once at a time.
   */
  reserve(request: ReserveRequest): Promise<Reservation>
  /**
   * Notes that the worker now begins this job and runs nothing else: asked for jobs of two crashes only, since reclaim counts
   * a third one where this stands and nothing was settled since. False: the job is not the worker's any more.
   */
  begin(worker: number, job: { id: number; attempts: number }): Promise<boolean>
  /** Renews the worker's lease, with it every job it holds, and brings back what it must know. */
  heartbeat(beat: Heartbeat): Promise<HeartbeatAnswer>
  /**
   * Writes outcomes. A job is matched by id, attempts and worker; what does not match is `lost` and unchanged. All that an
   * ending causes (row, failed job, unique key, kept result) happens in the same step. Repeating a settle with the same
   * `seq` changes nothing and gives the first answer. One bad row never blocks the others: it comes back in `refused`.
   */
  settle(settlement: Settlement): Promise<Settled>
  /** What became of a completion that `settle` wrote, with its run, in the application's transaction. Never waits for a lock. */
  fate(completion: JoinedCompletion): Promise<Fate>
  /**
   * Gives the jobs of workers whose lease ended back, attempts restored, and counts the crash: up to two whatever they did,
   * a third one only for a job that was noted as begun. Such a job is due after CRASH_PATIENCE_MS at the earliest, and whoever
   * takes it fails it. The attempt of a job with a single try stays spent, since such a job begins when it is taken. Many
   * callers handle each worker once.
   */
  reclaim(): Promise<Reclaimed>
}

/** One push statement of one producer. Numbers of a producer grow by one; a push is under way only one at a time per producer. */
export interface PushId {
  producer: string
  seq: number
}

export interface PushOptions {
  pushId?: PushId
  /** The application's open transaction; the store neither commits nor retries nor notifies then, and its waits are bounded. */
  tx?: unknown
  /** The uuids were made for this very push, so none can be stored yet: the look-up for DUPLICATE_UUID is left out. */
  fresh?: boolean
}

export interface NewJob {
  uuid: string
  queue: string
  /** What a worker finds the handler by; null for jobs of another runtime. */
  name: string | null
  payload: string
  maxAttempts: number | null
  priority: number
  /** From now, by the store's clock; rounded up to the whole second. */
  delayMs?: number
  /** An instant in unix ms; rounded up to the whole second. Wins over `delayMs`. */
  availableAt?: number
  unique?: UniqueKey
}

export interface UniqueKey {
  key: string
  until: 'ended' | 'processing' | 'window'
  /** How long the key is held at most; required for `window`. */
  forMs?: number
  onTaken: 'skip' | 'replace' | 'pushBack'
}

/** What became of one pushed job. `id` is null only where another store kind has none. `uuid` is the stored job's: the holder's, where the key was taken. */
export interface Pushed {
  outcome: 'dispatched' | 'skipped' | 'replaced' | 'pushedBack'
  uuid: string
  id: number | null
}

export interface NewWorker {
  name: string
  host: string
  pid: number
  version: string
  queues: readonly string[]
  /** Of the jobs it has handlers for; left out where that is not told. */
  names?: readonly string[]
  concurrency: number
  leaseMs: number
  /** Tries of jobs that carry no max_attempts: with 1, reclaim leaves the attempt of such a job spent, as of any that has a single try. */
  defaultTries?: number
  replaces?: number
}

export interface ReserveRequest {
  worker: number
  queues: readonly string[]
  names: readonly string[]
  limit: number
  /** Stops taking once the payloads reach this many bytes (the first job is always given). */
  maxBytes: number
  /** Jobs with a single try are taken only up to this many: they may never wait in a worker's memory. */
  singleTryLimit: number
  /** What the worker applies to jobs that carry no max_attempts, to know which have a single try. */
  defaultTries: number
}

export interface Reservation {
  jobs: ReservedJob[]
  /** Ms until the next job of these queues and names falls due; null when none waits. A hint. */
  nextDueMs: number | null
  lost: boolean
}

export interface ReservedJob {
  id: number
  queue: string
  payload: string
  /** This attempt included. */
  attempts: number
  maxAttempts: number | null
  name: string | null
  priority: number
  availableAt: number
  createdAt: number
  /** Workers that were lost while holding this job. With 2 it must run alone in its worker, after `begin`; with 3 not at all. */
  crashes: number
}

export interface Heartbeat {
  worker: number
  leaseMs: number
  /** Shown in the fleet's list. */
  running: number
  memoryBytes: number
  state: 'running' | 'quiet' | 'stopping'
  /** Jobs the worker holds, to be told which were cancelled or deleted. */
  held: readonly { id: number; attempts: number }[]
}

export interface HeartbeatAnswer {
  /** The lease had ended and was not renewed: nothing the worker holds is its own any more. */
  lost: boolean
  /** Ids from `held` that are not the worker's any more (deleted, cancelled, cleared). */
  gone: number[]
  /** Given once. */
  command: WorkerCommand | null
}

export type WorkerCommand = 'quiet' | 'resume' | 'stop' | 'restart'

export interface Settlement {
  worker: number
  /** Grows by one with each settlement of this worker (and of each of its connections, see `channel`). */
  seq: number
  /** 0 for the worker itself, 1 for its heartbeat thread. */
  channel?: 0 | 1
  outcomes: readonly JobOutcome[]
  /** The application's open transaction: nothing is numbered then, since its commit decides, and an answer is not repeated. */
  tx?: unknown
}

/** A completion in the application's transaction. */
export interface JoinedCompletion {
  worker: number
  id: number
  attempts: number
  /** Of its run. */
  uuid: string
}

/**
 * `committed`: the job has ended, with the application's own writes. `open`: the transaction is not over yet. `undone`: it
 * was rolled back, and the job is still the worker's. `lost`: it was rolled back, and the job is not the worker's any more.
 */
export type Fate = 'committed' | 'open' | 'undone' | 'lost'

export interface JobOutcome {
  id: number
  attempts: number
  outcome: SettledOutcome
  /** Whether the job holds a unique key that its end must free. */
  unique: boolean
  /** A run that must be recorded with the end: the job asked to keep its result. */
  run?: NewRun
}

/** An outcome with all its texts made, so that a store writes and decides nothing. */
export type SettledOutcome =
  | { kind: 'completed' }
  | { kind: 'retry'; delayMs: number }
  | { kind: 'failed'; failure: Failure }
  | { kind: 'released'; delayMs: number }
  | { kind: 'cancelled' }

export type OutcomeKind = Outcome['kind']

export interface Settled {
  applied: number[]
  lost: number[]
  refused: { id: number; error: Error }[]
}

export interface Reclaimed {
  /** In no promised order. */
  workers: number[]
  /** Jobs given back. */
  returned: number
  /** Nothing was to do, and no lease of today's workers ends within so many ms; left out where that is not known. */
  calmMs?: number
}

// ── admin ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Pending is `reserved_at IS NULL`; due and delayed are its two halves by available_at. */
export type JobStatus = 'pending' | 'due' | 'delayed' | 'reserved'

export interface AdminStore {
  get(ref: JobRef): Promise<StoredJob | undefined>
  getFailed(ref: JobRef): Promise<FailedJob | undefined>
  /** By id, newest first unless asked otherwise; what exists throughout is neither skipped nor repeated while rows come and go. */
  list(filter: JobFilter, page: Page): Promise<Paged<StoredJob>>
  listFailed(filter: FailedFilter, page: Page): Promise<Paged<FailedJob>>
  counts(): Promise<QueueCounts[]>
  countFailed(filter?: FailedFilter): Promise<number>
  /** The oldest job that is due, in queues that are not paused. */
  oldestDue(): Promise<{ queue: string; createdAt: number; availableAt: number; ageMs: number } | undefined>
  /** Failed jobs by fingerprint, most first. */
  failedGroups(filter: FailedFilter, limit: number): Promise<FailedGroup[]>
  /** Alters pending jobs only. One chunk of at most `limit` ids above `after`; `next` goes on. */
  change(filter: JobFilter, patch: JobPatch, chunk: Chunk): Promise<ChunkDone>
  /** Takes jobs away for good, reserved ones too (their workers are told by the next heartbeat), and frees their keys. */
  remove(filter: JobFilter, chunk: Chunk): Promise<ChunkDone>
  /** Failed jobs back to their queue: attempts 0, uuid kept, in one step. Keys held by others count as skipped. */
  retry(filter: FailedFilter, chunk: Chunk): Promise<ChunkDone>
  removeFailed(filter: FailedFilter, chunk: Chunk): Promise<ChunkDone>
  /** The largest ids now, as bounds of a bulk action: what comes later is not chased. */
  bounds(): Promise<{ job: number; failed: number }>
  /** Ids of failed jobs found by an index, however many there are: newest first unless asked otherwise. */
  failedIds(by: LabelKey, page: IdPage): Promise<number[]>
  /** Failed jobs per step of time, oldest first; steps without any are left out. `from` inclusive, `to` exclusive, unix ms. */
  failedHistogram(window: { from: number; to: number; stepMs: number }): Promise<{ at: number; count: number }[]>
  /**
   * Failed jobs somebody else wrote, which have no name, fingerprint and headline beside them yet; newest first. One look at
   * a few thousand rows between the two ids, both exclusive, from the newest down; `next` is the `below` of the next look, and
   * null when none is left. `above`: for who knows that the others are labelled.
   */
  unlabelled(limit: number, above?: number, below?: number): Promise<{ jobs: FailedJob[]; next: number | null }>
  label(labels: readonly FailedLabel[]): Promise<void>
}

/** One of these. A surfaced field matches by its text: 803193 and "803193" are alike. */
export type LabelKey =
  | { fingerprint: string }
  | { name: string }
  | { field: { name: string; value: string } }
  /** All failed jobs. */
  | { all: true }

/** `above` and `below` are exclusive. */
export interface IdPage {
  limit: number
  above?: number
  below?: number
  order?: 'newest' | 'oldest'
}

/** What a failed job is found by in lists, beside what its row says itself. */
export interface FailedLabel {
  id: number
  uuid: string
  name: string | null
  fingerprint: string
  headline: string
  surfaced: string | null
}

/** A row id or a uuid. */
export type JobRef = number | string

export interface JobFilter {
  refs?: readonly JobRef[]
  queue?: string
  name?: string
  status?: JobStatus
  /** Literal text somewhere in the payload; a scan. */
  search?: string
  /** Only larger, only smaller ids: with a page's cursor they bound how many rows a scan looks at. */
  idAbove?: number
  idBelow?: number
  /** Unix ms of the row's creation; from inclusive, before exclusive. */
  createdFrom?: number
  createdBefore?: number
}

export interface FailedFilter {
  refs?: readonly JobRef[]
  queue?: string
  name?: string
  fingerprint?: string
  /** Literal text somewhere in the exception, whatever its case; a scan. */
  error?: string
  /** Literal text somewhere in the exception or the payload, whatever its case; a scan. */
  search?: string
  /** Only larger, only smaller ids: with a page's cursor they bound how many rows a scan looks at. */
  idAbove?: number
  idBelow?: number
  /** Unix ms, exclusive. */
  failedBefore?: number
  failedAfter?: number
}

export interface Page {
  limit: number
  /** From the previous page's `next`. */
  cursor?: string
  order?: 'newest' | 'oldest'
}

export interface Paged<Row> {
  rows: Row[]
  next: string | null
}

export interface StoredJob {
  id: number
  queue: string
  payload: string
  attempts: number
  maxAttempts: number | null
  name: string | null
  priority: number
  reservedAt: number | null
  reservedBy: number | null
  availableAt: number
  createdAt: number
  /** By the store's clock. */
  status: 'due' | 'delayed' | 'reserved'
}

export interface FailedJob {
  id: number
  uuid: string
  connection: string
  queue: string
  payload: string
  exception: string
  /** Unix ms, to the second. */
  failedAt: number
  /** The table's own text. */
  failedAtText: string
  name: string | null
  fingerprint: string | null
  headline: string | null
}

export interface FailedGroup {
  fingerprint: string
  name: string | null
  headline: string
  count: number
  firstAt: number
  lastAt: number
  sample: string
}

export interface QueueCounts {
  queue: string
  due: number
  delayed: number
  reserved: number
}

export interface JobPatch {
  delayMs?: number
  availableAt?: number
  priority?: number
  queue?: string
}

export interface Chunk {
  limit: number
  /** Ids above this are left alone. */
  upTo: number
  /** Ids up to this were handled by earlier chunks. */
  after?: number
}

export interface ChunkDone {
  changed: number
  /** Matched, but not changed: reserved jobs of `change`, taken unique keys of `retry`. */
  skipped: number
  /** `after` of the next chunk; null when there is none. */
  next: number | null
}

// ── queues and schedules ─────────────────────────────────────────────────────────────────────────────────────────────

export interface QueueStore {
  /** Queues that hold jobs, were configured, or are served by a live worker. */
  queues(): Promise<QueueState[]>
  pause(queue: string, reason: string | null): Promise<void>
  resume(queue: string): Promise<void>
}

export interface QueueState {
  queue: string
  pausedAt: number | null
  pauseReason: string | null
}

export interface ScheduleStore {
  schedules(): Promise<Schedule[]>
  /** Upsert by key. Keeps `nextAt`, `pausedAt` and the last run of an existing schedule unless its timing changed. */
  saveSchedule(schedule: NewSchedule): Promise<void>
  removeSchedule(key: string): Promise<boolean>
  pauseSchedule(key: string, paused: boolean): Promise<boolean>
  /**
   * Compare-and-set: where the schedule's next run still is `seen` and it is not paused, stores the job (or none, when
   * `job` is null) and moves the next run to `nextAt`, in one step. False: somebody else was first.
   */
  fire(firing: { key: string; seen: number; nextAt: number | null; job: NewJob | null }): Promise<boolean>
}

export interface NewSchedule {
  key: string
  /** Name of the job it dispatches. */
  job: string
  queue: string
  /** The input as JSON text. */
  input: string
  /** A cron expression with its zone, or a fixed interval in ms. */
  timing: { cron: string; zone: string } | { everyMs: number }
  missed: 'skip' | 'once' | 'all'
  overlap: 'allow' | 'skip'
  /** `config`: saved by a configuration, and removed when that no longer lists it. */
  origin: 'config' | 'api'
  nextAt: number | null
}

export interface Schedule extends NewSchedule {
  pausedAt: number | null
  lastAt: number | null
  lastUuid: string | null
}

// ── fleet and records ────────────────────────────────────────────────────────────────────────────────────────────────

export interface FleetStore {
  /** Workers whose lease has not ended. */
  workers(): Promise<WorkerState[]>
  /** Reaches the worker with its next heartbeat. `null` addresses all workers alive now. */
  command(worker: number | null, command: WorkerCommand): Promise<number>
  /** A hint that jobs may be due: lost and extra calls are allowed, polling alone is correct. Returns what ends it. */
  listen?(wake: () => void): () => void
  /** Jobs may be due whose commit this store did not see: tells listeners, as a push does. A hint like `listen`. */
  notify?(): void
}

export interface WorkerState {
  id: number
  name: string
  host: string
  pid: number
  version: string
  queues: string[]
  /** Of the jobs it has handlers for; null where it did not tell. */
  names: string[] | null
  concurrency: number
  running: number
  memoryBytes: number
  state: 'running' | 'quiet' | 'stopping'
  startedAt: number
  beatAt: number
  leaseUntil: number
}

export interface RecordStore {
  /** History of attempts. Written in the background, except results that were asked for. Upsert by (uuid, attempt). */
  saveRuns(runs: readonly NewRun[]): Promise<void>
  /** Newest first. */
  runs(filter: { uuid?: string; name?: string; queue?: string; outcome?: RunOutcome }, page: Page): Promise<Paged<Run>>
  /**
   * Sets the totals of a writer's minute so far, so that repeating a write whose answer was lost changes nothing. A writer
   * is a worker, or a queue that dispatches, under a number above all workers'. Minutes more than an hour old are not written.
   */
  saveMetrics(worker: number, rows: readonly MetricRow[]): Promise<void>
  /** Summed over writers, per minute, queue and name; per hour where minutes have become hours. */
  metrics(window: { from: number; to: number; queue?: string; name?: string }): Promise<MetricRow[]>
  /** Summed over all time, per queue and name (`minute` 0): these numbers never fall, whatever is pruned. */
  metricTotals(): Promise<MetricRow[]>
  /**
   * Deletes up to `limit` rows of what is past its time: history, dead workers' rows, freed keys. Answers how many. Metrics
   * are put together instead: a minute's writers into one row after two hours, minutes into hours after 26, and what is past
   * its time into totals that stay.
   */
  prune(keep: Retention, limit: number): Promise<number>
}

export interface Retention {
  /** Default: 90 days. */
  auditMs?: number
  runsMs: number
  metricsMs: number
}

export type RunOutcome = OutcomeKind | 'running' | 'crashed'

export interface NewRun {
  uuid: string
  name: string
  queue: string
  attempt: number
  worker: number
  startedAt: number
  /** Null while it runs. */
  endedAt: number | null
  outcome: RunOutcome
  headline: string | null
  /** 0 to 100. */
  progress: number | null
  note: string | null
  log: readonly string[]
  /** JSON text. */
  result: string | null
  /** Unix ms until which the row is kept whatever the retention; null = as history. */
  keepUntil: number | null
}

export interface Run extends NewRun {
  id: number
}

export interface MetricRow {
  /** Unix ms of the minute's start. */
  minute: number
  queue: string
  name: string
  /** Jobs that Faena's queues and schedules stored; in a caller's transaction those handed over, whether it commits or not. */
  dispatched: number
  /** Attempts that began. */
  started: number
  completed: number
  failed: number
  retried: number
  released: number
  cancelled: number
  waitMs: number
  runMs: number
  /** How many of the ended attempts waited, and ran, for how long: counts by the steps of core/histogram.ts. */
  waits: readonly number[]
  runs: readonly number[]
}

// ── what the management API keeps ────────────────────────────────────────────────────────────────────────────────────

/**
 * Bulk actions that outlive the process that began them. Exactly one process carries an operation on: it holds the
 * operation's lease, and each of its reports names the fence it was given; a report under an old fence changes nothing.
 */
export interface OperationStore {
  /** Answers the id. `held`: it runs from the start, under this owner's lease and the fence 1. */
  createOperation(operation: NewOperation, held?: { owner: string; leaseMs: number }): Promise<number>
  operation(id: number): Promise<Operation | undefined>
  /** Newest first. */
  operations(filter: { state?: OperationState }, page: Page): Promise<Paged<Operation>>
  /** The oldest unfinished operation (or the one named) whose lease has ended or was never taken, now this owner's. */
  takeOperation(owner: string, leaseMs: number, id?: number): Promise<Operation | undefined>
  /**
   * Writes how far it is and renews the lease. False: it is somebody else's now, or was ended. Of one that was cancelled while its
   * holder had a chunk under way it is written all the same: that was done.
   */
  reportOperation(id: number, fence: number, progress: OperationProgress, leaseMs: number): Promise<boolean>
  /** Ends a pending or running operation, whoever holds it; what it has done stays done. False: it had ended already. */
  endOperation(id: number, end: { state: OperationEnd; error?: string | null; fence?: number }): Promise<boolean>
}

export type OperationEnd = 'done' | 'cancelled' | 'failed'
export type OperationState = 'pending' | 'running' | OperationEnd

export interface NewOperation {
  kind: 'retry' | 'forget'
  /** What it acts on, as JSON text. */
  filter: string
  /** Ids above this came after it began and are left alone. */
  upTo: number
  /** How many it will look at, where that was counted. */
  total: number | null
  ratePerSecond: number | null
  /** Who asked for it. */
  subject: string
}

export interface OperationProgress {
  /** Ids up to this are done with. */
  after: number
  changed: number
  skipped: number
}

export interface Operation extends NewOperation, OperationProgress {
  id: number
  state: OperationState
  error: string | null
  createdAt: number
  startedAt: number | null
  endedAt: number | null
  /** Grows with each process that takes it. */
  fence: number
  leaseUntil: number | null
}

/** Who did what. Rows are never taken back, and pruned when they are old. */
export interface AuditStore {
  appendAudit(entries: readonly NewAudit[]): Promise<void>
  /** Writes that something begins, before it does; answers the entry's id. Should the process end, that much is known of it. */
  beginAudit(entry: Omit<NewAudit, 'outcome' | 'detail'>): Promise<number>
  /** What came of an entry that was begun; of others it changes nothing. */
  endAudit(id: number, end: Pick<NewAudit, 'detail'> & { outcome: Exclude<AuditOutcome, 'begun'> }): Promise<void>
  /** Newest first. */
  audit(filter: AuditFilter, page: Page): Promise<Paged<Audit>>
}

/** `begun`: it is under way, or the process that did it ended before it could say what came of it. */
export type AuditOutcome = 'begun' | 'done' | 'refused' | 'failed'

export interface NewAudit {
  subject: string
  role: string | null
  /** Such as `failed.retry`. */
  action: string
  /** What it was done to, such as `failed:45`; null for what has no single target. */
  target: string | null
  outcome: AuditOutcome
  /** Where from: an address, or `cli`. */
  source: string | null
  requestId: string | null
  /** JSON text. */
  detail: string | null
}

export interface Audit extends NewAudit {
  id: number
  /** Unix ms. */
  at: number
}

export interface AuditFilter {
  subject?: string
  action?: string
  target?: string
  from?: number
  to?: number
}

/** Users of the panel, their sessions, tokens that no longer count, and answers that may be asked for again. */
export interface AccountStore {
  users(): Promise<User[]>
  user(name: string): Promise<User | undefined>
  /** Makes the user or alters him. */
  saveUser(user: Pick<User, 'name' | 'password' | 'role'>): Promise<void>
  /** With all his sessions. */
  removeUser(name: string): Promise<boolean>
  saveSession(session: Session): Promise<void>
  /** Undefined once it has ended. */
  session(id: string): Promise<Session | undefined>
  /** All of a subject's, or one. Answers how many. */
  removeSessions(which: { id: string } | { subject: string }): Promise<number>
  /** From now on, and until `expiresAt`, when the token would end by itself; of several ends told of one token, until the last. */
  revoke(token: Revocation): Promise<void>
  revocations(): Promise<Revocation[]>
  /**
   * Takes the key for `leaseMs`, or answers what was done under it: `answer` null while that is still under way. A key whose
   * time has passed is free: whoever had taken it is gone, or its answer old. Two calls at once: one takes it. `request`, at
   * most 255 characters, is his alone who takes the key: by it the two below know him from whoever took it after his time.
   */
  takeIdempotencyKey(key: string, request: string, leaseMs: number): Promise<IdempotencyEntry | 'taken'>
  /** Still at it. Nothing happens where another has taken the key since. */
  holdIdempotencyKey(key: string, request: string, leaseMs: number): Promise<void>
  /** Keeps the answer for `keepMs`; null frees the key, since nothing was done. Nothing happens where another has it now. */
  saveIdempotencyAnswer(key: string, request: string, answer: string | null, keepMs: number): Promise<void>
}

export interface User {
  name: string
  /** A scrypt hash with its salt and cost. */
  password: string
  role: string
  createdAt: number
}

export interface Session {
  /** A hash of what the browser holds. */
  id: string
  subject: string
  role: string
  createdAt: number
  expiresAt: number
}

export interface Revocation {
  /** The token's `jti`. */
  id: string
  expiresAt: number
}

export interface IdempotencyEntry {
  /** As the key was taken with. */
  request: string
  answer: string | null
}

// ── alerts ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * What is wrong, who was told, and who watches. One process at a time watches for the whole fleet: it holds the watch's
 * lease, and what it decides names the fence it was given.
 */
export interface AlertStore {
  /**
   * The watch, if it is free, its lease has ended, or it is this owner's already; its lease then lasts for at least half of
   * `leaseMs`. Another owner raises the fence.
   */
  takeWatch(owner: string, leaseMs: number): Promise<AlertWatch | undefined>
  /** Lets go of it, so that another takes it at once. */
  leaveWatch(owner: string): Promise<void>
  /**
   * Writes all of a look's outcome or nothing: what to know the next time, alerts by key, and the jobs that tell of them.
   * False: the watch is somebody else's by now, and nothing was written.
   */
  decide(decision: AlertDecision): Promise<boolean>
  alert(id: number): Promise<Alert | undefined>
  /** Newest first. `keys`: these, whatever their state, or those that are open. */
  alerts(filter: { state?: AlertState; rule?: AlertRule; keys?: readonly string[] }, page: Page): Promise<Paged<Alert>>
  /** Until then nothing is told of it; null ends that. False: there is no such alert. */
  muteAlert(id: number, mute: { until: number | null; by: string }): Promise<boolean>
  /** Somebody sees to it: until it opens anew, nothing more is told of it. False: there is none, or it is not open. */
  acknowledgeAlert(id: number, by: string): Promise<boolean>
  /**
   * Failed jobs with larger ids than `above`, by fingerprint, most first; `later` of them have larger ids than `mark`. One
   * look at the table. Those nobody has labelled are left out.
   */
  failures(above: number, mark: number, limit: number): Promise<FailureCount[]>
  /** Queues, paused ones aside, with jobs that have been due for longer than this. */
  overdue(olderThanMs: number): Promise<OverdueQueue[]>
}

export type AlertRule = 'failed' | 'waiting' | 'workers' | 'rate' | 'schedule'
export type AlertState = 'open' | 'resolved'

export interface AlertWatch {
  fence: number
  /** What the last look left, as JSON text; null before the first. */
  state: string | null
  /** Unix ms by the store's clock. */
  now: number
  /** The largest id of a failed job, as `bounds` has it. */
  lastFailed: number
}

export interface AlertDecision {
  fence: number
  state: string
  alerts: readonly AlertChange[]
  jobs: readonly NewJob[]
}

/** An alert as the watch writes it; who muted or acknowledged it is not the watch's to say. */
export interface AlertChange {
  /** What it is about: one alert per key. At most 64 characters. */
  key: string
  rule: AlertRule
  /** A queue, the name of a job, the key of a schedule. */
  subject: string
  state: AlertState
  openedAt: number
  /** When it was last seen to be so. */
  lastAt: number
  resolvedAt: number | null
  /** Failures since it opened; of other rules, 1. */
  count: number
  /** What was measured, as JSON text. */
  detail: string
  toldAt: number | null
  /** `count` as it was when somebody was told last. */
  toldCount: number
  /** It opens anew: nobody sees to it yet. */
  reopened: boolean
}

export interface Alert extends Omit<AlertChange, 'reopened'> {
  id: number
  mutedUntil: number | null
  mutedBy: string | null
  acknowledgedAt: number | null
  acknowledgedBy: string | null
}

export interface FailureCount {
  fingerprint: string
  name: string | null
  queue: string
  headline: string
  count: number
  later: number
  /** The newest of them. */
  lastId: number
}

export interface OverdueQueue {
  queue: string
  /** Jobs due for longer. */
  count: number
  /** Of the one that has been due for longest, in ms. */
  ageMs: number
}
