CREATE TABLE `faena_alerts` (
  `id` bigint unsigned NOT NULL AUTO_INCREMENT,
  `key` varchar(64) NOT NULL,
  `rule` varchar(16) NOT NULL,
  `subject` varchar(255) NOT NULL,
  `state` varchar(16) NOT NULL,
  `opened_at` bigint NOT NULL,
  `last_at` bigint NOT NULL,
  `resolved_at` bigint DEFAULT NULL,
  `amount` bigint NOT NULL,
  `detail` longtext NOT NULL,
  `told_at` bigint DEFAULT NULL,
  `told_amount` bigint NOT NULL,
  `muted_until` bigint DEFAULT NULL,
  `muted_by` varchar(255) DEFAULT NULL,
  `acknowledged_at` bigint DEFAULT NULL,
  `acknowledged_by` varchar(255) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `faena_alerts_key` (`key`),
  KEY `faena_alerts_state` (`state`,`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `faena_audit` (
  `id` bigint unsigned NOT NULL AUTO_INCREMENT,
  `at` bigint NOT NULL,
  `subject` varchar(255) NOT NULL,
  `role` varchar(64) DEFAULT NULL,
  `action` varchar(64) NOT NULL,
  `target` varchar(255) DEFAULT NULL,
  `outcome` varchar(16) NOT NULL,
  `source` varchar(255) DEFAULT NULL,
  `request_id` varchar(255) DEFAULT NULL,
  `detail` longtext DEFAULT NULL,
  PRIMARY KEY (`id`),
  KEY `faena_audit_target` (`target`,`id`),
  KEY `faena_audit_at` (`at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `faena_failed` (
  `uuid` varchar(255) NOT NULL,
  `failed_id` bigint unsigned NOT NULL,
  `name` varchar(255) DEFAULT NULL,
  `fingerprint` varchar(64) NOT NULL,
  `headline` text NOT NULL,
  `surfaced` text DEFAULT NULL,
  PRIMARY KEY (`uuid`),
  KEY `faena_failed_by_fingerprint` (`fingerprint`,`failed_id`),
  KEY `faena_failed_by_name` (`name`,`failed_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `faena_failed_fields` (
  `failed_id` bigint unsigned NOT NULL,
  `field` varchar(64) NOT NULL,
  `value` varchar(191) NOT NULL,
  PRIMARY KEY (`failed_id`,`field`),
  KEY `faena_failed_fields_value` (`field`,`value`,`failed_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `faena_holds` (
  `worker` bigint unsigned NOT NULL,
  `ids` longtext DEFAULT NULL,
  PRIMARY KEY (`worker`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `faena_idempotency` (
  `key` varchar(255) NOT NULL,
  `request` varchar(255) NOT NULL,
  `answer` longtext DEFAULT NULL,
  `expires_at` bigint NOT NULL,
  PRIMARY KEY (`key`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `faena_locks` (
  `key` varchar(512) NOT NULL,
  `uuid` varchar(255) NOT NULL,
  `job_id` bigint unsigned NOT NULL,
  `until` varchar(16) NOT NULL,
  `expires_at` bigint DEFAULT NULL,
  PRIMARY KEY (`key`),
  KEY `faena_locks_job` (`job_id`),
  KEY `faena_locks_until` (`until`,`job_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `faena_metrics` (
  `minute` bigint NOT NULL,
  `worker` bigint unsigned NOT NULL,
  `queue` varchar(255) NOT NULL,
  `name` varchar(255) NOT NULL,
  `completed` bigint NOT NULL,
  `failed` bigint NOT NULL,
  `retried` bigint NOT NULL,
  `released` bigint NOT NULL,
  `cancelled` bigint NOT NULL,
  `wait_ms` bigint NOT NULL,
  `run_ms` bigint NOT NULL,
  `dispatched` bigint NOT NULL DEFAULT 0,
  `started` bigint NOT NULL DEFAULT 0,
  `wait_0` bigint NOT NULL DEFAULT 0,
  `wait_1` bigint NOT NULL DEFAULT 0,
  `wait_2` bigint NOT NULL DEFAULT 0,
  `wait_3` bigint NOT NULL DEFAULT 0,
  `wait_4` bigint NOT NULL DEFAULT 0,
  `wait_5` bigint NOT NULL DEFAULT 0,
  `wait_6` bigint NOT NULL DEFAULT 0,
  `wait_7` bigint NOT NULL DEFAULT 0,
  `wait_8` bigint NOT NULL DEFAULT 0,
  `wait_9` bigint NOT NULL DEFAULT 0,
  `wait_10` bigint NOT NULL DEFAULT 0,
  `run_0` bigint NOT NULL DEFAULT 0,
  `run_1` bigint NOT NULL DEFAULT 0,
  `run_2` bigint NOT NULL DEFAULT 0,
  `run_3` bigint NOT NULL DEFAULT 0,
  `run_4` bigint NOT NULL DEFAULT 0,
  `run_5` bigint NOT NULL DEFAULT 0,
  `run_6` bigint NOT NULL DEFAULT 0,
  `run_7` bigint NOT NULL DEFAULT 0,
  `run_8` bigint NOT NULL DEFAULT 0,
  `run_9` bigint NOT NULL DEFAULT 0,
  `run_10` bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (`minute`,`worker`,`queue`,`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `faena_migrations` (
  `version` int NOT NULL,
  `name` varchar(191) NOT NULL,
  `applied_at` bigint NOT NULL,
  PRIMARY KEY (`version`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci;

CREATE TABLE `faena_operations` (
  `id` bigint unsigned NOT NULL AUTO_INCREMENT,
  `kind` varchar(16) NOT NULL,
  `filter` longtext NOT NULL,
  `up_to` bigint unsigned NOT NULL,
  `total` bigint unsigned DEFAULT NULL,
  `rate` double DEFAULT NULL,
  `subject` varchar(255) NOT NULL,
  `state` varchar(16) NOT NULL,
  `after_id` bigint unsigned NOT NULL,
  `changed` bigint unsigned NOT NULL,
  `skipped` bigint unsigned NOT NULL,
  `error` text DEFAULT NULL,
  `owner` varchar(255) DEFAULT NULL,
  `fence` bigint NOT NULL,
  `lease_until` bigint DEFAULT NULL,
  `created_at` bigint NOT NULL,
  `started_at` bigint DEFAULT NULL,
  `ended_at` bigint DEFAULT NULL,
  PRIMARY KEY (`id`),
  KEY `faena_operations_state` (`state`,`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `faena_producers` (
  `producer` varchar(191) NOT NULL,
  `seq` bigint NOT NULL,
  `answer` longtext NOT NULL,
  `at` bigint NOT NULL,
  PRIMARY KEY (`producer`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `faena_queues` (
  `name` varchar(255) NOT NULL,
  `paused_at` bigint DEFAULT NULL,
  `pause_reason` text DEFAULT NULL,
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `faena_reclaims` (
  `job_id` bigint unsigned NOT NULL,
  `uuid` varchar(255) DEFAULT NULL,
  `crashes` int NOT NULL,
  `at` bigint NOT NULL,
  `worker_1` bigint unsigned DEFAULT NULL,
  `worker_2` bigint unsigned DEFAULT NULL,
  `worker_3` bigint unsigned DEFAULT NULL,
  `begun_by` bigint unsigned DEFAULT NULL,
  `begun_seq` bigint DEFAULT NULL,
  PRIMARY KEY (`job_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `faena_revocations` (
  `id` varchar(255) NOT NULL,
  `expires_at` bigint NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `faena_runs` (
  `id` bigint unsigned NOT NULL AUTO_INCREMENT,
  `uuid` varchar(255) NOT NULL,
  `attempt` int NOT NULL,
  `name` varchar(255) NOT NULL,
  `queue` varchar(255) NOT NULL,
  `worker` bigint unsigned NOT NULL,
  `started_at` bigint NOT NULL,
  `ended_at` bigint DEFAULT NULL,
  `outcome` varchar(16) NOT NULL,
  `headline` text DEFAULT NULL,
  `progress` double DEFAULT NULL,
  `note` text DEFAULT NULL,
  `log` longtext NOT NULL,
  `result` longtext DEFAULT NULL,
  `keep_until` bigint DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `faena_runs_attempt` (`uuid`,`attempt`),
  KEY `faena_runs_started` (`started_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `faena_schedules` (
  `key` varchar(191) NOT NULL,
  `job` varchar(191) NOT NULL,
  `queue` varchar(255) NOT NULL,
  `input` longtext NOT NULL,
  `cron` varchar(255) DEFAULT NULL,
  `zone` varchar(64) DEFAULT NULL,
  `every_ms` bigint DEFAULT NULL,
  `missed` varchar(16) NOT NULL,
  `overlap` varchar(16) NOT NULL,
  `origin` varchar(16) NOT NULL,
  `next_at` bigint DEFAULT NULL,
  `paused_at` bigint DEFAULT NULL,
  `last_at` bigint DEFAULT NULL,
  `last_uuid` varchar(64) DEFAULT NULL,
  PRIMARY KEY (`key`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `faena_sessions` (
  `id` varchar(191) NOT NULL,
  `subject` varchar(255) NOT NULL,
  `role` varchar(64) NOT NULL,
  `created_at` bigint NOT NULL,
  `expires_at` bigint NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `faena_settlements` (
  `worker` bigint unsigned NOT NULL,
  `channel` tinyint NOT NULL,
  `seq` bigint NOT NULL,
  `answer` longtext DEFAULT NULL,
  `at` bigint NOT NULL,
  PRIMARY KEY (`worker`,`channel`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `faena_users` (
  `name` varchar(191) NOT NULL,
  `password` varchar(255) NOT NULL,
  `role` varchar(64) NOT NULL,
  `created_at` bigint NOT NULL,
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `faena_watches` (
  `name` varchar(64) NOT NULL,
  `owner` varchar(64) DEFAULT NULL,
  `fence` bigint NOT NULL,
  `lease_until` bigint NOT NULL,
  `state` longtext DEFAULT NULL,
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `faena_workers` (
  `id` bigint unsigned NOT NULL AUTO_INCREMENT,
  `name` varchar(255) NOT NULL,
  `host` varchar(255) NOT NULL,
  `pid` bigint NOT NULL,
  `version` varchar(64) NOT NULL,
  `queues` text NOT NULL,
  `concurrency` int NOT NULL,
  `default_tries` int NOT NULL,
  `running` int NOT NULL DEFAULT 0,
  `memory_bytes` bigint NOT NULL DEFAULT 0,
  `state` varchar(16) NOT NULL DEFAULT 'running',
  `command` varchar(16) DEFAULT NULL,
  `started_at` bigint NOT NULL,
  `beat_at` bigint NOT NULL,
  `lease_until` bigint NOT NULL,
  `job_names` mediumtext DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `failed_jobs` (
  `id` bigint unsigned NOT NULL AUTO_INCREMENT,
  `uuid` varchar(255) NOT NULL,
  `connection` text NOT NULL,
  `queue` text NOT NULL,
  `payload` longtext NOT NULL,
  `exception` longtext NOT NULL,
  `failed_at` datetime NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (`id`),
  UNIQUE KEY `failed_jobs_uuid_unique` (`uuid`),
  KEY `faena_failed_jobs_at` (`failed_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `jobs` (
  `id` bigint unsigned NOT NULL AUTO_INCREMENT,
  `queue` varchar(191) NOT NULL,
  `payload` longtext NOT NULL,
  `attempts` smallint unsigned NOT NULL,
  `reserved_at` int unsigned DEFAULT NULL,
  `available_at` int unsigned NOT NULL,
  `created_at` int unsigned NOT NULL,
  `name` varchar(191) DEFAULT NULL,
  `max_attempts` smallint unsigned DEFAULT NULL,
  `priority` smallint DEFAULT 0,
  `reserved_by` bigint unsigned DEFAULT NULL,
  PRIMARY KEY (`id`),
  KEY `faena_jobs_due` (`queue`,`priority`,`available_at`,`id`,`name`),
  KEY `faena_jobs_uuid` (`payload`(45))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=REDUNDANT;

CREATE TABLE `job_batches` (
  `id` varchar(255) NOT NULL,
  `name` varchar(255) NOT NULL,
  `total_jobs` int NOT NULL,
  `pending_jobs` int NOT NULL,
  `failed_jobs` int NOT NULL,
  `failed_job_ids` longtext NOT NULL,
  `options` mediumtext DEFAULT NULL,
  `cancelled_at` int DEFAULT NULL,
  `created_at` int NOT NULL,
  `finished_at` int DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
