import type { Catalogue } from './migrations.ts'
import type { Names } from './names.ts'
import { OURS } from './schema.ts'

/** What is wrong and who was told, and who watches for it. */
const ALERTS = {
  alerts: `(
  id bigint unsigned not null auto_increment primary key,
  \`key\` varchar(64) not null,
  rule varchar(16) not null,
  subject varchar(255) not null,
  state varchar(16) not null,
  opened_at bigint not null,
  last_at bigint not null,
  resolved_at bigint null,
  amount bigint not null,
  detail longtext not null,
  told_at bigint null,
  told_amount bigint not null,
  muted_until bigint null,
  muted_by varchar(255) null,
  acknowledged_at bigint null,
  acknowledged_by varchar(255) null,
  unique key faena_alerts_key (\`key\`),
  key faena_alerts_state (state, id)
) ${OURS}`,
  watches: `(
  name varchar(64) not null primary key,
  owner varchar(64) null,
  fence bigint not null,
  lease_until bigint not null,
  state longtext null
) ${OURS}`,
} as const

export function alertTables(names: Names, { tables }: Catalogue): string[] {
  return (Object.entries(ALERTS) as [keyof typeof ALERTS, string][])
    .filter(([name]) => !tables.has(names.plain[name].toLowerCase()))
    .map(([name, body]) => `create table ${names[name].text[0]} ${body}`)
}
