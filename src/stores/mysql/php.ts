import type { Reclaimed } from '../../store.ts'
import { sql } from '../sql/sql.ts'
import { type Context, nowSecond } from './context.ts'
import { among } from './text.ts'

/** Looks take up a fiftieth of the time at most, however large the table. */
const SHARE = 50
const JOBS_PER_STEP = 500

/**
 * With a `retry_after` configured, jobs that PHP's workers reserved longer ago than that are given back, as those workers
 * would do themselves: the attempt counts. Nothing lists these jobs (an index of them would be written by every reserve, and
 * deadlock those of PHP), so it takes a look at the whole table, three times in each `retry_after`. The look locks nothing:
 * only what it found is locked, by its id, and asked once more.
 */
export function withPhpsLeftovers(context: Context, reclaim: () => Promise<Reclaimed>): () => Promise<Reclaimed> {
  const { connection, names, retryAfter, clock = () => performance.now() } = context
  let lookAt = Number.NEGATIVE_INFINITY

  return async () => {
    const reclaimed = await reclaim()
    if (retryAfter.given === undefined) return reclaimed
    // How long PHP's rows may be left alone is known here alone.
    if (clock() < lookAt) return { workers: reclaimed.workers, returned: reclaimed.returned }
    const started = performance.now()
    lookAt = Number.POSITIVE_INFINITY
    try {
      const given = await giveBack(retryAfter.given)
      if (given > 0) {
        context.views.lower()
        context.wake()
      }
      return { workers: reclaimed.workers, returned: reclaimed.returned + given }
    } finally {
      lookAt = clock() + Math.max(retryAfter.given / 3, SHARE * (performance.now() - started))
    }
  }

  async function giveBack(retryAfterMs: number): Promise<number> {
    const leftBehind = sql`reserved_by is null and reserved_at <= ${nowSecond(context)} - ${Math.ceil(retryAfterMs / 1_000)}`
    const [found] = await connection.query(
      'common',
      [sql`select id from ${names.jobs} force index (primary) where ${leftBehind}`],
      { slow: true },
    )
    const ids = found!.rows.map(({ id }) => Number(id))
    let given = 0
    for (let at = 0; at < ids.length; at += JOBS_PER_STEP) {
      const some = ids.slice(at, at + JOBS_PER_STEP)
      given += await connection.transaction('common', async (transaction) => {
        const [free] = await transaction.run(sql`
          select id from ${names.jobs} force index (primary)
           where ${among('id', some)} and ${leftBehind} order by id for update skip locked`)
        const own = free!.rows.map(({ id }) => Number(id))
        if (own.length === 0) {
          await transaction.rollback()
          return 0
        }
        await transaction.commit(
          sql`update ${names.jobs} force index (primary) set reserved_at = null where ${among('id', own)}`,
        )
        return own.length
      })
    }
    return given
  }
}
