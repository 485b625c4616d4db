import { functionHead } from './function-head.ts'
import type { Names } from './names.ts'
import { isJobOf } from './payload-functions.ts'

/** Pushes of uuids that were not made for them are let through one by one, per share of all uuids. */
const UUID_SHARES = 256

/** Where jobs.available_at ends, which is Laravel's. */
const LAST_SECOND = 2 ** 31 - 1

/**
 * Stores all jobs or none. Answers the ids in order and, where unique keys were asked for, what became of each job and
 * whose uuid holds its place; or the uuid that is stored already, and then nothing is. A push whose number this producer
 * has used before stores nothing and has its first answer again.
 *
 * A lone job takes two statements: a server whose caches have forgotten us has more work with each of them than with the job.
 * A list of one queue, name, number of tries or priority says that of every job; where keys are asked for, lists are whole.
 *
 * Whoever listens to `to_channel` is told of them when they are there.
 *
 * Rows are locked in the order producer, keys (by key), jobs, and so they are wherever outcomes are written.
 */
export function pushFunction(names: Names): string {
  const [producers, locks] = ['producers', 'locks'].map(names.own)
  const dueOf = (dueMs: string, delay: string) => `case when ${dueMs} is not null then ceil(${dueMs} / 1000.0)::integer
                when ${delay} > 0 then ceil((ms + ${delay}) / 1000.0)::integer
                else this_second end`
  const due = dueOf('t.due_ms', 't.delay_ms')
  // Ids of one push nearly always follow each other: then only the first and the last are kept, however many jobs they are of.
  const firstAnswer = `select case when p.seq > of_seq or cardinality(p.ids) = at_last then p.ids
                else array(select generate_series(p.ids[1], p.ids[2])) end, p.outcomes, p.uuids, p.seq, null::text, false from ${producers} p`
  const columns = 'id, queue, payload, attempts, available_at, created_at, name, max_attempts, priority'
  return `
create or replace function ${names.own('push_3')}(
  of_producer text, of_seq bigint, known_uuids text[], in_queues text[], in_payloads text[], in_names text[], in_tries integer[],
  in_priorities integer[], in_delays bigint[], in_dues bigint[], in_uuids text[], in_keys text[], in_untils text[],
  in_lengths bigint[], in_rules text[], to_channel text, given_ms bigint
) returns table (ids bigint[], outcomes text[], uuids text[], seq bigint, known text, too_late boolean) ${functionHead} as $function$
#variable_conflict use_column
declare
  ms constant bigint := coalesce(given_ms, floor(extract(epoch from clock_timestamp()) * 1000)::bigint);
  this_second constant integer := ms / 1000;
  sequence constant regclass := pg_get_serial_sequence('${names.jobs}', 'id');
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
    return query ${firstAnswer} where p.producer = of_producer and p.seq >= of_seq;
    if found then return; end if;
  end if;

  if known_uuids is not null then
    perform pg_advisory_xact_lock(hashtext('${names.jobs}'), s.share)
       from (select distinct abs(hashtext(u) % ${UUID_SHARES}) as share from unnest(known_uuids) u order by 1) s;
    found_uuid := coalesce(
      (select substr(j.payload, 10, 36) from ${names.jobs} j where substr(j.payload, 10, 36) = any(known_uuids) limit 1),
      (select f.uuid from ${names.failedJobs} f where f.uuid = any(known_uuids) limit 1)
    );
    if found_uuid is not null then
      return query ${firstAnswer} where p.producer = of_producer and p.seq >= of_seq;
      if not found then return query select null::bigint[], null::text[], null::text[], of_seq, found_uuid, false; end if;
      return;
    end if;
  end if;

  if in_dues is not null or in_delays is not null then
    if exists (
      select from unnest(in_delays, in_dues) t(delay_ms, due_ms) where coalesce(t.due_ms, ms + t.delay_ms) > ${LAST_SECOND} * 1000::bigint
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
    insert into ${producers} as p (producer, seq, ids, at) values (
      of_producer, of_seq, case when new_ids[at_last] - new_ids[1] = at_last - 1 then new_ids[1:1] || new_ids[at_last:] else new_ids end, ms
    )
    on conflict (producer) do update set seq = excluded.seq, ids = excluded.ids, outcomes = null, uuids = null, at = excluded.at
     where p.seq < excluded.seq;
    if not found then
      return query ${firstAnswer} where p.producer = of_producer;
      return;
    end if;
  end if;

  if at_last = 1 and in_keys is null then
    insert into ${names.jobs} (${columns})
    values (new_ids[1], in_queues[1], in_payloads[1], 0, ${dueOf('in_dues[1]', 'in_delays[1]')}, this_second, in_names[1], in_tries[1],
            nullif(in_priorities[1], 0));
  else
    every_queue := case when cardinality(in_queues) = 1 then in_queues[1] end;
    every_name := case when cardinality(in_names) = 1 then in_names[1] end;
    every_tries := case when cardinality(in_tries) = 1 then in_tries[1] end;
    every_priority := case when cardinality(in_priorities) = 1 then in_priorities[1] end;
    insert into ${names.jobs} (${columns})
    select new_ids[t.at], coalesce(every_queue, t.queue), t.payload, 0, ${due}, this_second, coalesce(every_name, t.name),
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
    insert into ${locks} (key, uuid, job_id, until, expires_at)
    select distinct on (t.key) t.key, t.uuid, new_ids[t.at], t.until, ms + t.length
      from unnest(in_keys, in_uuids, in_untils, in_lengths) with ordinality as t(key, uuid, until, length, at)
     where t.key = any(wanted_keys)
     order by t.key, t.at
    on conflict (key) do nothing;
    taken_keys := taken_keys || array(select l.key from ${locks} l where l.key = any(wanted_keys) order by l.key for update);
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
    select l.* into holder from ${locks} l where l.key = t.key;
    <<looking>>
    loop
      exit looking when holder.job_id = new_ids[t.at];
      select j.id, j.reserved_at is not null as is_reserved into job
        from ${names.jobs} j where j.id = holder.job_id and ${isJobOf('holder.uuid')};
      -- A lock whose time is over, or whose job vanished, holds nothing. Whoever emptied the table may have let its ids begin
      -- anew, as Laravel's truncate does: then another job has the id, and its payload another uuid.
      if holder.expires_at <= ms or (holder.until <> 'window' and job.id is null) or (holder.until = 'processing' and job.is_reserved) then
        update ${locks} l set uuid = t.uuid, job_id = new_ids[t.at], until = t.until, expires_at = ms + t.length where l.key = t.key;
        holder.job_id := new_ids[t.at];
        exit looking;
      end if;
      its_uuids[t.at] := holder.uuid;
      its_ids[t.at] := holder.job_id;
      its_outcomes[t.at] := 'skipped';
      exit looking when t.rule = 'skip' or job.id is null or job.is_reserved;
      perform from ${names.jobs} j where j.id = holder.job_id and j.reserved_at is null for update;
      -- It was taken or went away while we waited for its row: look again.
      continue looking when not found;
      if t.rule = 'pushBack' then
        its_outcomes[t.at] := 'pushedBack';
        update ${names.jobs} j set available_at = ${due} where j.id = holder.job_id;
      else
        -- The waiting job keeps its identity: whoever waits for its uuid still finds it.
        its_outcomes[t.at] := 'replaced';
        update ${names.jobs} j
           set payload = case when substr(t.payload, 10, 36) = t.uuid then overlay(t.payload placing holder.uuid from 10 for 36)
                              else replace(t.payload, t.uuid, holder.uuid) end,
               available_at = ${due}, priority = nullif(t.priority, 0), max_attempts = t.tries, queue = t.queue, attempts = 0
         where j.id = holder.job_id;
      end if;
      exit looking;
    end loop;
    if holder.job_id = new_ids[t.at] then
      its_uuids[t.at] := t.uuid;
      its_ids[t.at] := new_ids[t.at];
      its_outcomes[t.at] := 'dispatched';
      insert into ${names.jobs} (${columns})
      values (new_ids[t.at], t.queue, t.payload, 0, ${due}, this_second, t.name, t.tries, nullif(t.priority, 0));
    end if;
  end loop;

  if of_producer is not null then
    update ${producers} p set ids = its_ids, outcomes = its_outcomes, uuids = its_uuids where p.producer = of_producer;
  end if;
  return query select its_ids, its_outcomes, its_uuids, of_seq, null::text, false;
end
$function$`
}
