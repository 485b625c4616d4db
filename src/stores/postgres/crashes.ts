import { raw, type Sql, sql } from '../sql/sql.ts'
import { type Context, nowMs } from './context.ts'

/** Notes of what a suspect does, by which a reclaim knows whether a crash was its own. */
export function noting(context: Context) {
  const { connection, names } = context

  return {
    /** Whoever reclaims this worker waits for us here, or we wait for it and find the row gone. */
    async begin(worker: number, { id, attempts }: { id: number; attempts: number }): Promise<boolean> {
      const [row] = await connection.query(
        'lease',
        sql`
        with mine as materialized (
          select settled_0 from ${raw(names.own('workers'))} where id = ${worker} and lease_until > ${nowMs(context)} for key share
        ), held as materialized (
          select mine.settled_0 from ${raw(names.jobs)} j, mine
           where j.id = ${id} and j.attempts = ${attempts} and j.reserved_by = ${worker}
        ), noted as (
          update ${raw(names.own('reclaims'))} set begun_by = ${worker}, begun_seq = held.settled_0 from held where job_id = ${id}
        )
        select exists (select from held) as held`,
      )
      return row?.held === true
    },
  }
}

/** The worker was not lost: the counts that it gave are taken back. */
export function forgiveCrashes({ names }: Context, worker: number): Sql {
  return sql`
    update ${raw(names.own('reclaims'))}
       set crashes = crashes - 1, worker_1 = nullif(worker_1, ${worker}::bigint), worker_2 = nullif(worker_2, ${worker}::bigint),
           worker_3 = nullif(worker_3, ${worker}::bigint)
     where ${worker}::bigint in (worker_1, worker_2, worker_3)`
}
