import { orderedFunctionHead } from './function-head.ts'
import { addToHolds, heldRanges } from './holds.ts'
import type { Names } from './names.ts'
import { isJobOf } from './payload-functions.ts'

/**
 * Takes due jobs for a worker. Queues come in the order given; in each, the priorities that it holds are found by jumping
 * from one to the next in the index, and the due jobs of each are locked in its order. Rows that others have locked are
 * passed by. What is taken keeps to the bounds, and nothing behind a job that had to stay is taken.
 *
 * With `known_queues` it looks at those pairs of queue and priority only, and in each not before the place given, so that
 * it need not walk over what others deleted while an old snapshot keeps the server from forgetting it (see scan-floor.ts).
 *
 * Answers one row. What was taken stands in lists, in the queue's order, each of which is one value: a row for each job would
 * cost the server and its client more than reserving it. `pairs` are those that were looked at, as JSON lists of queue, priority,
 * the second and id behind which the next look may begin, and how many of the jobs were taken from there. `unclear` are due
 * rows without name that the regular expression cannot place; they are not taken.
 *
 * The rows taken are locked, so where they lie (`ctid`) is where they still lie when they are written.
 *
 * A lone job is what a quiet queue's reservations are for, by a server whose caches have forgotten us: then each statement here,
 * and each variable, weighs more than the job. So there are five statements where nothing stands in the way, and a variable that
 * nothing was put into yet is null, which adding to a list or a text takes for an empty one.
 *
 * The worker's row is locked after job rows, and reclaim does the opposite; but what reclaim then waits for are jobs of a
 * worker whose row it holds, and such a worker gets none here.
 */
export function reserveFunction(names: Names): string {
  const [workers, queues, locks, reclaims] = ['workers', 'queues', 'locks', 'reclaims'].map(names.own)
  const jobOf = `${names.own('job_of_1')}(j.payload)`
  const isUnclear = `j.name is null and ${jobOf} is null`
  // What a payload says of its tries counts only where our column was lost; a time limit for retries sets them aside.
  const isSingle = `coalesce(j.max_attempts, case when j.name is not null then null
                when left(j.payload, 4000) ~ '"retryUntil":[0-9]' then 0
                else substring(left(j.payload, 4000) from '"maxTries":([0-9]{1,9})')::integer end, default_tries) = 1`
  const isPaused = `exists (select from ${queues} q where q.name = this_queue and q.paused_at is not null)`
  const nextDue = `(
             select j.available_at from ${names.jobs} j
              where j.queue = this_queue and coalesce(j.priority, 0) = this_priority and j.available_at > this_second
                and j.reserved_at is null
              order by j.available_at limit 1)`
  const nextPriority = `(
             select coalesce(j.priority, 0) from ${names.jobs} j
              where j.queue = this_queue and coalesce(j.priority, 0) > this_priority
              order by coalesce(j.priority, 0) limit 1)`
  // What was taken before, all of it or the first so many, and what is found now.
  const collect = (before: string, payloads: string) => `
    select ids${before} || array_agg(d.its_id), places${before} || array_agg(d.place), attempts${before} || array_agg(d.its_attempts),
           max_attempts${before} || array_agg(d.most_attempts), available_at${before} || array_agg(d.due),
           created_at${before} || array_agg(d.created), string_agg(d.name, chr(31)), ${payloads}, coalesce(sum(d.bytes), 0)`
  const into = `ids, places, attempts, max_attempts, available_at, created_at, found_names, found_payloads, found_bytes`
  const payloads = 'string_agg(d.payload, chr(31))'
  const columns = `j.id as its_id, j.ctid as place, least(coalesce(j.attempts, 0)::integer + 1, 32767) as its_attempts,
               coalesce(j.max_attempts, -1) as most_attempts, j.available_at as due, coalesce(j.created_at, 0) as created,
               coalesce(j.name, '') as name, j.payload, octet_length(j.payload)::bigint as bytes,
               ${isSingle} as is_single, ${isUnclear} as is_unclear`
  return `
create or replace function ${names.own('reserve_5')}(
  by_worker bigint, of_queues text[], of_names text[], of_jobs text[], most integer, most_bytes bigint, most_singles integer,
  default_tries integer, left_alone bigint[], known_queues text[], known_priorities integer[], known_places integer[],
  known_ids bigint[], given_ms bigint
) returns table (
  pairs text, ids bigint[], attempts integer[], max_attempts integer[], available_at integer[], created_at integer[],
  crashes integer[], names text, payloads text, unclear bigint[], next_due_ms bigint, looked_us bigint, lost boolean
) ${orderedFunctionHead} as $function$
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
          from ${names.jobs} j where j.queue = this_queue order by coalesce(j.priority, 0) limit 1;
      end loop;
      place := -2147483648;
      place_id := 0;
    end if;

    wanted := most - taken;
    -- Long payloads are read once it is known which of them fit: all that are found could be more than the server can put together.
    ${collect('', `${payloads} filter (where d.bytes <= most_bytes / wanted)`)},
           max(d.bytes), count(*) filter (where d.is_single), count(*) filter (where d.is_unclear), count(*),
           case when count(*) = 0 then ${isPaused} else false end,
           case when count(*) < wanted then ${nextDue} end,
           case when count(*) < wanted and known_queues is null then ${nextPriority} end
      into ${into}, found_largest, found_singles, found_unclear, found_count, is_paused, soonest, next_priority
      from (
        select ${columns}
          from ${names.jobs} j
         where j.queue = this_queue and coalesce(j.priority, 0) = this_priority and j.available_at <= this_second
           and (j.available_at, j.id) > (place, place_id) and j.reserved_at is null
           and (j.name = any(of_names) or (j.name is null and coalesce(${jobOf} = any(of_jobs), true) and j.id <> all(left_alone)))
           and not ${isPaused}
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
        select j.id, octet_length(j.payload) as bytes, ${isSingle} as is_single, ${isUnclear} as is_unclear
          from ${names.jobs} j where j.id = any(ids[taken + 1:]) order by j.available_at, j.id
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
      ${collect('[:taken]', payloads)}
        into ${into}
        from (select ${columns} from ${names.jobs} j where j.id = any(chosen) order by j.available_at, j.id) d;
      if found_count = wanted and not is_full then
        select ${nextDue}, case when known_queues is null then ${nextPriority} end into soonest, next_priority;
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
    lost := not exists (select from ${workers} w where w.id = by_worker and w.lease_until > ms);
  else
    -- Whoever reclaims this worker waits for us now, or we wait for it here and find the row gone.
    with mine as (select from ${workers} w where w.id = by_worker and w.lease_until > ms for key share)
    select not exists (select from mine), exists (select from ${locks} l where l.until = 'processing'),
           exists (select from ${reclaims}), (${heldRanges('ids')})
      into lost, has_keys, has_crashes, held_ranges;
  end if;
  if taken = 0 or lost then
    ids := null;
  else
    if has_keys then
      -- A key that a push looks at just now is left: a reserved holder frees it all the same.
      delete from ${locks} l where l.key = any(array(
        select k.key from ${locks} k where k.until = 'processing' and k.job_id = any(ids) order by k.key for update skip locked
      ));
    end if;
    ${addToHolds(names)}
    if has_crashes then
      crashes := array(
        select coalesce((select r.crashes from ${reclaims} r where r.job_id = j.id and (r.uuid is null or ${isJobOf('r.uuid')})), 0)
          from unnest(ids) with ordinality t(id, at)
         cross join lateral (select j.id, j.payload from ${names.jobs} j where j.id = t.id offset 0) j
         order by t.at
      );
    end if;
    update ${names.jobs} j
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
$function$`
}
