import type { Context } from './context.ts'

/** Notes of what a suspect does, by which a reclaim knows whether a crash was its own. */
export function noting({ connection, now }: Context) {
  return {
    async begin(worker: number, { id, attempts }: { id: number; attempts: number }): Promise<boolean> {
      return connection.write('normal', () => {
        const held = connection.get(
          `select w.settled_0 as seq from faena_workers w, jobs j
            where w.id = ? and w.lease_until > ? and j.id = ? and j.attempts = ? and j.reserved_by = w.id`,
          worker,
          now(),
          id,
          attempts,
        )
        if (held === undefined) return false
        connection.run(
          'update faena_reclaims set begun_by = ?, begun_seq = ? where job_id = ?',
          worker,
          held.seq as number,
          id,
        )
        return true
      })
    },
  }
}

/** The worker was not lost: the counts that it gave are taken back. */
export function forgiveCrashes({ connection }: Context, worker: number): void {
  connection.run(
    `update faena_reclaims
        set crashes = crashes - 1, worker_1 = nullif(worker_1, ?1), worker_2 = nullif(worker_2, ?1), worker_3 = nullif(worker_3, ?1)
      where ?1 in (worker_1, worker_2, worker_3)`,
    worker,
  )
}
