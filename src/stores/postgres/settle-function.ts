import { functionHead } from './function-head.ts'
import type { Names } from './names.ts'

/**
 * Writes outcomes of jobs that are still this worker's, and answers which were not: by id, attempts and worker. All that an
 * ending causes happens here. Without \`of_kinds\` every outcome is a plain completion, which is one DELETE. Rows are always
 * found by ids or uuids, one look-up each: where a table is joined with the lists, a plan made by the statistics of an empty one
 * goes through all of it and compares each row with each of the lists.
 */
export function writeOutcomesFunction(names: Names): string {
  const [locks, failed] = ['locks', 'failed'].map(names.own)
  return `
create or replace function ${names.own('write_outcomes_3')}(
  by_worker bigint, of_ids bigint[], of_attempts integer[], of_kinds text[], of_delays bigint[], unique_ids bigint[],
  failed_ids bigint[], in_uuids text[], in_payloads text[], in_exceptions text[], in_names text[], in_fingerprints text[],
  in_headlines text[], in_surfaced text[], connection_name text, zone text, given_ms bigint
) returns bigint[] ${functionHead} as $function$
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
        delete from ${names.jobs} j where j.id = any(of_ids) and j.attempts = of_attempts[1] and j.reserved_by = by_worker;
        get diagnostics ended = row_count;
        if ended = cardinality(of_ids) then return '{}'; end if;
        raise sqlstate 'FA001';
      exception when sqlstate 'FA001' then null;
      end;
    end if;
    with gone as (
      delete from ${names.jobs} j
       where j.id = any(of_ids) and j.attempts = of_attempts[array_position(of_ids, j.id)] and j.reserved_by = by_worker
      returning j.id
    )
    select coalesce(array_agg(g.id), '{}') into mine from gone g;
    return array(select i from unnest(of_ids) i where i <> all(mine));
  end if;

  -- Keys before jobs, as a push locks them.
  if unique_ids <> '{}' then
    perform from ${locks} l where l.job_id = any(unique_ids) and l.until <> 'window' order by l.key for update;
  end if;
  mine := array(
    select locked.id from (select o.id, o.attempts from unnest(of_ids, of_attempts) o(id, attempts) order by o.id) o
     cross join lateral (
       select j.id from ${names.jobs} j where j.id = o.id and j.attempts = o.attempts and j.reserved_by = by_worker for update of j
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
    delete from ${names.failedJobs} f
     where f.uuid = any(array(select o.uuid from unnest(failed_ids, in_uuids) o(id, uuid) where o.id <> all(lost)));
    insert into ${names.failedJobs} (uuid, connection, queue, payload, exception, failed_at)
    select o.uuid, connection_name, j.queue, coalesce(o.payload, j.payload), o.exception, to_timestamp(this_second) at time zone zone
      from unnest(failed_ids, in_uuids, in_payloads, in_exceptions) o(id, uuid, payload, exception)
     cross join lateral (select j.queue, j.payload from ${names.jobs} j where j.id = o.id offset 0) j
     where o.id <> all(lost);
    insert into ${failed} (uuid, failed_id, name, fingerprint, headline, surfaced)
    select o.uuid, s.id, o.name, o.fingerprint, o.headline, o.surfaced
      from unnest(failed_ids, in_uuids, in_names, in_fingerprints, in_headlines, in_surfaced)
           o(id, uuid, name, fingerprint, headline, surfaced)
      join lateral (
        select max(known.id) as id
          from (select f.id from ${names.failedJobs} f where f.uuid = o.uuid offset 0) known
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
  update ${names.jobs} j
     set reserved_at = null, reserved_by = null,
         (available_at, attempts) = (
           select back_due[o.place], greatest(j.attempts - back_spared[o.place], 0) from (select array_position(back_ids, j.id) as place offset 0) o
         )
   where j.id = any(back_ids);
  delete from ${names.jobs} j
   where j.id = any(array(select o.id from unnest(of_ids, of_kinds) o(id, kind) where o.kind in ('completed', 'cancelled', 'failed')));
  if unique_ids <> '{}' then
    delete from ${locks} l where l.job_id = any(unique_ids) and l.until <> 'window';
  end if;
  return lost;
end
$function$`
}

/**
 * As \`write_outcomes\`, once per number of a worker's channel: a repeated call changes nothing and has the first answer.
 * Answers null where all was applied, otherwise JSON of what was not. A worker without a row holds nothing any more.
 */
export function settleFunction(names: Names): string {
  const workers = names.own('workers')
  const outcomes = `of_ids, of_attempts, of_kinds, of_delays, unique_ids, failed_ids, in_uuids, in_payloads, in_exceptions, in_names,
    in_fingerprints, in_headlines, in_surfaced, connection_name, zone, given_ms`
  return `
create or replace function ${names.own('settle_3')}(
  by_worker bigint, of_channel integer, of_seq bigint, of_ids bigint[], of_attempts integer[], of_kinds text[], of_delays bigint[],
  unique_ids bigint[], failed_ids bigint[], in_uuids text[], in_payloads text[], in_exceptions text[], in_names text[],
  in_fingerprints text[], in_headlines text[], in_surfaced text[], connection_name text, zone text, given_ms bigint
) returns text ${functionHead} as $function$
#variable_conflict use_column
declare
  lost bigint[];
  answer text;
begin
  update ${workers} w
     set settled_0 = case of_channel when 0 then of_seq else w.settled_0 end,
         settled_1 = case of_channel when 1 then of_seq else w.settled_1 end,
         answer_0 = case of_channel when 1 then w.answer_0 end,
         answer_1 = case of_channel when 0 then w.answer_1 end
   where w.id = by_worker and case of_channel when 0 then w.settled_0 else w.settled_1 end < of_seq;
  if not found then
    select case of_channel when 0 then w.answer_0 else w.answer_1 end into answer from ${workers} w where w.id = by_worker;
    if found then return answer; end if;
    return json_build_object('lost', of_ids, 'refused', '[]'::json);
  end if;
  lost := ${names.own('write_outcomes_3')}(by_worker, ${outcomes});
  if lost = '{}' then return null; end if;
  answer := json_build_object('lost', lost, 'refused', '[]'::json);
  update ${workers} w
     set answer_0 = case of_channel when 0 then answer else w.answer_0 end,
         answer_1 = case of_channel when 1 then answer else w.answer_1 end
   where w.id = by_worker;
  return answer;
end
$function$`
}
