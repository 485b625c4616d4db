import { type Sql, sql } from '../sql/sql.ts'
import { type Context, nowMs } from './context.ts'

/** Notes of what a suspect does, by which a reclaim knows whether a crash was its own. */
export function noting(context: Context) {
  const { connection, names } = context

  return {
    async begin(worker: number, { id, attempts }: { id: number; attempts: number }): Promise<boolean> {
      const lease = sql`select id from ${names.workers} where id = ${worker} and lease_until > ${nowMs(context)}`
      const job = sql`select 1 from ${names.jobs} where id = ${id} and attempts = ${attempts} and reserved_by = ${worker}`
      const seq = sql`select seq from ${names.settlements} where worker = ${worker} and channel = 0`
      const [, , answer] = await connection.atOnce('settle', [
        // Whoever reclaims this worker passes it by until this is written.
        sql`${lease} lock in share mode`,
        sql`update ${names.reclaims} set begun_by = ${worker}, begun_seq = coalesce((${seq}), 0)
             where job_id = ${id} and exists (${lease}) and exists (${job})`,
        sql`select exists (${lease}) and exists (${job}) as held`,
      ])
      return Number(answer!.rows[0]!.held) === 1
    },
  }
}

/** The worker was not lost: the counts that it gave are taken back. */
export function forgiveCrashes({ names }: Context, worker: number): Sql {
  return sql`update ${names.reclaims}
    set crashes = crashes - 1, worker_1 = nullif(worker_1, ${worker}), worker_2 = nullif(worker_2, ${worker}), worker_3 = nullif(worker_3, ${worker})
    where ${worker} in (worker_1, worker_2, worker_3)`
}
