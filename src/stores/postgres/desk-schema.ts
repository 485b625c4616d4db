import type { Catalogue } from './catalogue.ts'
import type { Names } from './names.ts'
import type { Change } from './schema.ts'

/**
 * What the management API keeps, and what finds failed jobs among a million. A trigger writes the surfaced fields of a
 * failed job where an index finds them, so that whoever labels it, in whatever version, has them found.
 */
export function deskTables(names: Names): Change[] {
  const own = (name: string, columns: string): Change => ({
    sql: `create table ${names.own(name)} (${columns.replace(/\n\s+/g, '\n  ').replace(/\n\s+$/, '\n')})`,
    missing: ({ tables }) => !tables.has(names.plainOwn(name)),
  })
  const ownIndex = (name: string, on: string, columns: string): Change => ({
    sql: `create index "${names.plainOwn(name)}" on ${names.own(on)} ${columns}`,
    missing: ({ indexes }) => !indexes.has(names.plainOwn(name)),
  })
  const dropped = (name: string): Change => ({
    sql: `drop index "${names.schema}"."${names.plainOwn(name)}"`,
    missing: ({ indexes }) => indexes.has(names.plainOwn(name)),
  })
  return [
    ownIndex('failed_by_fingerprint', 'failed', '(fingerprint, failed_id)'),
    ownIndex('failed_by_name', 'failed', '(name, failed_id)'),
    dropped('failed_fingerprint'),
    dropped('failed_name'),
    failedAtIndex(names),
    own(
      'failed_fields',
      'failed_id bigint not null, field text not null, value text not null, primary key (failed_id, field)',
    ),
    ownIndex('failed_fields_value', 'failed_fields', '(field, value, failed_id)'),
    labelling(names),
    own(
      'operations',
      `
      id bigserial primary key,
      kind text not null,
      filter text not null,
      up_to bigint not null,
      total bigint,
      rate double precision,
      subject text not null,
      state text not null,
      after_id bigint not null,
      changed bigint not null,
      skipped bigint not null,
      error text,
      owner text,
      fence bigint not null,
      lease_until bigint,
      created_at bigint not null,
      started_at bigint,
      ended_at bigint
    `,
    ),
    ownIndex('operations_open', 'operations', `(state, id) where state in ('pending', 'running')`),
    own(
      'audit',
      `
      id bigserial primary key,
      at bigint not null,
      subject text not null,
      role text,
      action text not null,
      target text,
      outcome text not null,
      source text,
      request_id text,
      detail text
    `,
    ),
    ownIndex('audit_target', 'audit', '(target, id) where target is not null'),
    ownIndex('audit_at', 'audit', '(at)'),
    own('users', 'name text primary key, password text not null, role text not null, created_at bigint not null'),
    own(
      'sessions',
      'id text primary key, subject text not null, role text not null, created_at bigint not null, expires_at bigint not null',
    ),
    own('revocations', 'id text primary key, expires_at bigint not null'),
    own('idempotency', 'key text primary key, request text not null, answer text, expires_at bigint not null'),
  ]
}

/** Laravel's table is in use: its index is made beside its users, and not where one begins with the column already. */
function failedAtIndex({ failedJobs, plain, plainOwn }: Names): Change {
  const index = plainOwn('failed_jobs_at')
  return {
    sql: `create index "${index}" on ${failedJobs} (failed_at)`,
    missing: ({ indexes }) =>
      ![...indexes.values()].some(
        ({ table, first, valid }) => valid && table === plain.failedJobs && first === 'failed_at',
      ),
    concurrent: { index, sql: `create index concurrently "${index}" on ${failedJobs} (failed_at)` },
  }
}

/** A field that the database cannot read (a text with NUL in it) is not found by; the job fails as it must all the same. */
function labelling(names: Names): Change {
  const [failed, fields, made] = [names.own('failed'), names.own('failed_fields'), names.plainOwn('labelled_1')]
  const named = names.own('labelled_1')
  return {
    sql: `
do $migration$ begin
create or replace function ${named}() returns trigger language plpgsql set search_path = pg_catalog as $function$
begin
  if tg_op <> 'INSERT' then
    delete from ${fields} where failed_id = old.failed_id;
  end if;
  if tg_op <> 'DELETE' and new.surfaced is not null then
    begin
      insert into ${fields} (failed_id, field, value)
      select new.failed_id, f.key, left(f.value #>> '{}', 180) from jsonb_each(new.surfaced::jsonb) f
       where jsonb_typeof(f.value) in ('string', 'number', 'boolean')
      on conflict do nothing;
    exception when data_exception or program_limit_exceeded then null;
    end;
  end if;
  return null;
end $function$;
drop trigger if exists "${made}" on ${failed};
create trigger "${made}" after insert or update or delete on ${failed} for each row execute function ${named}();
insert into ${fields} (failed_id, field, value)
select l.failed_id, f.key, left(f.value #>> '{}', 180)
  from ${failed} l cross join lateral jsonb_each(l.surfaced::jsonb) f
 where l.surfaced is not null and strpos(l.surfaced, '\\u') = 0 and jsonb_typeof(f.value) in ('string', 'number', 'boolean')
on conflict do nothing;
end $migration$`.trim(),
    missing: ({ functions }: Catalogue) => !functions.has(made),
  }
}
