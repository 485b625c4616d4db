import { DUE_INDEX } from './shape.ts'

/**
 * Row format REDUNDANT keeps the room of a number that is NULL, so that a reservation writes into the row where it stands;
 * with the others it moves the row, at ten times the redo. It allows at most 191 characters in an indexed text.
 */
const JOBS = `(
  id bigint unsigned not null auto_increment primary key,
  queue varchar(191) not null,
  payload longtext not null,
  attempts smallint unsigned not null,
  reserved_at int unsigned null,
  available_at int unsigned not null,
  created_at int unsigned not null,
  name varchar(191) null,
  max_attempts smallint unsigned null,
  priority smallint null default 0,
  reserved_by bigint unsigned null,
  key ${DUE_INDEX} (queue, priority, available_at, id, name),
  key faena_jobs_uuid (payload(45))
) engine=InnoDB default charset=utf8mb4 collate=utf8mb4_bin row_format=redundant`

const FAILED_JOBS = `(
  id bigint unsigned not null auto_increment primary key,
  uuid varchar(255) not null,
  connection text not null,
  queue text not null,
  payload longtext not null,
  exception longtext not null,
  failed_at datetime not null default current_timestamp,
  unique key failed_jobs_uuid_unique (uuid)
) engine=InnoDB default charset=utf8mb4 collate=utf8mb4_bin`

const JOB_BATCHES = `(
  id varchar(255) not null primary key,
  name varchar(255) not null,
  total_jobs int not null,
  pending_jobs int not null,
  failed_jobs int not null,
  failed_job_ids longtext not null,
  options mediumtext null,
  cancelled_at int null,
  created_at int not null,
  finished_at int null
) engine=InnoDB default charset=utf8mb4 collate=utf8mb4_bin`

export const OURS = 'engine=InnoDB default charset=utf8mb4 collate=utf8mb4_bin'

/** Each table of ours as it is first made; the keys are names of `Names`. */
export const TABLES = {
  jobs: JOBS,
  failedJobs: FAILED_JOBS,
  jobBatches: JOB_BATCHES,
  workers: `(
  id bigint unsigned not null auto_increment primary key,
  name varchar(255) not null,
  host varchar(255) not null,
  pid bigint not null,
  version varchar(64) not null,
  queues text not null,
  concurrency int not null,
  default_tries int not null,
  running int not null default 0,
  memory_bytes bigint not null default 0,
  state varchar(16) not null default 'running',
  command varchar(16) null,
  started_at bigint not null,
  beat_at bigint not null,
  lease_until bigint not null
) ${OURS}`,
  settlements: `(
  worker bigint unsigned not null,
  channel tinyint not null,
  seq bigint not null,
  answer longtext null,
  at bigint not null,
  primary key (worker, channel)
) ${OURS}`,
  holds: `(
  worker bigint unsigned not null primary key,
  ids longtext null
) ${OURS}`,
  producers: `(
  producer varchar(191) not null primary key,
  seq bigint not null,
  answer longtext not null,
  at bigint not null
) ${OURS}`,
  queues: `(
  name varchar(255) not null primary key,
  paused_at bigint null,
  pause_reason text null
) ${OURS}`,
  schedules: `(
  \`key\` varchar(191) not null primary key,
  job varchar(191) not null,
  queue varchar(255) not null,
  input longtext not null,
  cron varchar(255) null,
  zone varchar(64) null,
  every_ms bigint null,
  missed varchar(16) not null,
  overlap varchar(16) not null,
  origin varchar(16) not null,
  next_at bigint null,
  paused_at bigint null,
  last_at bigint null,
  last_uuid varchar(64) null
) ${OURS}`,
  locks: `(
  \`key\` varchar(512) not null primary key,
  uuid varchar(255) not null,
  job_id bigint unsigned not null,
  until varchar(16) not null,
  expires_at bigint null,
  key faena_locks_job (job_id),
  key faena_locks_until (until, job_id)
) ${OURS}`,
  reclaims: `(
  job_id bigint unsigned not null primary key,
  uuid varchar(255) null,
  crashes int not null,
  at bigint not null
) ${OURS}`,
  failed: `(
  uuid varchar(255) not null primary key,
  failed_id bigint unsigned not null,
  name varchar(255) null,
  fingerprint varchar(64) not null,
  headline text not null,
  surfaced text null,
  key faena_failed_fingerprint (fingerprint),
  key faena_failed_name (name)
) ${OURS}`,
  runs: `(
  id bigint unsigned not null auto_increment primary key,
  uuid varchar(255) not null,
  attempt int not null,
  name varchar(255) not null,
  queue varchar(255) not null,
  worker bigint unsigned not null,
  started_at bigint not null,
  ended_at bigint null,
  outcome varchar(16) not null,
  headline text null,
  progress double null,
  note text null,
  log longtext not null,
  result longtext null,
  keep_until bigint null,
  unique key faena_runs_attempt (uuid, attempt),
  key faena_runs_started (started_at)
) ${OURS}`,
  metrics: `(
  minute bigint not null,
  worker bigint unsigned not null,
  queue varchar(255) not null,
  name varchar(255) not null,
  completed bigint not null,
  failed bigint not null,
  retried bigint not null,
  released bigint not null,
  cancelled bigint not null,
  wait_ms bigint not null,
  run_ms bigint not null,
  primary key (minute, worker, queue, name)
) ${OURS}`,
} as const

/** Columns that a table Laravel made lacks; all may be NULL, and stand last. Adding them rewrites no row. */
export const ADDED_COLUMNS: Readonly<Record<string, string>> = {
  name: 'varchar(191) character set utf8mb4 collate utf8mb4_bin null',
  max_attempts: 'smallint unsigned null',
  priority: 'smallint null default 0',
  reserved_by: 'bigint unsigned null',
}

/** Columns of faena_reclaims that its first form lacks: the workers that were lost with a job, and who had begun it. */
export const CRASH_COLUMNS: Readonly<Record<string, string>> = {
  worker_1: 'bigint unsigned null',
  worker_2: 'bigint unsigned null',
  worker_3: 'bigint unsigned null',
  begun_by: 'bigint unsigned null',
  begun_seq: 'bigint null',
}

/** The one index a shared table is given: nothing in it ever changes while the row lives, so no worker of PHP's waits for it. */
export const UUID_INDEX = { name: 'faena_jobs_uuid', columns: 'payload(45)' }
