create table public.faena_alerts (
  id bigint default nextval('public.faena_alerts_id_seq'::regclass) not null,
  key text not null,
  rule text not null,
  subject text not null,
  state text not null,
  opened_at bigint not null,
  last_at bigint not null,
  resolved_at bigint,
  amount bigint not null,
  detail text not null,
  told_at bigint,
  told_amount bigint not null,
  muted_until bigint,
  muted_by text,
  acknowledged_at bigint,
  acknowledged_by text,
  constraint faena_alerts_pkey PRIMARY KEY (id)
);

create table public.faena_audit (
  id bigint default nextval('public.faena_audit_id_seq'::regclass) not null,
  at bigint not null,
  subject text not null,
  role text,
  action text not null,
  target text,
  outcome text not null,
  source text,
  request_id text,
  detail text,
  constraint faena_audit_pkey PRIMARY KEY (id)
);

create table public.faena_failed (
  uuid text not null,
  failed_id bigint not null,
  name text,
  fingerprint text not null,
  headline text not null,
  surfaced text,
  constraint faena_failed_pkey PRIMARY KEY (uuid)
);

create table public.faena_failed_fields (
  failed_id bigint not null,
  field text not null,
  value text not null,
  constraint faena_failed_fields_pkey PRIMARY KEY (failed_id, field)
);

create table public.faena_holds (
  worker bigint not null,
  ranges bigint[] default '{}'::bigint[] not null,
  kept integer default 0 not null,
  constraint faena_holds_pkey PRIMARY KEY (worker)
) with (fillfactor=30, autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=1000);

create table public.faena_idempotency (
  key text not null,
  request text not null,
  answer text,
  expires_at bigint not null,
  constraint faena_idempotency_pkey PRIMARY KEY (key)
);

create table public.faena_locks (
  key text not null,
  uuid text not null,
  job_id bigint not null,
  until text not null,
  expires_at bigint,
  constraint faena_locks_pkey PRIMARY KEY (key)
);

create table public.faena_metrics (
  minute bigint not null,
  worker bigint not null,
  queue text not null,
  name text not null,
  completed bigint not null,
  failed bigint not null,
  retried bigint not null,
  released bigint not null,
  cancelled bigint not null,
  wait_ms bigint not null,
  run_ms bigint not null,
  dispatched bigint default 0 not null,
  started bigint default 0 not null,
  wait_0 bigint default 0 not null,
  wait_1 bigint default 0 not null,
  wait_2 bigint default 0 not null,
  wait_3 bigint default 0 not null,
  wait_4 bigint default 0 not null,
  wait_5 bigint default 0 not null,
  wait_6 bigint default 0 not null,
  wait_7 bigint default 0 not null,
  wait_8 bigint default 0 not null,
  wait_9 bigint default 0 not null,
  wait_10 bigint default 0 not null,
  run_0 bigint default 0 not null,
  run_1 bigint default 0 not null,
  run_2 bigint default 0 not null,
  run_3 bigint default 0 not null,
  run_4 bigint default 0 not null,
  run_5 bigint default 0 not null,
  run_6 bigint default 0 not null,
  run_7 bigint default 0 not null,
  run_8 bigint default 0 not null,
  run_9 bigint default 0 not null,
  run_10 bigint default 0 not null,
  constraint faena_metrics_pkey PRIMARY KEY (minute, worker, queue, name)
);

create table public.faena_migrations (
  version integer not null,
  name text not null,
  applied_at bigint not null,
  constraint faena_migrations_pkey PRIMARY KEY (version)
);

create table public.faena_operations (
  id bigint default nextval('public.faena_operations_id_seq'::regclass) not null,
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
  ended_at bigint,
  constraint faena_operations_pkey PRIMARY KEY (id)
);

create table public.faena_producers (
  producer text not null,
  seq bigint not null,
  ids bigint[] not null,
  outcomes text[],
  uuids text[],
  at bigint not null,
  constraint faena_producers_pkey PRIMARY KEY (producer)
) with (fillfactor=30, autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=1000);

create table public.faena_queues (
  name text not null,
  paused_at bigint,
  pause_reason text,
  constraint faena_queues_pkey PRIMARY KEY (name)
);

create table public.faena_reclaims (
  job_id bigint not null,
  uuid text,
  crashes integer not null,
  at bigint not null,
  worker_1 bigint,
  worker_2 bigint,
  worker_3 bigint,
  begun_by bigint,
  begun_seq bigint,
  constraint faena_reclaims_pkey PRIMARY KEY (job_id)
);

create table public.faena_revocations (
  id text not null,
  expires_at bigint not null,
  constraint faena_revocations_pkey PRIMARY KEY (id)
);

create table public.faena_runs (
  id bigint default nextval('public.faena_runs_id_seq'::regclass) not null,
  uuid text not null,
  attempt integer not null,
  name text not null,
  queue text not null,
  worker bigint not null,
  started_at bigint not null,
  ended_at bigint,
  outcome text not null,
  headline text,
  progress double precision,
  note text,
  log text not null,
  result text,
  keep_until bigint,
  constraint faena_runs_pkey PRIMARY KEY (id)
);

create table public.faena_schedules (
  key text not null,
  job text not null,
  queue text not null,
  input text not null,
  cron text,
  zone text,
  every_ms bigint,
  missed text not null,
  overlap text not null,
  origin text not null,
  next_at bigint,
  paused_at bigint,
  last_at bigint,
  last_uuid text,
  constraint faena_schedules_pkey PRIMARY KEY (key)
);

