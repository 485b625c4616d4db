import type { Heartbeat, HeartbeatAnswer, NewWorker, WorkerCommand } from '../../store.ts'
import { renewedAfterSeconds } from '../sql/retry-after.ts'
import { raw, type Sql, sql } from '../sql/sql.ts'
import { numberArray } from './client.ts'
import { LONG } from './connection.ts'
import { type Context, nowMs, UNHURRIED } from './context.ts'
import { forgiveCrashes } from './crashes.ts'
import { mayBeHeldBy } from './holds.ts'

/** What a job is given back with: its attempt is restored. */
export const GIVE_BACK = raw('reserved_at = null, reserved_by = null, attempts = greatest(attempts - 1, 0)')

/** The rows of workers that are no more. */
export function takeAway({ names }: Context, workers: readonly number[]): Sql {
  const ids = sql`any(${numberArray(workers)}::bigint[])`
  return sql`
    with listed as (delete from ${raw(names.own('holds'))} where worker = ${ids})
    delete from ${raw(names.own('workers'))} where id = ${ids}`
}

/** Jobs came back that may stand before others. */
export function returned(context: Context): void {
  context.floors.lower()
  context.wake()
}

/** A worker's life: its row and its heartbeats. */
export function leasing(context: Context) {
  const { connection, names } = context
  const [workers, holds] = [raw(names.own('workers')), raw(names.own('holds'))]
  const jobs = raw(names.jobs)

  return {
    async register(worker: NewWorker): Promise<number> {
      const now = nowMs(context)
      const [row] = await connection.query(
        'lease',
        sql`
        with replaced as (update ${workers} set lease_until = 0 where id = ${worker.replaces ?? null}::bigint), registered as (
          insert into ${workers} (name, host, pid, version, queues, job_names, concurrency, default_tries, started_at, beat_at, lease_until)
          values (${worker.name}, ${worker.host}, ${worker.pid}, ${worker.version}, ${JSON.stringify(worker.queues)},
                  ${worker.names === undefined ? null : JSON.stringify(worker.names)}, ${worker.concurrency}, ${worker.defaultTries ?? 0}, ${now}, ${now}, ${now} + ${worker.leaseMs}::bigint)
          returning id
        )
        insert into ${holds} (worker) select id from registered returning worker as id`,
      )
      return row?.id as number
    },

    /** The worker's row is locked first, so that no reserve of its own can slip in behind. */
    async deregister(worker: number): Promise<number> {
      const given = await connection.transaction(
        'lease',
        async (run) => {
          const [alive] = await run(sql`select 1 from ${workers} where id = ${worker} for update`)
          // Whoever took its row away has given back what it held.
          const maybe = alive ? await mayBeHeldBy(context, run, [worker]) : raw('false')
          const rows = await run(
            sql`update ${jobs} j set ${GIVE_BACK} where ${maybe} and j.reserved_by = ${worker} and j.reserved_at is not null returning 1`,
          )
          await run(takeAway(context, [worker]))
          await run(forgiveCrashes(context, worker))
          return rows.length
        },
        LONG,
      )
      if (given > 0) returned(context)
      return given
    },

    async heartbeat(beat: Heartbeat): Promise<HeartbeatAnswer> {
      const { worker, held } = beat
      const now = nowMs(context)
      const ids = numberArray(held.map(({ id }) => id))
      const attempts = numberArray(held.map((job) => job.attempts))
      const retryAfterMs = held.length > 0 ? await context.retryAfter.ms() : undefined
      const [row] = await connection.query(
        'lease',
        sql`
        with before as materialized (
          select id, command from ${workers} where id = ${worker} and lease_until > ${now} for no key update
        ), beat as (
          update ${workers} w
             set lease_until = ${now} + ${beat.leaseMs}::bigint, beat_at = ${now}, running = ${beat.running},
                 memory_bytes = ${Math.round(beat.memoryBytes)}, state = ${beat.state}, command = null
            from before where w.id = before.id
          returning before.command
        )${retryAfterMs === undefined ? raw('') : renewal(context, worker, ids, retryAfterMs)}
        select (select command from beat) as command, exists (select 1 from beat) as alive,
               array(select o.id from unnest(${ids}::bigint[], ${attempts}::integer[]) with ordinality o(id, attempts, at)
                      where not exists (
                        select 1 from ${jobs} j where j.id = o.id and j.attempts = o.attempts and j.reserved_by = ${worker})
                      order by o.at) as gone,
               ${UNHURRIED}`,
      )
      if (!row?.alive) return { lost: true, gone: held.map(({ id }) => id), command: null }
      return { lost: false, gone: row.gone as number[], command: row.command as WorkerCommand | null }
    },
  }
}

/**
 * Keeps PHP's workers from taking what this worker holds. A row that somebody has locked is passed by: PHP's workers pass by
 * it too, and a heartbeat waits for nobody's transaction.
 */
function renewal(context: Context, worker: number, ids: string, retryAfterMs: number): Sql {
  const [jobs, second] = [raw(context.names.jobs), sql`${nowMs(context)} / 1000`]
  return sql`, renewed as (
    update ${jobs} set reserved_at = ${second}
     where id in (
       select j.id from ${jobs} j
        where j.id = any(${ids}::bigint[]) and j.reserved_by = ${worker}
          and j.reserved_at <= ${second} - ${renewedAfterSeconds(retryAfterMs)}::bigint and exists (select 1 from before)
        order by j.id for no key update skip locked)
  )`
}
