import { raw, type Sql, sql } from '../sql/sql.ts'
import { numberArray } from './client.ts'
import type { Run } from './connection.ts'
import type { Context } from './context.ts'
import type { Names } from './names.ts'

/** A list grows to so many ids, and twice what the worker held at the last look, before those that ended are taken out. */
const SHORT_LIST = 64

/**
 * Which jobs a worker holds stands in a row beside its own: an index that could tell would be written with every reservation,
 * and without one a worker's end were a look at the whole table. Each reservation adds what it takes, in its own
 * transaction; what has ended is taken out now and then. So a list may name jobs that ended, and lacks none that is held.
 *
 * The statements in our functions; `taken` are the ids that `by_worker` is given in this transaction.
 */
export function addToHolds(names: Names): string {
  const holds = names.own('holds')
  return `update ${holds} h set ids = h.ids || taken where h.worker = by_worker and cardinality(h.ids) < ${SHORT_LIST} + 2 * h.kept;
    if not found then
      update ${holds} h
         set ids = still.ids || taken, kept = cardinality(still.ids)
        from (select array(select j.id from ${names.jobs} j
                            where j.id = any((select o.ids from ${holds} o where o.worker = by_worker)::bigint[]) and j.reserved_by = by_worker) as ids) still
       where h.worker = by_worker;
    end if;`
}

/**
 * A condition that every job `j` of these workers meets, and nearly only theirs do. Their rows must be locked, so that no
 * reservation is under way. A worker of an older version has no list: then any job may be its own.
 */
export async function mayBeHeldBy({ names }: Context, run: Run, workers: readonly number[]): Promise<Sql> {
  const rows = await run(
    sql`select ids from ${raw(names.own('holds'))} where worker = any(${numberArray(workers)}::bigint[])`,
  )
  if (rows.length < workers.length) return raw('true')
  return sql`j.id = any(${numberArray(rows.flatMap(({ ids }) => ids as number[]))}::bigint[])`
}
