/** How Laravel 8.83 and 12.67 make their tables on MariaDB, and how older versions counted attempts. */
const jobs = (attempts: string) => `
  create table jobs (
    id bigint(20) unsigned not null auto_increment,
    queue varchar(255) not null,
    payload longtext not null,
    attempts ${attempts} unsigned not null,
    reserved_at int(10) unsigned default null,
    available_at int(10) unsigned not null,
    created_at int(10) unsigned not null,
    primary key (id),
    key jobs_queue_index (queue)
  ) engine=InnoDB default charset=utf8mb4 collate=utf8mb4_unicode_ci;`

const FAILED_JOBS = `
  create table failed_jobs (
    id bigint(20) unsigned not null auto_increment,
    uuid varchar(255) not null,
    connection text not null,
    queue text not null,
    payload longtext not null,
    exception longtext not null,
    failed_at timestamp not null default current_timestamp(),
    primary key (id),
    unique key failed_jobs_uuid_unique (uuid)
  ) engine=InnoDB default charset=utf8mb4 collate=utf8mb4_unicode_ci;`

const jobBatches = (ids: string) => `
  create table job_batches (
    id varchar(255) not null,
    name varchar(255) not null,
    total_jobs int(11) not null,
    pending_jobs int(11) not null,
    failed_jobs int(11) not null,
    failed_job_ids ${ids} not null,
    options mediumtext default null,
    cancelled_at int(11) default null,
    created_at int(11) not null,
    finished_at int(11) default null,
    primary key (id)
  ) engine=InnoDB default charset=utf8mb4 collate=utf8mb4_unicode_ci`

export const LARAVEL_TABLES = {
  'laravel-8': jobs('tinyint(3)') + FAILED_JOBS + jobBatches('text'),
  'laravel-12': jobs('tinyint(3)') + FAILED_JOBS + jobBatches('longtext'),
  /** 13 counts attempts in two bytes. */
  'laravel-13': jobs('smallint(5)') + FAILED_JOBS + jobBatches('longtext'),
} as const
