/** How Laravel makes its tables on PostgreSQL, in the words of its schema builder; `{}` is the schema. */
const JOBS = `
  create table {}.jobs (
    id bigserial not null primary key,
    queue varchar(255) not null,
    payload text not null,
    attempts smallint not null,
    reserved_at integer null,
    available_at integer not null,
    created_at integer not null
  );
  create index jobs_queue_index on {}.jobs (queue);`

const failedJobs = (uuid: string) => `
  create table {}.failed_jobs (
    id bigserial not null primary key,
    ${uuid}
    connection text not null,
    queue text not null,
    payload text not null,
    exception text not null,
    failed_at timestamp(0) without time zone default current_timestamp not null
  );`

const UUID = 'uuid varchar(255) not null constraint failed_jobs_uuid_unique unique,'

const JOB_BATCHES = `
  create table {}.job_batches (
    id varchar(255) not null primary key,
    name varchar(255) not null,
    total_jobs integer not null,
    pending_jobs integer not null,
    failed_jobs integer not null,
    failed_job_ids text not null,
    options text null,
    cancelled_at integer null,
    created_at integer not null,
    finished_at integer null
  );`

/** 8.83 and 12.67 make the same three tables; before 8 there were no uuids and no batches. */
export const LARAVEL_TABLES = {
  'laravel 8 and 12': JOBS + failedJobs(UUID) + JOB_BATCHES,
  'laravel 7': JOBS + failedJobs(''),
} as const

/** The statements of a Laravel worker that pops one job and deletes it, and of a dispatch. */
export const LARAVEL_SQL = {
  push: `insert into {}.jobs (queue, attempts, reserved_at, available_at, created_at, payload)
         values ($1, 0, null, extract(epoch from now())::integer, extract(epoch from now())::integer, $2) returning id`,
  pop: `select * from {}.jobs
         where queue = $1 and ((reserved_at is null and available_at <= extract(epoch from now())::integer)
                            or (reserved_at <= extract(epoch from now())::integer - 90))
         order by id asc limit 1 for update skip locked`,
  reserve: 'update {}.jobs set reserved_at = extract(epoch from now())::integer, attempts = $2 where id = $1',
  find: 'select * from {}.jobs where id = $1 limit 1 for update',
  delete: 'delete from {}.jobs where id = $1',
} as const

/** As Laravel 12 writes it: PHP's serialization, with the NUL bytes of protected properties as JSON escapes. */
export function laravelPayload(uuid: string): string {
  return JSON.stringify({
    uuid,
    displayName: 'App\\Jobs\\NetsuiteSyncJob',
    job: 'Illuminate\\Queue\\CallQueuedHandler@call',
    maxTries: 3,
    maxExceptions: null,
    failOnTimeout: false,
    backoff: '10,30,60',
    timeout: 120,
    retryUntil: null,
    data: {
      commandName: 'App\\Jobs\\NetsuiteSyncJob',
      command: 'O:24:"App\\Jobs\\NetsuiteSyncJob":1:{s:10:"\u0000*\u0000orderId";i:98765;}',
      batchId: null,
    },
    createdAt: 1_795_288_907,
    delay: null,
  })
}