create table public.faena_sessions (
  id text not null,
  subject text not null,
  role text not null,
  created_at bigint not null,
  expires_at bigint not null,
  constraint faena_sessions_pkey PRIMARY KEY (id)
);

create table public.faena_users (
  name text not null,
  password text not null,
  role text not null,
  created_at bigint not null,
  constraint faena_users_pkey PRIMARY KEY (name)
);

create table public.faena_watches (
  name text not null,
  owner text,
  fence bigint not null,
  lease_until bigint not null,
  state text,
  constraint faena_watches_pkey PRIMARY KEY (name)
);

create table public.faena_workers (
  id bigint default nextval('public.faena_workers_id_seq'::regclass) not null,
  name text not null,
  host text not null,
  pid integer not null,
  version text not null,
  queues text not null,
  concurrency integer not null,
  default_tries integer not null,
  running integer default 0 not null,
  memory_bytes bigint default 0 not null,
  state text default 'running'::text not null,
  command text,
  started_at bigint not null,
  beat_at bigint not null,
  lease_until bigint not null,
  settled_0 bigint default 0 not null,
  answer_0 text,
  settled_1 bigint default 0 not null,
  answer_1 text,
  job_names text,
  constraint faena_workers_pkey PRIMARY KEY (id)
) with (fillfactor=30, autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=1000);

create table public.failed_jobs (
  id bigint default nextval('public.failed_jobs_id_seq'::regclass) not null,
  uuid character varying(255) not null,
  connection text not null,
  queue text not null,
  payload text not null,
  exception text not null,
  failed_at timestamp(0) without time zone default CURRENT_TIMESTAMP not null,
  constraint failed_jobs_pkey PRIMARY KEY (id),
  constraint failed_jobs_uuid_unique UNIQUE (uuid)
);

create table public.job_batches (
  id character varying(255) not null,
  name character varying(255) not null,
  total_jobs integer not null,
  pending_jobs integer not null,
  failed_jobs integer not null,
  failed_job_ids text not null,
  options text,
  cancelled_at integer,
  created_at integer not null,
  finished_at integer,
  constraint job_batches_pkey PRIMARY KEY (id)
);

create table public.jobs (
  id bigint default nextval('public.jobs_id_seq'::regclass) not null,
  queue character varying(255) not null,
  payload text not null,
  attempts smallint not null,
  reserved_at integer,
  available_at integer not null,
  created_at integer not null,
  name text,
  max_attempts integer,
  priority integer,
  reserved_by bigint,
  constraint jobs_pkey PRIMARY KEY (id)
) with (fillfactor=50, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=5000, autovacuum_vacuum_insert_scale_factor=0.2, autovacuum_analyze_scale_factor=0.05, autovacuum_vacuum_cost_delay=1);

CREATE UNIQUE INDEX faena_alerts_key ON public.faena_alerts USING btree (key);

CREATE INDEX faena_alerts_state ON public.faena_alerts USING btree (state, id);

CREATE INDEX faena_audit_at ON public.faena_audit USING btree (at);

CREATE INDEX faena_audit_target ON public.faena_audit USING btree (target, id) WHERE (target IS NOT NULL);

CREATE INDEX faena_failed_by_fingerprint ON public.faena_failed USING btree (fingerprint, failed_id);

CREATE INDEX faena_failed_by_name ON public.faena_failed USING btree (name, failed_id);

CREATE INDEX faena_failed_fields_value ON public.faena_failed_fields USING btree (field, value, failed_id);

CREATE INDEX faena_failed_jobs_at ON public.failed_jobs USING btree (failed_at);

CREATE INDEX faena_jobs_due ON public.jobs USING btree (queue, COALESCE(priority, 0), available_at, id) INCLUDE (name);

CREATE INDEX faena_jobs_odd ON public.jobs USING btree (id) WHERE (substr(payload, 1, 9) <> '{"uuid":"'::text);

CREATE INDEX faena_jobs_uuid ON public.jobs USING btree (substr(payload, 10, 36));

CREATE INDEX faena_locks_job ON public.faena_locks USING btree (job_id);

CREATE INDEX faena_locks_processing ON public.faena_locks USING btree (job_id) WHERE (until = 'processing'::text);

CREATE INDEX faena_operations_open ON public.faena_operations USING btree (state, id) WHERE (state = ANY (ARRAY['pending'::text, 'running'::text]));

CREATE UNIQUE INDEX faena_runs_attempt ON public.faena_runs USING btree (uuid, attempt);

CREATE INDEX faena_runs_started ON public.faena_runs USING btree (started_at);

CREATE OR REPLACE FUNCTION public.faena_held_2(of_workers bigint[])
 RETURNS bigint[]
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog'
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
 SET lock_timeout TO '4s'
 SET enable_bitmapscan TO 'off'
 SET enable_sort TO 'off'
AS $function$
begin
  if (select count(*) from "public"."faena_holds" h where h.worker = any(of_workers)) < cardinality(of_workers) then
    return null;
  end if;
  return array(
    select j.id
      from "public"."faena_holds" h
           cross join generate_series(1, cardinality(h.ranges), 2) n
           cross join lateral (select j.id from "public"."jobs" j where j.id between h.ranges[n] and h.ranges[n + 1] and j.reserved_by = h.worker order by j.id) j
     where h.worker = any(of_workers)
  );
end
$function$;

