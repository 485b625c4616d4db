/**
 * What the management API keeps, and what finds failed jobs among a million. A trigger writes the surfaced fields of a
 * failed job where an index finds them, so that whoever labels it, in whatever version, has them found.
 */
export const DESK_TABLES: readonly string[] = [
  'create index faena_failed_by_fingerprint on faena_failed (fingerprint, failed_id)',
  'create index faena_failed_by_name on faena_failed (name, failed_id)',
  'drop index faena_failed_fingerprint',
  'drop index faena_failed_name',
  'create index if not exists faena_failed_jobs_at on failed_jobs (failed_at)',
  `create table faena_failed_fields (
    failed_id integer not null,
    field text not null,
    value text not null,
    primary key (failed_id, field)
  ) without rowid`,
  'create index faena_failed_fields_value on faena_failed_fields (field, value, failed_id)',
  `insert into faena_failed_fields (failed_id, field, value)
   select failed_id, field, value from (${fieldsOf('faena_failed', 'faena_failed.surfaced is not null')})`,
  `create trigger faena_failed_labelled after insert on faena_failed begin
     delete from faena_failed_fields where failed_id = new.failed_id;
     insert or ignore into faena_failed_fields (failed_id, field, value) ${fieldsOf('(select new.failed_id as failed_id, new.surfaced as surfaced)', 'surfaced is not null')};
   end`,
  `create trigger faena_failed_gone after delete on faena_failed begin
     delete from faena_failed_fields where failed_id = old.failed_id;
   end`,
  `create table faena_operations (
    id integer primary key autoincrement,
    kind text not null,
    filter text not null,
    up_to integer not null,
    total integer,
    rate real,
    subject text not null,
    state text not null,
    after_id integer not null,
    changed integer not null,
    skipped integer not null,
    error text,
    owner text,
    fence integer not null,
    lease_until integer,
    created_at integer not null,
    started_at integer,
    ended_at integer
  )`,
  `create index faena_operations_open on faena_operations (state, id) where state in ('pending', 'running')`,
  `create table faena_audit (
    id integer primary key autoincrement,
    at integer not null,
    subject text not null,
    role text,
    action text not null,
    target text,
    outcome text not null,
    source text,
    request_id text,
    detail text
  )`,
  'create index faena_audit_target on faena_audit (target, id) where target is not null',
  'create index faena_audit_at on faena_audit (at)',
  'create table faena_users (name text primary key, password text not null, role text not null, created_at integer not null) without rowid',
  `create table faena_sessions (
    id text primary key,
    subject text not null,
    role text not null,
    created_at integer not null,
    expires_at integer not null
  ) without rowid`,
  'create table faena_revocations (id text primary key, expires_at integer not null) without rowid',
  'create table faena_idempotency (key text primary key, request text not null, answer text, expires_at integer not null)',
]

function fieldsOf(labels: string, where: string): string {
  return `
     select failed_id, f.key as field,
            substr(case f.type when 'true' then 'true' when 'false' then 'false' else cast(f.value as text) end, 1, 180) as value
       from ${labels}, json_each(case when json_valid(surfaced) then surfaced else '{}' end) f
      where ${where} and f.type in ('text', 'integer', 'real', 'true', 'false')`
}
