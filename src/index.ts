export { type Admin, type AdminOptions, createAdmin, type MetricWindow, type RunFilter } from './client/admin.ts'
export type { BulkDone, BulkOptions, BulkProgress } from './client/bulk.ts'
export type { JobOptions } from './client/newjob.ts'
export {
  createQueue,
  type Dispatched,
  type DispatchManyOptions,
  type DispatchOptions,
  type Queue,
  type QueueOptions,
} from './client/queue.ts'
export type { JobChange, PruneOptions, RepairDone } from './client/repairs.ts'
export type { QueueStatus, Status } from './client/status.ts'
export type { SyncRunner } from './client/sync.ts'
export type { ScheduleOptions } from './client/timetable.ts'
export type { FailedView, JobPage, JobView } from './client/view.ts'
export type { Ended, WaitOptions } from './client/wait.ts'
export type { Reason, Why } from './client/why.ts'
export { type HandlerLoader, type OpenQueueOptions, openQueue } from './connect.ts'
export type { AlertsConfig, ChannelConfig } from './core/alert-config.ts'
export type { Backoff, Exponential } from './core/backoff.ts'
export { defineConfig, type ErrorAbout, type ErrorHook, type FaenaConfig } from './core/config.ts'
export type { Duration } from './core/duration.ts'
export { ERROR_CODES, type ErrorCode, FaenaError, isFaenaError } from './core/errors.ts'
export {
  type Handler,
  type HandlerFunction,
  type HandlerOptions,
  handle,
  isHandler,
  isJob,
  type JobContext,
  type Middleware,
} from './core/handler.ts'
export {
  defineJob,
  type InputOf,
  type JobDefinition,
  type JobFailure,
  type JobOptions as JobDefinitionOptions,
  type ResultOf,
  type,
  type Unique,
} from './core/job.ts'
export type { AlertDetail, Notice, NoticeItem } from './core/notice.ts'
export type { PoolDefinition } from './core/pools.ts'
export type { ProcessDefinition } from './core/processes.ts'
export type { ScheduleDefinition } from './core/schedule.ts'
export type { StandardSchema } from './core/schema.ts'
export { type Settings, settingsFrom } from './core/settings.ts'
export type { Telemetry } from './core/telemetry.ts'
export type {
  FailedFilter,
  FailedGroup,
  FailedJob,
  Finding,
  JobFilter,
  JobRef,
  JobStatus,
  MetricRow,
  Page,
  Paged,
  Pushed,
  Run,
  RunOutcome,
  Schedule,
  Store,
  StoredJob,
  WorkerCommand,
  WorkerState,
} from './store.ts'
export { openStore, type StoreOptions } from './stores/open.ts'
export type { WorkerEvents } from './worker/events.ts'
export type { WorkerOptions } from './worker/options.ts'
export { syncRunner } from './worker/sync.ts'
export { createWorker, type Worker } from './worker/worker.ts'
