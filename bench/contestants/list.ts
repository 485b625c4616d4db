import type { Contestant } from '../contestant.ts'

export type ServerKind = 'sqlite' | 'postgres' | 'mariadb' | 'redis'

export interface Entry {
  on: ServerKind
  /** Settings that matter, in words, for the table's notes. */
  settings: string
  /** Loaded by the child process that runs it, so that no process holds another contestant's code. */
  load(): Promise<Contestant>
  /** At most so many jobs in a drain, where the contestant would take minutes over more. */
  most?: number
  /** Node's flags of a worker process, where the contestant's own command line sets some. */
  nodeFlags?: readonly string[]
  /** The same of what its environment says. */
  nodeEnv?: Readonly<Record<string, string>>
  /** Workloads it cannot take part in. */
  without?: readonly string[]
  /** Takes part only where it is named: a study, no product. */
  study?: true
}

/** As `faena work` starts its processes. */
const AS_FAENA_WORK = {
  nodeFlags: [
    '--min-semi-space-size=8',
    '--max-semi-space-size=8',
    '--initial-old-space-size=12',
    '--heap-growing-percent=20',
    '--no-allocation-site-pretenuring',
  ],
  nodeEnv: { MALLOC_ARENA_MAX: '2' },
}
/** Wakes nobody, and hands delays on to the tables of Faena. */
const NO_PROTOTYPE = ['pickup', 'due', 'day']
/** What is no queue has no worker that waits, and no delays. */
const NO_QUEUE = ['pickup', 'backlog', 'processes', 'snapshot', 'due', 'day']

/** Everybody who can be measured, by the name that `--only` takes. */
export const CONTESTANTS: Readonly<Record<string, Entry>> = {
  faena: {
    on: 'sqlite',
    settings:
      'defaults: WAL, synchronous FULL; history, metrics and leases on; Node flags and environment as `faena work` sets them',
    load: async () => (await import('./faena.ts')).faena,
    ...AS_FAENA_WORK,
  },
  plainjob: {
    on: 'sqlite',
    settings: 'poll 5 ms; synchronous NORMAL, its default: a loss of power may undo its last commits',
    load: async () => (await import('./plainjob.ts')).plainjob,
  },
  'plainjob-full': {
    on: 'sqlite',
    settings: 'poll 5 ms; synchronous FULL: as durable as Faena',
    load: async () => (await import('./plainjob.ts')).plainjobFull,
  },
  'sidequest-sqlite': {
    on: 'sqlite',
    settings: 'in one process, inline runner, poll 10 ms; no bulk call: 32 single ones at a time',
    load: async () => (await import('./sidequest.ts')).sidequestSqlite,
    most: 2_000,
  },
  'faena-pg': {
    on: 'postgres',
    settings: 'defaults, tables of its own; Node flags and environment as `faena work` sets them',
    load: async () => (await import('./faena.ts')).faena,
    ...AS_FAENA_WORK,
  },
  'faena-pg-shared': {
    on: 'postgres',
    settings: "the same on Laravel's tables, as PHP workers share them",
    load: async () => (await import('./faena-shared.ts')).faenaShared,
    ...AS_FAENA_WORK,
  },
  graphile: {
    on: 'postgres',
    settings: 'defaults, concurrentJobs = the concurrency, a pool to match',
    load: async () => (await import('./graphile.ts')).graphile,
    most: 20_000,
  },
  'graphile-tuned': {
    on: 'postgres',
    settings:
      'as its page on performance says: localQueue 500, delays of completion and failure batches 0; in W8 (due at one second) poll 100 ms instead of 2 s',
    load: async () => (await import('./graphile.ts')).graphileTuned,
  },
  pgboss: {
    on: 'postgres',
    settings: 'defaults: one job per worker every 2 s; localConcurrency = the concurrency',
    load: async () => (await import('./pgboss.ts')).pgboss,
    most: 500,
  },
  'pgboss-tuned': {
    on: 'postgres',
    settings:
      'localConcurrency 4, batchSize 500, burstWhenBatchFull, LISTEN/NOTIFY, backstop poll 0.5 s; a handler gets a whole batch',
    load: async () => (await import('./pgboss.ts')).pgbossTuned,
  },
  'bullmq-pg': {
    on: 'postgres',
    settings: 'its PostgreSQL backend, removeOnComplete',
    load: async () => (await import('./bullmq.ts')).bullmqPostgres,
    most: 10_000,
  },
  'sidequest-pg': {
    on: 'postgres',
    settings: 'in one process, inline runner, poll 10 ms; no bulk call: 32 single ones at a time',
    load: async () => (await import('./sidequest.ts')).sidequestPostgres,
    most: 2_000,
  },
  'raw-pg': {
    on: 'postgres',
    settings: 'no queue: a prepared INSERT per call (single), 1,000 rows per INSERT, claims of 500 on two connections',
    load: async () => (await import('./raw-postgres.ts')).rawPostgres,
    without: NO_QUEUE,
  },
  'faena-mariadb': {
    on: 'mariadb',
    settings: 'defaults, tables of its own; Node flags and environment as `faena work` sets them',
    load: async () => (await import('./faena.ts')).faena,
    ...AS_FAENA_WORK,
  },
  'faena-mariadb-shared': {
    on: 'mariadb',
    settings: "the same on Laravel's tables, as PHP workers share them",
    load: async () => (await import('./faena-shared.ts')).faenaShared,
    ...AS_FAENA_WORK,
  },
  'raw-mariadb': {
    on: 'mariadb',
    settings:
      'no queue: an INSERT per call (single), 1,000 rows per INSERT, SELECT … SKIP LOCKED, UPDATE and DELETE of 500 on two connections',
    load: async () => (await import('./raw-mariadb.ts')).rawMariadb,
    without: NO_QUEUE,
  },
  'ranges-sqlite': {
    on: 'sqlite',
    settings: 'a prototype: plain jobs leased in ranges of ids, under the client and worker of Faena',
    load: async () => (await import('./ranges.ts')).ranges,
    ...AS_FAENA_WORK,
    without: NO_PROTOTYPE,
    study: true,
  },
  'ranges-pg': {
    on: 'postgres',
    settings: 'a prototype: plain jobs leased in ranges of ids, under the client and worker of Faena',
    load: async () => (await import('./ranges.ts')).ranges,
    ...AS_FAENA_WORK,
    without: NO_PROTOTYPE,
    study: true,
  },
  'ranges-mariadb': {
    on: 'mariadb',
    settings: 'a prototype: plain jobs leased in ranges of ids, under the client and worker of Faena',
    load: async () => (await import('./ranges.ts')).ranges,
    ...AS_FAENA_WORK,
    without: NO_PROTOTYPE,
    study: true,
  },
  bullmq: {
    on: 'redis',
    settings: 'removeOnComplete; Redis with AOF each second: the last second can be lost',
    load: async () => (await import('./bullmq.ts')).bullmqRedis,
  },
  'bee-queue': {
    on: 'redis',
    settings: 'removeOnSuccess, no events; Redis with AOF each second: the last second can be lost',
    load: async () => (await import('./bee-queue.ts')).beeQueue,
  },
}