CREATE OR REPLACE FUNCTION public.faena_job_of_1(payload text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select case when right(rtrim(payload, E' \t\r\n'), 1) = '}'
              then replace(substring(left(payload, 4000) from '^\s*\{(?:\s*"(?:[^"\\]|\\.)*"\s*:\s*(?:"(?:[^"\\]|\\.)*"|-?[0-9.eE+-]+|true|false|null)\s*,)*\s*"job"\s*:\s*"((?:[^"\\]|\\.)*)"'), '\/', '/') end
$function$;

CREATE OR REPLACE FUNCTION public.faena_jobs_of_uuids_1(given text[])
 RETURNS TABLE(id bigint, uuid text)
 LANGUAGE plpgsql
 STABLE ROWS 10
 SET search_path TO 'pg_catalog'
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
 SET lock_timeout TO '4s'
AS $function$
begin
  return query select j.id::bigint, substr(j.payload, 10, 36) from "public"."jobs" j where substr(j.payload, 10, 36) = any(given);
  return query select j.id::bigint, "public"."faena_uuid_of_1"(j.payload) from "public"."jobs" j where substr(j.payload, 1, 9) <> '{"uuid":"' and "public"."faena_uuid_of_1"(j.payload) = any(given);
end
$function$;

CREATE OR REPLACE FUNCTION public.faena_labelled_1()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog'
AS $function$
begin
  if tg_op <> 'INSERT' then
    delete from "public"."faena_failed_fields" where failed_id = old.failed_id;
  end if;
  if tg_op <> 'DELETE' and new.surfaced is not null then
    begin
      insert into "public"."faena_failed_fields" (failed_id, field, value)
      select new.failed_id, f.key, left(f.value #>> '{}', 180) from jsonb_each(new.surfaced::jsonb) f
       where jsonb_typeof(f.value) in ('string', 'number', 'boolean')
      on conflict do nothing;
    exception when data_exception or program_limit_exceeded then null;
    end;
  end if;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.faena_push_3(of_producer text, of_seq bigint, known_uuids text[], in_queues text[], in_payloads text[], in_names text[], in_tries integer[], in_priorities integer[], in_delays bigint[], in_dues bigint[], in_uuids text[], in_keys text[], in_untils text[], in_lengths bigint[], in_rules text[], to_channel text, given_ms bigint)
 RETURNS TABLE(ids bigint[], outcomes text[], uuids text[], seq bigint, known text, too_late boolean)
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog'
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
 SET lock_timeout TO '4s'
AS $function$
#variable_conflict use_column
declare
  ms constant bigint := coalesce(given_ms, floor(extract(epoch from clock_timestamp()) * 1000)::bigint);
  this_second constant integer := ms / 1000;
  sequence constant regclass := pg_get_serial_sequence('"public"."jobs"', 'id');
  new_ids bigint[];
  is_new constant boolean := known_uuids is null and in_delays is null and in_dues is null;
  at_last constant integer := cardinality(in_payloads);
  found_uuid text;
  its_outcomes text[];
  its_uuids text[];
  its_ids bigint[];
  taken_keys text[];
  wanted_keys text[];
  told text;
  t record;
  holder record;
  job record;
  every_queue text;
  every_name text;
  every_tries integer;
  every_priority integer;
begin
  -- First, so that a push whose answer was lost, and which stored its jobs without telling of them, does so when it is repeated.
  if to_channel is not null then
    told := pg_notify(to_channel, '');
  end if;
  -- Where nothing can be wrong with the jobs, the producer's row says below whether they are stored already.
  if of_producer is not null and not is_new then
    return query select case when p.seq > of_seq or cardinality(p.ids) = at_last then p.ids
                else array(select generate_series(p.ids[1], p.ids[2])) end, p.outcomes, p.uuids, p.seq, null::text, false from "public"."faena_producers" p where p.producer = of_producer and p.seq >= of_seq;
    if found then return; end if;
  end if;

  if known_uuids is not null then
    perform pg_advisory_xact_lock(hashtext('"public"."jobs"'), s.share)
       from (select distinct abs(hashtext(u) % 256) as share from unnest(known_uuids) u order by 1) s;
    found_uuid := coalesce(
      (select substr(j.payload, 10, 36) from "public"."jobs" j where substr(j.payload, 10, 36) = any(known_uuids) limit 1),
      (select f.uuid from "public"."failed_jobs" f where f.uuid = any(known_uuids) limit 1)
    );
    if found_uuid is not null then
      return query select case when p.seq > of_seq or cardinality(p.ids) = at_last then p.ids
                else array(select generate_series(p.ids[1], p.ids[2])) end, p.outcomes, p.uuids, p.seq, null::text, false from "public"."faena_producers" p where p.producer = of_producer and p.seq >= of_seq;
      if not found then return query select null::bigint[], null::text[], null::text[], of_seq, found_uuid, false; end if;
      return;
    end if;
  end if;

  if in_dues is not null or in_delays is not null then
    if exists (
      select from unnest(in_delays, in_dues) t(delay_ms, due_ms) where coalesce(t.due_ms, ms + t.delay_ms) > 2147483647 * 1000::bigint
    ) then
      return query select null::bigint[], null::text[], null::text[], of_seq, null::text, true;
      return;
    end if;
  end if;

  if at_last = 1 then
    new_ids := array[nextval(sequence)];
  else
    new_ids := array(select nextval(sequence) from generate_series(1, at_last));
  end if;
  if of_producer is not null then
    insert into "public"."faena_producers" as p (producer, seq, ids, at) values (
      of_producer, of_seq, case when new_ids[at_last] - new_ids[1] = at_last - 1 then new_ids[1:1] || new_ids[at_last:] else new_ids end, ms
    )
    on conflict (producer) do update set seq = excluded.seq, ids = excluded.ids, outcomes = null, uuids = null, at = excluded.at
     where p.seq < excluded.seq;
    if not found then
      return query select case when p.seq > of_seq or cardinality(p.ids) = at_last then p.ids
                else array(select generate_series(p.ids[1], p.ids[2])) end, p.outcomes, p.uuids, p.seq, null::text, false from "public"."faena_producers" p where p.producer = of_producer;
      return;
    end if;
  end if;

  if at_last = 1 and in_keys is null then
    insert into "public"."jobs" (id, queue, payload, attempts, available_at, created_at, name, max_attempts, priority)
    values (new_ids[1], in_queues[1], in_payloads[1], 0, case when in_dues[1] is not null then ceil(in_dues[1] / 1000.0)::integer
                when in_delays[1] > 0 then ceil((ms + in_delays[1]) / 1000.0)::integer
                else this_second end, this_second, in_names[1], in_tries[1],
            nullif(in_priorities[1], 0));
  else
    every_queue := case when cardinality(in_queues) = 1 then in_queues[1] end;
    every_name := case when cardinality(in_names) = 1 then in_names[1] end;
    every_tries := case when cardinality(in_tries) = 1 then in_tries[1] end;
    every_priority := case when cardinality(in_priorities) = 1 then in_priorities[1] end;
    insert into "public"."jobs" (id, queue, payload, attempts, available_at, created_at, name, max_attempts, priority)
    select new_ids[t.at], coalesce(every_queue, t.queue), t.payload, 0, case when t.due_ms is not null then ceil(t.due_ms / 1000.0)::integer
                when t.delay_ms > 0 then ceil((ms + t.delay_ms) / 1000.0)::integer
                else this_second end, this_second, coalesce(every_name, t.name),
           coalesce(every_tries, t.tries), nullif(coalesce(every_priority, t.priority), 0)
      from unnest(in_queues, in_payloads, in_names, in_tries, in_priorities, in_delays, in_dues, in_keys)
           with ordinality as t(queue, payload, name, tries, priority, delay_ms, due_ms, key, at)
     where t.key is null;
  end if;
  if in_keys is null then
    ids := new_ids;
    seq := of_seq;
    too_late := false;
    return next;
    return;
  end if;

  -- The keys of this push, in order, until each is either ours from now on or locked with the job that holds it.
  taken_keys := '{}';
  loop
    wanted_keys := array(select distinct k from unnest(in_keys) k where k is not null and k <> all(taken_keys));
    exit when wanted_keys = '{}';
    insert into "public"."faena_locks" (key, uuid, job_id, until, expires_at)
    select distinct on (t.key) t.key, t.uuid, new_ids[t.at], t.until, ms + t.length
      from unnest(in_keys, in_uuids, in_untils, in_lengths) with ordinality as t(key, uuid, until, length, at)
     where t.key = any(wanted_keys)
     order by t.key, t.at
    on conflict (key) do nothing;
    taken_keys := taken_keys || array(select l.key from "public"."faena_locks" l where l.key = any(wanted_keys) order by l.key for update);
  end loop;

  its_outcomes := array_fill('dispatched'::text, array[at_last]);
  its_uuids := in_uuids;
  its_ids := new_ids;
  for t in
    select * from unnest(in_queues, in_payloads, in_names, in_tries, in_priorities, in_delays, in_dues, in_uuids, in_keys, in_untils,
                         in_lengths, in_rules)
             with ordinality as t(queue, payload, name, tries, priority, delay_ms, due_ms, uuid, key, until, length, rule, at)
     where t.key is not null
     order by t.at
  loop
    select l.* into holder from "public"."faena_locks" l where l.key = t.key;
    <<looking>>
    loop
      exit looking when holder.job_id = new_ids[t.at];
      select j.id, j.reserved_at is not null as is_reserved into job
        from "public"."jobs" j where j.id = holder.job_id and (substr(j.payload, 10, 36) = holder.uuid or substr(j.payload, 1, 9) <> '{"uuid":"');
      -- A lock whose time is over, or whose job vanished, holds nothing. Whoever emptied the table may have let its ids begin
      -- anew, as Laravel's truncate does: then another job has the id, and its payload another uuid.
      if holder.expires_at <= ms or (holder.until <> 'window' and job.id is null) or (holder.until = 'processing' and job.is_reserved) then
        update "public"."faena_locks" l set uuid = t.uuid, job_id = new_ids[t.at], until = t.until, expires_at = ms + t.length where l.key = t.key;
        holder.job_id := new_ids[t.at];
        exit looking;
      end if;
      its_uuids[t.at] := holder.uuid;
      its_ids[t.at] := holder.job_id;
      its_outcomes[t.at] := 'skipped';
      exit looking when t.rule = 'skip' or job.id is null or job.is_reserved;
      perform from "public"."jobs" j where j.id = holder.job_id and j.reserved_at is null for update;
      -- It was taken or went away while we waited for its row: look again.
      continue looking when not found;
      if t.rule = 'pushBack' then
        its_outcomes[t.at] := 'pushedBack';
        update "public"."jobs" j set available_at = case when t.due_ms is not null then ceil(t.due_ms / 1000.0)::integer
                when t.delay_ms > 0 then ceil((ms + t.delay_ms) / 1000.0)::integer
                else this_second end where j.id = holder.job_id;
      else
        -- The waiting job keeps its identity: whoever waits for its uuid still finds it.
        its_outcomes[t.at] := 'replaced';
        update "public"."jobs" j
           set payload = case when substr(t.payload, 10, 36) = t.uuid then overlay(t.payload placing holder.uuid from 10 for 36)
                              else replace(t.payload, t.uuid, holder.uuid) end,
               available_at = case when t.due_ms is not null then ceil(t.due_ms / 1000.0)::integer
                when t.delay_ms > 0 then ceil((ms + t.delay_ms) / 1000.0)::integer
                else this_second end, priority = nullif(t.priority, 0), max_attempts = t.tries, queue = t.queue, attempts = 0
         where j.id = holder.job_id;
      end if;
      exit looking;
    end loop;
    if holder.job_id = new_ids[t.at] then
      its_uuids[t.at] := t.uuid;
      its_ids[t.at] := new_ids[t.at];
      its_outcomes[t.at] := 'dispatched';
      insert into "public"."jobs" (id, queue, payload, attempts, available_at, created_at, name, max_attempts, priority)
      values (new_ids[t.at], t.queue, t.payload, 0, case when t.due_ms is not null then ceil(t.due_ms / 1000.0)::integer
                when t.delay_ms > 0 then ceil((ms + t.delay_ms) / 1000.0)::integer
                else this_second end, this_second, t.name, t.tries, nullif(t.priority, 0));
    end if;
  end loop;

  if of_producer is not null then
    update "public"."faena_producers" p set ids = its_ids, outcomes = its_outcomes, uuids = its_uuids where p.producer = of_producer;
  end if;
  return query select its_ids, its_outcomes, its_uuids, of_seq, null::text, false;
end
$function$;

CREATE OR REPLACE FUNCTION public.faena_reserve_5(by_worker bigint, of_queues text[], of_names text[], of_jobs text[], most integer, most_bytes bigint, most_singles integer, default_tries integer, left_alone bigint[], known_queues text[], known_priorities integer[], known_places integer[], known_ids bigint[], given_ms bigint)
 RETURNS TABLE(pairs text, ids bigint[], attempts integer[], max_attempts integer[], available_at integer[], created_at integer[], crashes integer[], names text, payloads text, unclear bigint[], next_due_ms bigint, looked_us bigint, lost boolean)
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog'
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
 SET lock_timeout TO '4s'
 SET enable_bitmapscan TO 'off'
 SET enable_sort TO 'off'
AS $function$
#variable_conflict use_column
declare
  started constant timestamptz := clock_timestamp();
  ms constant bigint := coalesce(given_ms, floor(extract(epoch from started) * 1000)::bigint);
  this_second constant integer := ms / 1000;
  pair integer := 0;
  this_queue text;
  -- Null where the queue's priorities are gone through.
  this_priority bigint;
  next_priority bigint;
  place integer;
  place_id bigint;
  places tid[];
  found_names text;
  found_payloads text;
  found_bytes bigint;
  found_largest bigint;
  found_singles integer;
  found_unclear integer;
  found_count integer;
  found_job record;
  chosen bigint[];
  chosen_count integer;
  is_paused boolean;
  wanted integer;
  taken integer := 0;
  bytes bigint := 0;
  singles integer := 0;
  held_ranges bigint[];
  still_held bigint[];
  has_keys boolean;
  has_crashes boolean;
  soonest integer;
  next_due integer;
  is_full boolean := most < 1;
  written integer;
begin
  <<pairs>>
  while not is_full loop
    if known_queues is not null then
      pair := pair + 1;
      exit pairs when pair > cardinality(known_queues);
      this_queue := known_queues[pair];
      this_priority := known_priorities[pair];
      place := known_places[pair];
      place_id := known_ids[pair];
    else
      while this_priority is null loop
        pair := pair + 1;
        exit pairs when pair > cardinality(of_queues);
        this_queue := of_queues[pair];
        select coalesce(j.priority, 0) into this_priority
          from "public"."jobs" j where j.queue = this_queue order by coalesce(j.priority, 0) limit 1;
      end loop;
      place := -2147483648;
      place_id := 0;
    end if;

    wanted := most - taken;
    -- Long payloads are read once it is known which of them fit: all that are found could be more than the server can put together.
    
    select ids || array_agg(d.its_id), places || array_agg(d.place), attempts || array_agg(d.its_attempts),
           max_attempts || array_agg(d.most_attempts), available_at || array_agg(d.due),
           created_at || array_agg(d.created), string_agg(d.name, chr(31)), string_agg(d.payload, chr(31)) filter (where d.bytes <= most_bytes / wanted), coalesce(sum(d.bytes), 0),
           max(d.bytes), count(*) filter (where d.is_single), count(*) filter (where d.is_unclear), count(*),
           case when count(*) = 0 then exists (select from "public"."faena_queues" q where q.name = this_queue and q.paused_at is not null) else false end,
           case when count(*) < wanted then (
             select j.available_at from "public"."jobs" j
              where j.queue = this_queue and coalesce(j.priority, 0) = this_priority and j.available_at > this_second
                and j.reserved_at is null
              order by j.available_at limit 1) end,
           case when count(*) < wanted and known_queues is null then (
             select coalesce(j.priority, 0) from "public"."jobs" j
              where j.queue = this_queue and coalesce(j.priority, 0) > this_priority
              order by coalesce(j.priority, 0) limit 1) end
      into ids, places, attempts, max_attempts, available_at, created_at, found_names, found_payloads, found_bytes, found_largest, found_singles, found_unclear, found_count, is_paused, soonest, next_priority
      from (
        select j.id as its_id, j.ctid as place, least(coalesce(j.attempts, 0)::integer + 1, 32767) as its_attempts,
               coalesce(j.max_attempts, -1) as most_attempts, j.available_at as due, coalesce(j.created_at, 0) as created,
               coalesce(j.name, '') as name, j.payload, octet_length(j.payload)::bigint as bytes,
               coalesce(j.max_attempts, case when j.name is not null then null
                when left(j.payload, 4000) ~ '"retryUntil":[0-9]' then 0
                else substring(left(j.payload, 4000) from '"maxTries":([0-9]{1,9})')::integer end, default_tries) = 1 as is_single, j.name is null and "public"."faena_job_of_1"(j.payload) is null as is_unclear
          from "public"."jobs" j
         where j.queue = this_queue and coalesce(j.priority, 0) = this_priority and j.available_at <= this_second
           and (j.available_at, j.id) > (place, place_id) and j.reserved_at is null
           and (j.name = any(of_names) or (j.name is null and coalesce("public"."faena_job_of_1"(j.payload) = any(of_jobs), true) and j.id <> all(left_alone)))
           and not exists (select from "public"."faena_queues" q where q.name = this_queue and q.paused_at is not null)
         order by j.available_at, j.id
         limit wanted
           for update skip locked
      ) d;
    if is_paused then
      this_priority := null;
      continue pairs;
    end if;
    chosen_count := found_count;

    if found_count > 0 and (
      found_unclear > 0 or found_largest > most_bytes / wanted or bytes + found_bytes > most_bytes or singles + found_singles > most_singles
    ) then
      chosen := '{}';
      found_bytes := bytes;
      found_singles := singles;
      for found_job in
        select j.id, octet_length(j.payload) as bytes, coalesce(j.max_attempts, case when j.name is not null then null
                when left(j.payload, 4000) ~ '"retryUntil":[0-9]' then 0
                else substring(left(j.payload, 4000) from '"maxTries":([0-9]{1,9})')::integer end, default_tries) = 1 as is_single, j.name is null and "public"."faena_job_of_1"(j.payload) is null as is_unclear
          from "public"."jobs" j where j.id = any(ids[taken + 1:]) order by j.available_at, j.id
      loop
        if found_job.is_unclear then
          unclear := unclear || found_job.id;
          continue;
        end if;
        is_full := (taken + cardinality(chosen) > 0 and found_bytes + found_job.bytes > most_bytes)
                   or (found_job.is_single and found_singles >= most_singles);
        exit when is_full;
        found_bytes := found_bytes + found_job.bytes;
        found_singles := found_singles + found_job.is_single::integer;
        chosen := chosen || found_job.id;
      end loop;
      chosen_count := cardinality(chosen);
      found_singles := found_singles - singles;
      
    select ids[:taken] || array_agg(d.its_id), places[:taken] || array_agg(d.place), attempts[:taken] || array_agg(d.its_attempts),
           max_attempts[:taken] || array_agg(d.most_attempts), available_at[:taken] || array_agg(d.due),
           created_at[:taken] || array_agg(d.created), string_agg(d.name, chr(31)), string_agg(d.payload, chr(31)), coalesce(sum(d.bytes), 0)
        into ids, places, attempts, max_attempts, available_at, created_at, found_names, found_payloads, found_bytes
        from (select j.id as its_id, j.ctid as place, least(coalesce(j.attempts, 0)::integer + 1, 32767) as its_attempts,
               coalesce(j.max_attempts, -1) as most_attempts, j.available_at as due, coalesce(j.created_at, 0) as created,
               coalesce(j.name, '') as name, j.payload, octet_length(j.payload)::bigint as bytes,
               coalesce(j.max_attempts, case when j.name is not null then null
                when left(j.payload, 4000) ~ '"retryUntil":[0-9]' then 0
                else substring(left(j.payload, 4000) from '"maxTries":([0-9]{1,9})')::integer end, default_tries) = 1 as is_single, j.name is null and "public"."faena_job_of_1"(j.payload) is null as is_unclear from "public"."jobs" j where j.id = any(chosen) order by j.available_at, j.id) d;
      if found_count = wanted and not is_full then
        select (
             select j.available_at from "public"."jobs" j
              where j.queue = this_queue and coalesce(j.priority, 0) = this_priority and j.available_at > this_second
                and j.reserved_at is null
              order by j.available_at limit 1), case when known_queues is null then (
             select coalesce(j.priority, 0) from "public"."jobs" j
              where j.queue = this_queue and coalesce(j.priority, 0) > this_priority
              order by coalesce(j.priority, 0) limit 1) end into soonest, next_priority;
      end if;
    end if;

    if chosen_count > 0 then
      taken := taken + chosen_count;
      bytes := bytes + found_bytes;
      singles := singles + found_singles;
      names := concat_ws(chr(31), names, found_names);
      payloads := concat_ws(chr(31), payloads, found_payloads);
      place := available_at[taken];
      place_id := ids[taken];
      is_full := is_full or taken >= most;
    end if;
    -- All that was due has been seen: what comes will be due from this second on.
    if not is_full and found_count < wanted and place < this_second then
      place := this_second;
      place_id := 0;
    end if;
    pairs := concat_ws(',', pairs, json_build_array(this_queue, this_priority, place, place_id, chosen_count));
    next_due := least(next_due, soonest);
    this_priority := next_priority;
  end loop;
  looked_us := extract(epoch from clock_timestamp() - started) * 1000000;

  if taken = 0 then
    lost := not exists (select from "public"."faena_workers" w where w.id = by_worker and w.lease_until > ms);
  else
    -- Whoever reclaims this worker waits for us now, or we wait for it here and find the row gone.
    with mine as (select from "public"."faena_workers" w where w.id = by_worker and w.lease_until > ms for key share)
    select not exists (select from mine), exists (select from "public"."faena_locks" l where l.until = 'processing'),
           exists (select from "public"."faena_reclaims"), (select case when max(i) - min(i) <= 1000 + 4 * count(*) then array[min(i), max(i)]
                else array(select o.i from unnest(ids) o(i) cross join generate_series(1, 2) order by o.i) end from unnest(ids) i)
      into lost, has_keys, has_crashes, held_ranges;
  end if;
  if taken = 0 or lost then
    ids := null;
  else
    if has_keys then
      -- A key that a push looks at just now is left: a reserved holder frees it all the same.
      delete from "public"."faena_locks" l where l.key = any(array(
        select k.key from "public"."faena_locks" k where k.until = 'processing' and k.job_id = any(ids) order by k.key for update skip locked
      ));
    end if;
    update "public"."faena_holds" h set ranges = h.ranges || held_ranges
     where h.worker = by_worker and cardinality(h.ranges) < 2 * 32 + 2 * h.kept;
    if not found then
      -- Locked before it is read: a call that its caller gave up waiting for may still be adding to it.
      perform from "public"."faena_holds" h where h.worker = by_worker for update;
      still_held := array(
        select b
          from "public"."faena_holds" o cross join generate_series(1, cardinality(o.ranges), 2) n
               cross join lateral (select j.id from "public"."jobs" j where j.id between o.ranges[n] and o.ranges[n + 1] and j.reserved_by = by_worker order by j.id limit 1) j
               cross join lateral (values (o.ranges[n]), (o.ranges[n + 1])) v(b)
         where o.worker = by_worker
         order by n, b
      );
      update "public"."faena_holds" h set ranges = still_held || held_ranges, kept = cardinality(still_held) where h.worker = by_worker;
    end if;
    if has_crashes then
      crashes := array(
        select coalesce((select r.crashes from "public"."faena_reclaims" r where r.job_id = j.id and (r.uuid is null or (substr(j.payload, 10, 36) = r.uuid or substr(j.payload, 1, 9) <> '{"uuid":"'))), 0)
          from unnest(ids) with ordinality t(id, at)
         cross join lateral (select j.id, j.payload from "public"."jobs" j where j.id = t.id offset 0) j
         order by t.at
      );
    end if;
    update "public"."jobs" j
       set reserved_at = this_second, reserved_by = by_worker, attempts = least(coalesce(j.attempts, 0)::integer + 1, 32767)
     where j.ctid = any(places);
    get diagnostics written = row_count;
    if written <> taken then
      raise exception 'reserved % of % jobs', written, taken using errcode = 'serialization_failure';
    end if;
  end if;
  if next_due is not null and not is_full then
    next_due_ms := greatest(next_due::bigint * 1000 - ms, 0);
  end if;
  return next;
end
$function$;

CREATE OR REPLACE FUNCTION public.faena_settle_3(by_worker bigint, of_channel integer, of_seq bigint, of_ids bigint[], of_attempts integer[], of_kinds text[], of_delays bigint[], unique_ids bigint[], failed_ids bigint[], in_uuids text[], in_payloads text[], in_exceptions text[], in_names text[], in_fingerprints text[], in_headlines text[], in_surfaced text[], connection_name text, zone text, given_ms bigint)
 RETURNS text
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog'
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
 SET lock_timeout TO '4s'
AS $function$
#variable_conflict use_column
declare
  lost bigint[];
  answer text;
begin
  update "public"."faena_workers" w
     set settled_0 = case of_channel when 0 then of_seq else w.settled_0 end,
         settled_1 = case of_channel when 1 then of_seq else w.settled_1 end,
         answer_0 = case of_channel when 1 then w.answer_0 end,
         answer_1 = case of_channel when 0 then w.answer_1 end
   where w.id = by_worker and case of_channel when 0 then w.settled_0 else w.settled_1 end < of_seq;
  if not found then
    select case of_channel when 0 then w.answer_0 else w.answer_1 end into answer from "public"."faena_workers" w where w.id = by_worker;
    if found then return answer; end if;
    return json_build_object('lost', of_ids, 'refused', '[]'::json);
  end if;
  lost := "public"."faena_write_outcomes_3"(by_worker, of_ids, of_attempts, of_kinds, of_delays, unique_ids, failed_ids, in_uuids, in_payloads, in_exceptions, in_names,
    in_fingerprints, in_headlines, in_surfaced, connection_name, zone, given_ms);
  if lost = '{}' then return null; end if;
  answer := json_build_object('lost', lost, 'refused', '[]'::json);
  update "public"."faena_workers" w
     set answer_0 = case of_channel when 0 then answer else w.answer_0 end,
         answer_1 = case of_channel when 1 then answer else w.answer_1 end
   where w.id = by_worker;
  return answer;
end
$function$;

CREATE OR REPLACE FUNCTION public.faena_uuid_of_1(payload text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select substring(left(payload, 4000) from '^\s*\{(?:\s*"(?:[^"\\]|\\.)*"\s*:\s*(?:"(?:[^"\\]|\\.)*"|-?[0-9.eE+-]+|true|false|null)\s*,)*\s*"uuid"\s*:\s*"((?:[^"\\]|\\.)*)"')
$function$;

CREATE OR REPLACE FUNCTION public.faena_write_outcomes_3(by_worker bigint, of_ids bigint[], of_attempts integer[], of_kinds text[], of_delays bigint[], unique_ids bigint[], failed_ids bigint[], in_uuids text[], in_payloads text[], in_exceptions text[], in_names text[], in_fingerprints text[], in_headlines text[], in_surfaced text[], connection_name text, zone text, given_ms bigint)
 RETURNS bigint[]
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog'
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
 SET lock_timeout TO '4s'
AS $function$
#variable_conflict use_column
declare
  ms constant bigint := coalesce(given_ms, floor(extract(epoch from clock_timestamp()) * 1000)::bigint);
  this_second constant integer := ms / 1000;
  mine bigint[];
  lost bigint[] := '{}';
  ended integer;
  back_ids bigint[];
  back_spared integer[];
  back_due integer[];
begin
  if of_kinds is null then
    -- Nearly always all of them are ours and of one attempt. Where one is not, the deletion is undone and done with a list.
    if of_attempts[1] = all(of_attempts) then
      begin
        delete from "public"."jobs" j where j.id = any(of_ids) and j.attempts = of_attempts[1] and j.reserved_by = by_worker;
        get diagnostics ended = row_count;
        if ended = cardinality(of_ids) then return '{}'; end if;
        raise sqlstate 'FA001';
      exception when sqlstate 'FA001' then null;
      end;
    end if;
    with gone as (
      delete from "public"."jobs" j
       where j.id = any(of_ids) and j.attempts = of_attempts[array_position(of_ids, j.id)] and j.reserved_by = by_worker
      returning j.id
    )
    select coalesce(array_agg(g.id), '{}') into mine from gone g;
    return array(select i from unnest(of_ids) i where i <> all(mine));
  end if;

  -- Keys before jobs, as a push locks them.
  if unique_ids <> '{}' then
    perform from "public"."faena_locks" l where l.job_id = any(unique_ids) and l.until <> 'window' order by l.key for update;
  end if;
  mine := array(
    select locked.id from (select o.id, o.attempts from unnest(of_ids, of_attempts) o(id, attempts) order by o.id) o
     cross join lateral (
       select j.id from "public"."jobs" j where j.id = o.id and j.attempts = o.attempts and j.reserved_by = by_worker for update of j
     ) locked
  );
  if cardinality(mine) < cardinality(of_ids) then
    lost := array(select i from unnest(of_ids) i where i <> all(mine));
    select coalesce(array_agg(o.id), '{}'), array_agg(o.kind), array_agg(o.delay_ms) into of_ids, of_kinds, of_delays
      from unnest(of_ids, of_kinds, of_delays) o(id, kind, delay_ms) where o.id = any(mine);
    unique_ids := array(select i from unnest(unique_ids) i where i = any(mine));
  end if;
  if failed_ids <> '{}' then
    -- One uuid has one row, and the newest failure is the one to read: a copy may be left of a retry by somebody else.
    delete from "public"."failed_jobs" f
     where f.uuid = any(array(select o.uuid from unnest(failed_ids, in_uuids) o(id, uuid) where o.id <> all(lost)));
    insert into "public"."failed_jobs" (uuid, connection, queue, payload, exception, failed_at)
    select o.uuid, connection_name, j.queue, coalesce(o.payload, j.payload), o.exception, to_timestamp(this_second) at time zone zone
      from unnest(failed_ids, in_uuids, in_payloads, in_exceptions) o(id, uuid, payload, exception)
     cross join lateral (select j.queue, j.payload from "public"."jobs" j where j.id = o.id offset 0) j
     where o.id <> all(lost);
    insert into "public"."faena_failed" (uuid, failed_id, name, fingerprint, headline, surfaced)
    select o.uuid, s.id, o.name, o.fingerprint, o.headline, o.surfaced
      from unnest(failed_ids, in_uuids, in_names, in_fingerprints, in_headlines, in_surfaced)
           o(id, uuid, name, fingerprint, headline, surfaced)
      join lateral (
        select max(known.id) as id
          from (select f.id from "public"."failed_jobs" f where f.uuid = o.uuid offset 0) known
      ) s on s.id is not null
     where o.id <> all(lost)
    on conflict (uuid) do update
       set failed_id = excluded.failed_id, name = excluded.name, fingerprint = excluded.fingerprint,
           headline = excluded.headline, surfaced = excluded.surfaced;
  end if;
  select array_agg(o.id), array_agg(case o.kind when 'released' then 1 else 0 end),
         array_agg(case when o.delay_ms > 0 then ceil((ms + o.delay_ms) / 1000.0)::integer else this_second end)
    into back_ids, back_spared, back_due
    from unnest(of_ids, of_kinds, of_delays) o(id, kind, delay_ms) where o.kind in ('retry', 'released');
  -- A row's place in the lists is looked for once.
  update "public"."jobs" j
     set reserved_at = null, reserved_by = null,
         (available_at, attempts) = (
           select back_due[o.place], greatest(j.attempts - back_spared[o.place], 0) from (select array_position(back_ids, j.id) as place offset 0) o
         )
   where j.id = any(back_ids);
  delete from "public"."jobs" j
   where j.id = any(array(select o.id from unnest(of_ids, of_kinds) o(id, kind) where o.kind in ('completed', 'cancelled', 'failed')));
  if unique_ids <> '{}' then
    delete from "public"."faena_locks" l where l.job_id = any(unique_ids) and l.until <> 'window';
  end if;
  return lost;
end
$function$;
