import { orderedFunctionHead } from './function-head.ts'
import { addToHolds } from './holds.ts'
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
  const collect = (payloads: string) => `
    select array_agg(d.id), array_agg(d.place), array_agg(d.attempts), array_agg(d.most_attempts), array_agg(d.available_at),
           array_agg(d.created_at), string_agg(d.name, chr(31)), ${payloads},
           sum(d.bytes), max(d.bytes), count(*) filter (where d.is_single), count(*) filter (where d.is_unclear)
      into found_ids, found_places, found_attempts, found_most, found_available, found_created, found_names, found_payloads,
           found_bytes, found_largest, found_singles, found_unclear`
  const payloads = 'string_agg(d.payload, chr(31))'
  const columns = `j.id, j.ctid as place, least(coalesce(j.attempts, 0)::integer + 1, 32767) as attempts,
               coalesce(j.max_attempts, -1) as most_attempts, j.available_at, coalesce(j.created_at, 0) as created_at, coalesce(j.name, '') as name, j.payload, octet_length(j.payload)::bigint as bytes,
               ${isSingle} as is_single, ${isUnclear} as is_unclear`
  return `
create or replace function ${names.own('reserve_3')}(
  by_worker bigint, of_queues text[], of_names text[], most integer, most_bytes bigint, most_singles integer,
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
  -- The empty text keeps "not equal to any" apart from "cannot be told" where no names are given.
  of_jobs constant text[] := array(select 'faena@' || n from unnest(of_names) n) || array[''];
  open_queues constant text[] := array(
    select u.name from unnest(of_queues) with ordinality u(name, at)
     where not exists (select from ${queues} q where q.name = u.name and q.paused_at is not null)
     order by u.at
  );
  pair integer := 0;
  queue_at integer := 1;
  this_queue text;
  -- One less than the column holds.
  this_priority bigint := -2147483649;
  place integer;
  place_id bigint;
  found_ids bigint[];
  found_places tid[];
  found_attempts integer[];
  found_most integer[];
  found_available integer[];
  found_created integer[];
  found_names text;
  found_payloads text;
  found_bytes bigint;
  found_largest bigint;
  found_singles integer;
  found_unclear integer;
  found_count integer;
  found_job record;
  chosen bigint[];
  wanted integer;
  bytes bigint := 0;
  singles integer := 0;
  looked_at text[] := '{}';
  taken bigint[] := '{}';
  taken_places tid[] := '{}';
  taken_attempts integer[] := '{}';
  taken_most integer[] := '{}';
  taken_available integer[] := '{}';
  taken_created integer[] := '{}';
  taken_crashes integer[];
  taken_names text;
  taken_payloads text;
  held_ranges bigint[];
  unclear_ids bigint[] := '{}';
  soonest integer;
  next_due integer;
  is_full boolean := most < 1;
  is_lost boolean := not exists (select from ${workers} w where w.id = by_worker and w.lease_until > ms);
  us bigint;
  written integer;
begin
  <<pairs>>
  while not (is_full or is_lost) loop
    if known_queues is not null then
      pair := pair + 1;
      exit pairs when pair > cardinality(known_queues);
      continue pairs when known_queues[pair] <> all(open_queues);
      this_queue := known_queues[pair];
      this_priority := known_priorities[pair];
      place := known_places[pair];
      place_id := known_ids[pair];
    else
      loop
        exit pairs when queue_at > cardinality(open_queues);
        this_queue := open_queues[queue_at];
        select coalesce(j.priority, 0) into this_priority
          from ${names.jobs} j
         where j.queue = this_queue and coalesce(j.priority, 0) > this_priority
         order by coalesce(j.priority, 0)
         limit 1;
        exit when found;
        queue_at := queue_at + 1;
        this_priority := -2147483649;
      end loop;
      place := -2147483648;
      place_id := 0;
    end if;

    wanted := most - cardinality(taken);
    -- Long payloads are read once it is known which of them fit: all that are found could be more than the server can put together.
    ${collect(`${payloads} filter (where d.bytes <= most_bytes / wanted)`)}
      from (
        select ${columns}
          from ${names.jobs} j
         where j.queue = this_queue and coalesce(j.priority, 0) = this_priority and j.available_at <= this_second
           and (j.available_at, j.id) > (place, place_id) and j.reserved_at is null
           and (j.name = any(of_names) or (j.name is null and coalesce(${jobOf} = any(of_jobs), true) and j.id <> all(left_alone)))
         order by j.available_at, j.id
         limit wanted
           for update skip locked
      ) d;
    found_count := coalesce(cardinality(found_ids), 0);

    if found_count > 0 and (
      found_unclear > 0 or found_largest > most_bytes / wanted or bytes + found_bytes > most_bytes or singles + found_singles > most_singles
    ) then
      chosen := '{}';
      found_bytes := bytes;
      found_singles := singles;
      for found_job in
        select j.id, octet_length(j.payload) as bytes, ${isSingle} as is_single, ${isUnclear} as is_unclear
          from ${names.jobs} j where j.id = any(found_ids) order by j.available_at, j.id
      loop
        if found_job.is_unclear then
          unclear_ids := unclear_ids || found_job.id;
          continue;
        end if;
        is_full := (cardinality(taken) + cardinality(chosen) > 0 and found_bytes + found_job.bytes > most_bytes)
                   or (found_job.is_single and found_singles >= most_singles);
        exit when is_full;
        found_bytes := found_bytes + found_job.bytes;
        found_singles := found_singles + found_job.is_single::integer;
        chosen := chosen || found_job.id;
      end loop;
      ${collect(payloads)}
        from (select ${columns} from ${names.jobs} j where j.id = any(chosen) order by j.available_at, j.id) d;
    end if;

    if found_ids is not null then
      bytes := bytes + found_bytes;
      singles := singles + found_singles;
      taken_names := concat_ws(chr(31), taken_names, found_names);
      taken_payloads := concat_ws(chr(31), taken_payloads, found_payloads);
      taken := taken || found_ids;
      taken_places := taken_places || found_places;
      taken_attempts := taken_attempts || found_attempts;
      taken_most := taken_most || found_most;
      taken_available := taken_available || found_available;
      taken_created := taken_created || found_created;
      place := found_available[cardinality(found_ids)];
      place_id := found_ids[cardinality(found_ids)];
    end if;
    is_full := is_full or cardinality(taken) >= most;
    -- All that was due has been seen: what comes will be due from this second on.
    if not is_full and found_count < wanted and place < this_second then
      place := this_second;
      place_id := 0;
    end if;
    looked_at := looked_at
      || json_build_array(this_queue, this_priority, place, place_id, coalesce(cardinality(found_ids), 0))::text;
    exit pairs when is_full;

    select j.available_at into soonest
      from ${names.jobs} j
     where j.queue = this_queue and coalesce(j.priority, 0) = this_priority and j.available_at > this_second
       and j.reserved_at is null
     order by j.available_at
     limit 1;
    next_due := least(next_due, soonest);
  end loop;
  us := extract(epoch from clock_timestamp() - started) * 1000000;

  if cardinality(taken) > 0 then
    -- Whoever reclaims this worker waits for us now, or we wait for it here and find the row gone.
    perform from ${workers} w where w.id = by_worker and w.lease_until > ms for key share;
    is_lost := not found;
  end if;
  if cardinality(taken) > 0 and not is_lost then
    if exists (select from ${locks} l where l.until = 'processing') then
      -- A key that a push looks at just now is left: a reserved holder frees it all the same.
      delete from ${locks} l where l.key = any(array(
        select k.key from ${locks} k where k.until = 'processing' and k.job_id = any(taken) order by k.key for update skip locked
      ));
    end if;
    ${addToHolds(names)}
    if exists (select from ${reclaims}) then
      taken_crashes := array(
        select coalesce((select r.crashes from ${reclaims} r where r.job_id = j.id and (r.uuid is null or ${isJobOf('r.uuid')})), 0)
          from unnest(taken) with ordinality t(id, at)
         cross join lateral (select j.id, j.payload from ${names.jobs} j where j.id = t.id offset 0) j
         order by t.at
      );
    end if;
    update ${names.jobs} j
       set reserved_at = this_second, reserved_by = by_worker, attempts = least(coalesce(j.attempts, 0)::integer + 1, 32767)
     where j.ctid = any(taken_places);
    get diagnostics written = row_count;
    if written <> cardinality(taken) then
      raise exception 'reserved % of % jobs', written, cardinality(taken) using errcode = 'serialization_failure';
    end if;
  else
    taken := null;
  end if;
  return query
    select '[' || array_to_string(looked_at, ',') || ']', taken, taken_attempts, taken_most, taken_available, taken_created,
           taken_crashes, taken_names, taken_payloads, unclear_ids,
           case when not is_full and next_due is not null then greatest(next_due::bigint * 1000 - ms, 0) end, us, is_lost;
end
$function$`
}
