import type { Reclaimed } from '../../store.ts'
import { withPhpsLeftovers } from '../sql/leftovers.ts'
import { sql } from '../sql/sql.ts'
import { type Context, nowSecond } from './context.ts'
import { among } from './text.ts'

const JOBS_PER_STEP = 500

export function alsoFromPhp(context: Context, reclaim: () => Promise<Reclaimed>): () => Promise<Reclaimed> {
  const { retryAfter, clock } = context
  return withPhpsLeftovers(reclaim, {
    ...{ retryAfter, clock },
    async giveBack(retryAfterMs) {
      const given = await giveBack(context, retryAfterMs)
      if (given > 0) {
        context.views.lower()
        context.wake()
      }
      return given
    },
  })
}

/**
 * What PHP's workers reserved, also of ours: Laravel takes a job whose time is over without a word to its worker, whose name
 * stays in the row and outlives that worker. The look locks nothing: only what it found is locked, by its id, and asked once more. An index of it, which PHP's workers
 * would write too, would deadlock them.
 */
async function giveBack(context: Context, retryAfterMs: number): Promise<number> {
  const { connection, names } = context
  const ofNobody = sql`(reserved_by is null or not exists (select 1 from ${names.workers} w where w.id = reserved_by))`
  const leftBehind = sql`reserved_at <= ${nowSecond(context)} - ${Math.ceil(retryAfterMs / 1_000)} and ${ofNobody}`
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
        sql`update ${names.jobs} force index (primary) set reserved_at = null, reserved_by = null where ${among('id', own)}`,
      )
      return own.length
    })
  }
  return given
}
