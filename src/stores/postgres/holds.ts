import { raw, type Sql, sql } from '../sql/sql.ts'
import { numberArray } from './client.ts'
import type { Run } from './connection.ts'
import type { Context } from './context.ts'
import { orderedFunctionHead } from './function-head.ts'
import type { Names } from './names.ts'

/** A list grows to so many ranges, and twice what was still held at the last look, before those that ended are taken out. */
const SHORT_LIST = 32
/** Ids of one reservation are one range where it is no wider than this, and four times their number. */
const NARROW = 1_000

/** The ids of a list as ranges: a query of one value. */
export function heldRanges(ids: string): string {
  return `select case when max(i) - min(i) <= ${NARROW} + 4 * count(*) then array[min(i), max(i)]
                else array(select o.i from unnest(${ids}) o(i) cross join generate_series(1, 2) order by o.i) end from unnest(${ids}) i`
}

/**
 * Which jobs a worker holds stands in a row beside its own: an index that could tell would be written with every reservation,
 * and without one a worker's end were a look at the whole table. Each reservation adds, in its own transaction, the lowest
 * and the highest id that it takes, which lie close together as a rule, or else each id as a range of its own. Ranges in
 * which nothing is held any more are taken out now and then. So a list may name too much, and lacks nothing that is held.
 *
 * The statements in our functions, which have `still_held` for them and are not to sort; `held_ranges` are those of the ids that
 * `by_worker` is given in this transaction.
 */
export function addToHolds(names: Names): string {
  const holds = names.own('holds')
  return `update ${holds} h set ranges = h.ranges || held_ranges
     where h.worker = by_worker and cardinality(h.ranges) < 2 * ${SHORT_LIST} + 2 * h.kept;
    if not found then
      -- Locked before it is read: a call that its caller gave up waiting for may still be adding to it.
      perform from ${holds} h where h.worker = by_worker for update;
      still_held := array(
        select b
          from ${holds} o cross join generate_series(1, cardinality(o.ranges), 2) n
               cross join lateral (${heldWithin(names, 'o.ranges[n]', 'o.ranges[n + 1]', 'by_worker')} limit 1) j
               cross join lateral (values (o.ranges[n]), (o.ranges[n + 1])) v(b)
         where o.worker = by_worker
         order by n, b
      );
      update ${holds} h set ranges = still_held || held_ranges, kept = cardinality(still_held) where h.worker = by_worker;
    end if;`
}

/**
 * Which ids of a range the worker holds. Of a range that comes from another row the server expects a ninth of the table, and
 * where ids lie scattered it would rather go through all of another index that has them too, for each range anew: where it may
 * not sort, the order leaves it the one that begins with them.
 */
function heldWithin(names: Names, from: string, to: string, worker: string): string {
  return `select j.id from ${names.jobs} j where j.id between ${from} and ${to} and j.reserved_by = ${worker} order by j.id`
}

/** The ids of the jobs that these workers hold, or null where one of them has no list: a worker of an older version. */
export function heldFunction(names: Names): string {
  return `
create or replace function ${names.own('held_2')}(of_workers bigint[]) returns bigint[] ${orderedFunctionHead} as $function$
begin
  if (select count(*) from ${names.own('holds')} h where h.worker = any(of_workers)) < cardinality(of_workers) then
    return null;
  end if;
  return array(
    select j.id
      from ${names.own('holds')} h
           cross join generate_series(1, cardinality(h.ranges), 2) n
           cross join lateral (${heldWithin(names, 'h.ranges[n]', 'h.ranges[n + 1]', 'h.worker')}) j
     where h.worker = any(of_workers)
  );
end
$function$`
}

/**
 * A condition that every job `j` of these workers meets, and nearly only theirs do. Their rows must be locked, so that no
 * reservation is under way.
 */
export async function mayBeHeldBy({ names }: Context, run: Run, workers: readonly number[]): Promise<Sql> {
  const [row] = await run(sql`select ${raw(names.own('held_2'))}(${numberArray(workers)}::bigint[]) as ids`)
  return row?.ids ? sql`j.id = any(${numberArray(row.ids as number[])}::bigint[])` : raw('true')
}
