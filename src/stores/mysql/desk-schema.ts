import type { Catalogue } from './migrations.ts'
import type { Names } from './names.ts'
import { OURS } from './schema.ts'

/** What the management API keeps, and what finds failed jobs among a million. */
const DESK = {
  failedFields: `(
  failed_id bigint unsigned not null,
  field varchar(64) not null,
  value varchar(191) not null,
  primary key (failed_id, field),
  key faena_failed_fields_value (field, value, failed_id)
) ${OURS}`,
  operations: `(
  id bigint unsigned not null auto_increment primary key,
  kind varchar(16) not null,
  filter longtext not null,
  up_to bigint unsigned not null,
  total bigint unsigned null,
  rate double null,
  subject varchar(255) not null,
  state varchar(16) not null,
  after_id bigint unsigned not null,
  changed bigint unsigned not null,
  skipped bigint unsigned not null,
  error text null,
  owner varchar(255) null,
  fence bigint not null,
  lease_until bigint null,
  created_at bigint not null,
  started_at bigint null,
  ended_at bigint null,
  key faena_operations_state (state, id)
) ${OURS}`,
  audit: `(
  id bigint unsigned not null auto_increment primary key,
  at bigint not null,
  subject varchar(255) not null,
  role varchar(64) null,
  action varchar(64) not null,
  target varchar(255) null,
  outcome varchar(16) not null,
  source varchar(255) null,
  request_id varchar(255) null,
  detail longtext null,
  key faena_audit_target (target, id),
  key faena_audit_at (at)
) ${OURS}`,
  users: `(
  name varchar(191) not null primary key,
  password varchar(255) not null,
  role varchar(64) not null,
  created_at bigint not null
) ${OURS}`,
  sessions: `(
  id varchar(191) not null primary key,
  subject varchar(255) not null,
  role varchar(64) not null,
  created_at bigint not null,
  expires_at bigint not null
) ${OURS}`,
  revocations: `(
  id varchar(255) not null primary key,
  expires_at bigint not null
) ${OURS}`,
  idempotency: `(
  \`key\` varchar(255) not null primary key,
  request varchar(255) not null,
  answer longtext null,
  expires_at bigint not null
) ${OURS}`,
} as const

export function deskTables(names: Names, { tables, allIndexes }: Catalogue): string[] {
  const place = (name: keyof Names['plain']) => names[name].text[0]!
  const plain = (name: keyof Names['plain']) => names.plain[name].toLowerCase()
  const statements: string[] = []
  for (const [name, body] of Object.entries(DESK) as [keyof typeof DESK, string][]) {
    if (!tables.has(plain(name))) statements.push(`create table ${place(name)} ${body}`)
  }
  for (const column of ['fingerprint', 'name']) {
    const [old, better] = [`faena_failed_${column}`, `faena_failed_by_${column}`]
    const changes = [
      ...(allIndexes.has(`${plain('failed')}.${better}`) ? [] : [`add key ${better} (${column}, failed_id)`]),
      ...(allIndexes.has(`${plain('failed')}.${old}`) ? [`drop key ${old}`] : []),
    ]
    if (changes.length > 0) statements.push(`alter table ${place('failed')} ${changes.join(', ')}`)
  }
  // Rows of failed_jobs never change, so PHP's workers do not wait for one another by it. A newer Laravel may have one.
  if (!allIndexes.has(`${plain('failedJobs')}(failed_at)`)) {
    statements.push(`create index faena_failed_jobs_at on ${place('failedJobs')} (failed_at)`)
  }
  return statements
}
