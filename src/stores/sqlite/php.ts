import type { Reclaimed, Store } from '../../store.ts'
import type { Connection } from './connection.ts'
import { type Context, secondOf } from './context.ts'

/** Whether Laravel made the table of jobs: its index on the queue is there, which tables of ours do without. */
export function isLaravels(connection: Connection): boolean {
  const row = connection.get(
    `select 1 as found from pragma_index_list('jobs') l join pragma_index_info(l.name) c
      where c.seqno = 0 and c.name = 'queue' and l.name <> 'faena_jobs_due' limit 1`,
  )
  return row !== undefined
}

/**
 * With a `retry_after` configured, jobs that PHP's workers reserved longer ago than that are given back, as those workers
 * would do themselves: the attempt counts.
 */
export function withPhpsLeftovers<Leasing extends Pick<Store, 'reclaim'>>(context: Context, leasing: Leasing): Leasing {
  const { connection, now, retryAfter } = context
  const leftBehind = 'reserved_by is null and reserved_at is not null and reserved_at <= ?'

  async function giveBack(retryAfterMs: number): Promise<number> {
    const before = secondOf(now() - retryAfterMs)
    const some = await connection.read(() =>
      connection.get(`select 1 as found from jobs where ${leftBehind} limit 1`, before),
    )
    if (some === undefined) return 0
    return connection.write('normal', () =>
      connection.run(`update jobs set reserved_at = null where ${leftBehind}`, before),
    )
  }

  return {
    ...leasing,
    async reclaim(): Promise<Reclaimed> {
      const reclaimed = await leasing.reclaim()
      if (retryAfter.given === undefined) return reclaimed
      const given = await giveBack(retryAfter.given)
      if (given > 0) context.wake()
      return { workers: reclaimed.workers, returned: reclaimed.returned + given }
    },
  }
}
