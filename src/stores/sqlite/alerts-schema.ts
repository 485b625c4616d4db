/** What is wrong and who was told, and who watches for it. */
export const ALERT_TABLES: readonly string[] = [
  `create table faena_alerts (
    id integer primary key autoincrement,
    key text not null,
    rule text not null,
    subject text not null,
    state text not null,
    opened_at integer not null,
    last_at integer not null,
    resolved_at integer,
    amount integer not null,
    detail text not null,
    told_at integer,
    told_amount integer not null,
    muted_until integer,
    muted_by text,
    acknowledged_at integer,
    acknowledged_by text
  )`,
  'create unique index faena_alerts_key on faena_alerts (key)',
  'create index faena_alerts_state on faena_alerts (state, id)',
  `create table faena_watches (
    name text primary key,
    owner text,
    fence integer not null,
    lease_until integer not null,
    state text
  ) without rowid`,
]
